"""A recording is a replay: it has the findings, records and sums of `flowsentry replay`, in groups or file by file."""

import json
from itertools import chain
from typing import NamedTuple

import pytest

from flowsentry.pipeline import Context
from local.bill.bill import Bill
from local.console.console_data import MetricStat
from local.console.span import Span
from local.console.stored_rows import flows_for_bill
from local.console.subjects import recording as recorded
from local.console.subjects.recording import GROUP, Recording
from local.console.subjects.replayed import Replayed
from local.replay.replay import Replay
from local.report.flow_sums import FlowSums
from stacks.prices.traffic import quotes
from tests.builders import NOON, exchange, flow_log, line, probe
from tests.local.reading.held_files import HeldFile
from tests.sample_company.replay import AFTERNOON, sample_context, sample_objects

QUOTES = quotes("us-east-1")
LAST_FILES = 6
EVER = Span(0, AFTERNOON + 86_400)
OUTSIDE, SERVER = "198.51.100.9", "10.0.0.5"
UNREADABLE = b"no header"


def clock() -> float:
    return AFTERNOON + 60


class Both(NamedTuple):
    """The same files as the console reads them, one by one, and as `flowsentry replay` reads them."""

    together: Recording
    one_by_one: Recording
    replay: Replay


@pytest.fixture(scope="module")
def both() -> Both:
    context = sample_context()
    files = list(chain.from_iterable(some[-LAST_FILES:] for some in sample_objects().values()))
    together, one_by_one = Recording(context, clock=clock), Recording(context, clock=clock)
    together.take_all(files)
    for each in files:
        one_by_one.take(each)
    replay = Replay(context, clock=clock, flow_sums=FlowSums(context.address_space, QUOTES))
    assert len(list(replay.findings_in_all(files))) < len(files)
    return Both(together, one_by_one, replay)


def test_findings_and_totals_are_those_of_replay(both: Both) -> None:
    recording, replay = both.together.replay, both.replay
    assert recording.stored_findings.findings
    assert recording.stored_findings.findings == replay.stored_findings.findings
    assert list(recording.summary()) == list(replay.summary())


def test_findings_are_those_of_the_files_one_by_one(both: Both) -> None:
    assert both.together.findings.keys() == both.one_by_one.findings.keys()


def test_records_are_those_of_the_files_one_by_one(both: Both) -> None:
    together, one_by_one = both.together.flows, both.one_by_one.flows
    assert len(together) == both.replay.lines["records"]
    assert together.equals(one_by_one)


def test_coverage_and_bill_are_those_of_the_report(both: Both) -> None:
    reported = both.replay.flow_sums.settle().bill  # type: ignore[union-attr]
    shown = Bill(QUOTES, both.together.coverage)
    for flows in flows_for_bill(both.together.flows):
        shown.add(flows)
    assert (shown.coverage, shown.charged) == (reported.coverage, reported.charged)
    assert both.one_by_one.coverage == reported.coverage


def test_metrics_are_those_of_the_files_one_by_one_in_each_five_minutes(both: Both) -> None:
    """A finding of a group may have been seen until later than that of its first file."""
    together, one_by_one = both.together.metrics, both.one_by_one.metrics
    assert together.metrics() == one_by_one.metrics()
    wanted = [MetricStat(each, "Sum", 300) for each in together.metrics() if each.name != "FindingsRaised"]
    assert [together.series(each, EVER) for each in wanted] == [one_by_one.series(each, EVER) for each in wanted]


def test_counts_are_those_of_the_summary(both: Both) -> None:
    names = {"Lines": "lines", "Records": "records", "NoDataRecords": "NODATA", "SkippedRecords": "SKIPDATA"}
    metrics = both.together.metrics
    of_name = {each.name: each for each in metrics.metrics() if len(each.dimensions) == 1}
    sums = {name: sum(metrics.series(MetricStat(of_name[name], "Sum", 300), EVER).values) for name in names}
    assert sums == {name: both.replay.lines[total] for name, total in names.items()}


def test_log_lines_have_the_time_of_what_they_say(both: Both) -> None:
    events = Replayed(both.together, "").log_events(GROUP, EVER)
    assert [each.timestamp for each in events] == sorted(each.timestamp for each in events)
    stamped = [(json.loads(each.message)["_aws"]["Timestamp"], each.timestamp) for each in events if "_aws" in each[0]]
    assert stamped
    assert all(stated == logged for stated, logged in stamped)


def test_talkers_of_each_five_minutes_have_a_line() -> None:
    files = [
        HeldFile(f"{at}", flow_log(exchange(OUTSIDE, SERVER, 443, start=at, end=at + 9)))
        for at in range(NOON, NOON + 1_500, 300)
    ]
    recording = Recording(Context())
    recording.take_all(files)
    lines = [each for each in recording.events[GROUP] if "conversations" in each.message]
    assert [each.timestamp for each in lines] == [(at + 9) * 1_000 for at in range(NOON, NOON + 1_500, 300)]


def test_an_unreadable_file_leaves_nothing_but_a_complaint() -> None:
    complaints = list[object]()
    recording = Recording(Context(), complain=lambda message: complaints.append(message) or 1)
    readable = flow_log(probe(OUTSIDE, SERVER, port) for port in range(1, 21))
    cut = flow_log(["bad", "bad", line()])
    recording.take_all([HeldFile("1", UNREADABLE), HeldFile("2", readable), HeldFile("3", cut)])
    assert [str(each)[0] for each in complaints] == ["1", "3"]
    assert (len(recording.flows), recording.replay.unread) == (21, 2)


def test_rows_are_bounded_while_a_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "MAX_FLOWS", 3)
    recording = Recording(Context())
    recording.take_all(
        HeldFile(f"{at}", flow_log(probe(OUTSIDE, SERVER, port) for port in range(9))) for at in range(3)
    )
    assert len(recording.flows) == 3
