"""Records with times in the future: which are counted, and which are dropped."""

import math

import pytest

from flowsentry.capture_gaps import capture_gaps_in
from flowsentry.parse import parse
from flowsentry.records.clock_skew import (
    MAX_ACCEPTED_LEAD_SECONDS,
    MAX_CLOCK_LEAD_SECONDS,
    records_ahead,
    without_far_future_flows,
    without_far_future_gaps,
)
from tests.builders import NOON, V5, enriched, line, log_text, no_data

YEAR_3000 = 32_503_680_000
TIMELESS = ("srcaddr", "dstaddr", "log-status")


def ahead(*lines: str, names: tuple[str, ...] = V5, now: float = NOON) -> int:
    return records_ahead(parse(log_text(lines, names)).records, now)


@pytest.mark.parametrize(
    ("values", "is_ahead"),
    [
        ({"end": NOON + MAX_CLOCK_LEAD_SECONDS}, False),
        ({"end": NOON + MAX_CLOCK_LEAD_SECONDS + 1}, True),
        ({"end": "-", "start": NOON + MAX_CLOCK_LEAD_SECONDS + 1}, True),
        ({"end": NOON, "start": YEAR_3000}, True),
        ({"end": "-", "start": "-"}, False),
        ({"end": 0, "start": 0}, False),
    ],
    ids=["at the bound", "past it", "start alone", "start after its end", "no time", "long ago"],
)
def test_a_record_beyond_the_limit_is_ahead(values: dict[str, object], is_ahead: bool) -> None:  # noqa: FBT001
    assert ahead(line(), line(**values)) == int(is_ahead)


def test_records_without_traffic_count_as_ahead_too() -> None:
    assert ahead(no_data(end=YEAR_3000), no_data(log_status="SKIPDATA", end=YEAR_3000)) == 2


def test_a_format_without_times_is_never_ahead() -> None:
    assert ahead(line(TIMELESS), names=TIMELESS) == 0


def test_with_an_infinite_now_no_record_is_ahead() -> None:
    assert ahead(line(start=YEAR_3000, end=YEAR_3000), now=math.inf) == 0


def test_flows_more_than_a_day_ahead_are_dropped_and_the_others_keep_their_order() -> None:
    times = [NOON, NOON + MAX_ACCEPTED_LEAD_SECONDS, NOON + MAX_ACCEPTED_LEAD_SECONDS + 1, YEAR_3000, NOON - 9]
    flows = enriched([*(line(start=time, end=time) for time in times), line(start="-", end="-")])
    assert without_far_future_flows(flows, NOON)["start"].to_list() == [*times[:2], NOON - 9, None]
    assert without_far_future_flows(flows, math.inf) is flows


def test_capture_gaps_more_than_a_day_ahead_are_dropped() -> None:
    lines = [no_data(log_status="SKIPDATA", start=start, end=start) for start in (NOON, YEAR_3000)]
    capture_gaps = capture_gaps_in(parse(log_text(lines)).records)
    assert without_far_future_gaps(capture_gaps, NOON)["hour"].to_list() == [NOON]
    assert len(without_far_future_gaps(capture_gaps, math.inf)) == 2
