"""A canary is a record that no interface logged: its line, its interface ID and its finding belong together."""

import pytest

from flowsentry.findings.canary import FIELDS, KIND, NEEDED_FIELDS, Canary, Way, is_test_alert
from flowsentry.findings.finding import Audience
from flowsentry.findings.kinds import KINDS
from flowsentry.records.fields import DEFAULT_NAMES
from tests.builders import ACCOUNT, NOON

CANARY = Canary(NOON, Way.LOGS)


@pytest.mark.parametrize("way", Way)
def test_the_interface_id_names_the_canary(way: Way) -> None:
    canary = Canary(NOON, way)
    assert Canary.of_interface(canary.interface_id) == canary


@pytest.mark.parametrize(
    "other", ["eni-0a1b2c3d4e5f60718", "eni-flowsentry-canary-x-logs", "eni-flowsentry-canary-1-mail", "", "-"]
)
def test_no_other_interface_id_names_a_canary(other: str) -> None:
    assert Canary.of_interface(other) is None


def test_the_record_has_no_packets_in_any_format() -> None:
    assert CANARY.record(FIELDS, ACCOUNT) == f"2 {ACCOUNT} {CANARY.interface_id} {NOON} {NOON} NODATA"
    line = CANARY.record(DEFAULT_NAMES, ACCOUNT)
    assert line == f"2 {ACCOUNT} {CANARY.interface_id} - - - - - - - {NOON} {NOON} - NODATA"


@pytest.mark.parametrize("missing", sorted(NEEDED_FIELDS))
def test_a_format_without_a_needed_field_has_no_canary(missing: str) -> None:
    assert CANARY.record([name for name in DEFAULT_NAMES if name != missing], ACCOUNT) is None


def test_the_finding_is_urgent_and_no_kind_that_dashboards_and_suppressions_know() -> None:
    assert CANARY.finding.audience is Audience.URGENT
    assert is_test_alert(CANARY.finding)
    assert KIND not in KINDS
    assert CANARY.finding.thread == ""


def test_each_canary_has_a_finding_of_its_own() -> None:
    others = {Canary(NOON + 1, Way.LOGS).finding_id, Canary(NOON, Way.BUCKET).finding_id}
    assert CANARY.finding.id == CANARY.finding_id
    assert len(others | {CANARY.finding_id}) == 3
