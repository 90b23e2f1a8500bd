"""Silences: NODATA and SKIPDATA by interface and hour, in every format, with sums that hold whatever happens."""

import polars as pl
import pytest

from flowsentry import capture_gaps as tallying
from flowsentry.capture_gaps import MAX_ROWS, add_up, capture_gaps_in, interfaces_without_data, skipped_by_interface
from flowsentry.frames import CaptureGaps
from flowsentry.parse import parse
from flowsentry.records.fields import DEFAULT_NAMES, TRANSIT_GATEWAY_NAMES, VPC_NAMES
from tests.builders import INTERFACE, NOON, V5, VPC, line, log_text, no_data

HOUR = 3_600
REGIONAL_NAT = ("resource-id", "start", "end", "log-status")


def capture_gaps(*lines: str, names: tuple[str, ...] = V5) -> CaptureGaps:
    return capture_gaps_in(parse(log_text(lines, names)).records)


def skipped(names: tuple[str, ...] = V5, **values: object) -> str:
    return no_data(names, "SKIPDATA", **values)


def key(told: CaptureGaps) -> list[tuple[object, ...]]:
    return told.select("interface", "scope", "hour", "nodata", "skipdata").rows()


def test_records_with_traffic_are_no_capture_gaps() -> None:
    assert key(capture_gaps(line(), line(log_status="-"))) == []


def test_an_interface_and_hour_is_a_row_with_its_counts_and_the_times_of_what_was_skipped() -> None:
    later = {"start": NOON + 120, "end": NOON + 180}
    told = capture_gaps(line(), no_data(), no_data(**later), skipped(), skipped(**later), skipped(start=NOON + HOUR))
    assert key(told) == [(INTERFACE, VPC, NOON, 2, 2), (INTERFACE, VPC, NOON + HOUR, 0, 1)]
    assert told.row(0, named=True)["first_seen"] == NOON
    assert told.row(0, named=True)["last_seen"] == NOON + 180


@pytest.mark.parametrize(
    ("names", "values", "interface", "scope"),
    [
        (DEFAULT_NAMES, {}, INTERFACE, None),
        (VPC_NAMES, {}, INTERFACE, VPC),
        (VPC_NAMES, {"interface_id": "-", "resource_id": "nat-1"}, "nat-1", VPC),
        (REGIONAL_NAT, {"resource_id": "nat-1"}, "nat-1", None),
        (TRANSIT_GATEWAY_NAMES, {"tgw_id": "tgw-1", "tgw_attachment_id": "tgw-attach-1"}, "tgw-attach-1", "tgw-1"),
        (TRANSIT_GATEWAY_NAMES, {"tgw_id": "tgw-1"}, "tgw-1", "tgw-1"),
    ],
    ids=["default", "all", "no interface", "regional NAT gateway", "attachment", "transit gateway"],
)
def test_a_capture_gap_has_its_interface_in_every_format(
    names: tuple[str, ...], values: dict[str, object], interface: str, scope: str | None
) -> None:
    assert key(capture_gaps(skipped(names, **values), names=names)) == [(interface, scope, NOON, 0, 1)]


@pytest.mark.parametrize(
    "names", [("log-status",), ("interface-id", "log-status"), ("start", "log-status")], ids=" ".join
)
def test_records_without_interface_or_time_are_counted_in_one_row(names: tuple[str, ...]) -> None:
    told = capture_gaps(skipped(names), skipped(names), no_data(names), names=names)
    assert key(told) == [(None, None, None, 1, 2)]
    assert (skipped_by_interface(told), interfaces_without_data(told)) == ({}, set())


def test_the_scope_is_that_of_any_record_of_the_hour() -> None:
    told = capture_gaps(skipped(vpc_id="-"), skipped(), skipped(vpc_id="-"))
    assert key(told) == [(INTERFACE, VPC, NOON, 0, 3)]


def test_without_a_start_the_end_gives_the_hour() -> None:
    assert key(capture_gaps(skipped(start="-", end=NOON + 60))) == [(INTERFACE, VPC, NOON, 0, 1)]


def test_a_format_without_a_status_has_no_capture_gaps() -> None:
    assert key(capture_gaps(line(("srcaddr",)), names=("srcaddr",))) == []


def test_parts_add_up_to_the_whole_in_any_order() -> None:
    lines = [no_data(interface_id=f"eni-{number % 3}", start=NOON + 900 * number) for number in range(12)]
    lines += [skipped(interface_id=f"eni-{number % 2}", start=NOON + 900 * number) for number in range(9)]
    parts = [capture_gaps(*lines[at : at + 4]) for at in range(0, len(lines), 4)]
    whole = capture_gaps(*lines)
    assert add_up(parts).equals(whole)
    assert add_up(parts[::-1]).equals(whole)


def test_rows_are_bounded_and_the_others_summed_up() -> None:
    many = capture_gaps(*(no_data(interface_id=f"eni-{number}") for number in range(MAX_ROWS)), skipped())
    told = add_up([many, capture_gaps(no_data(interface_id="eni-more"))])
    assert len(told) == MAX_ROWS + 1
    assert told.row(0, named=True)["skipdata"] == 1
    assert told.row(-1)[:5] == (None, None, None, 2, 0)
    assert told.select(pl.col("nodata", "skipdata").sum()).row(0) == (MAX_ROWS + 1, 1)


def test_interfaces_with_skipped_records_are_listed_the_most_first() -> None:
    told = capture_gaps(
        skipped(interface_id="eni-a"), *[skipped(interface_id="eni-b")] * 2, no_data(interface_id="eni-c")
    )
    assert list(skipped_by_interface(told).items()) == [("eni-b", 2), ("eni-a", 1)]
    assert interfaces_without_data(told) == {"eni-c"}


def test_a_file_without_capture_gaps_is_not_examined_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tallying, "_columns")
    assert len(capture_gaps(line(), line())) == 0
