"""Columns that follow from the record alone: rejection and service."""

import pytest

from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import LOST_PACKETS, V2, V5, enriched, gateway_line, line

WITHOUT_ACTION = tuple(name for name in V5 if name != "action")


@pytest.mark.parametrize(
    ("action", "is_rejected"), [("REJECT", True), ("ACCEPT", False), ("-", False)], ids=["REJECT", "ACCEPT", "missing"]
)
@pytest.mark.parametrize("names", [V2, V5], ids=["v2", "v5"])
def test_a_flow_with_the_action_reject_is_rejected(names: tuple[str, ...], action: str, is_rejected: bool) -> None:  # noqa: FBT001
    assert enriched([line(names, action=action)], names)["is_rejected"].to_list() == [is_rejected]


def test_without_an_action_nothing_is_rejected() -> None:
    assert enriched([line(WITHOUT_ACTION)], WITHOUT_ACTION)["is_rejected"].to_list() == [False]


@pytest.mark.parametrize("reason", LOST_PACKETS)
def test_packets_that_a_transit_gateway_lost_are_not_rejected(reason: str) -> None:
    flows = enriched([gateway_line(**{reason: 12})], TRANSIT_GATEWAY_NAMES)
    assert flows["is_rejected"].to_list() == [False]


@pytest.mark.parametrize(
    ("source_port", "destination_port", "service"),
    [
        (45000, 5432, "postgresql"),
        (5432, 45000, "postgresql"),
        (443, 22, "ssh"),
        (45000, 45001, None),
        (0, 0, None),
        ("-", "-", None),
        (65535, 65535, None),
    ],
)
def test_the_destination_port_names_the_service_else_the_source_port(
    source_port: object, destination_port: object, service: str | None
) -> None:
    assert enriched([line(srcport=source_port, dstport=destination_port)])["service"].item() == service
