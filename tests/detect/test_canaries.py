"""A canary becomes a test alert, and nothing else comes of it."""

from flowsentry.findings.canary import FIELDS, Canary, Way
from tests.builders import ACCOUNT, NOON, V2, V5, Watch, flow_log, found_in, line, no_data

CANARY = Canary(NOON, Way.BUCKET)


def record(names: tuple[str, ...]) -> str:
    made = CANARY.record(names, ACCOUNT)
    assert made is not None
    return made


def test_a_canary_is_a_test_alert_in_every_format_that_can_hold_one() -> None:
    for names in (V2, V5, FIELDS):
        assert found_in([record(names)], names) == [CANARY.finding]


def test_a_canary_that_is_delivered_twice_is_one_test_alert() -> None:
    content = flow_log([record(V2)], V2)
    first, second = Watch().see(content, content)
    assert (first.findings, second.findings) == ([CANARY.finding], [])


def test_a_canary_is_no_traffic_and_no_evidence() -> None:
    watch = Watch()
    (outcome,) = watch.see(flow_log([record(V2)], V2))
    assert (outcome.lines, outcome.nodata, outcome.unknown_interfaces) == (1, 1, ())
    assert outcome.measurements.is_empty()
    assert not watch.evidence.items


def test_records_of_interfaces_are_no_canaries() -> None:
    assert found_in([line(), no_data(), no_data(interface_id="eni-flowsentry-canary-0-mail")]) == []
