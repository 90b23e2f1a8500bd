"""Whether a rule refused a flow: only where the record says so."""

import pytest

from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import LOST_PACKETS, V2, V5, enriched, gateway_line, line

WITHOUT_ACTION = tuple(name for name in V5 if name != "action")


@pytest.mark.parametrize(
    ("action", "is_rejected"), [("REJECT", True), ("ACCEPT", False), ("-", False)], ids=["REJECT", "ACCEPT", "missing"]
)
@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
def test_what_a_rule_refused_is_rejected(names: tuple[str, ...], action: str, is_rejected: bool) -> None:  # noqa: FBT001
    assert enriched([line(names, action=action)], names)["is_rejected"].to_list() == [is_rejected]


def test_without_an_action_nothing_is_rejected_as_far_as_is_known() -> None:
    assert enriched([line(WITHOUT_ACTION)], WITHOUT_ACTION)["is_rejected"].to_list() == [False]


@pytest.mark.parametrize("reason", LOST_PACKETS)
def test_packets_that_a_transit_gateway_lost_were_refused_by_no_rule(reason: str) -> None:
    flows = enriched([gateway_line(**{reason: 12})], TRANSIT_GATEWAY_NAMES)
    assert flows["is_rejected"].to_list() == [False]
