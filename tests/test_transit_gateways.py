"""Which formats are a transit gateway's."""

import pytest

from flowsentry.fields import FIELDS, TRANSIT_GATEWAY_NAMES, TRANSIT_GATEWAY_VERSION, VPC_NAMES, column_of
from flowsentry.transit_gateways import LOST_PACKETS, is_of_transit_gateway

THEIRS = [field.column for field in FIELDS if field.version == TRANSIT_GATEWAY_VERSION]


@pytest.mark.parametrize("column", THEIRS)
def test_each_of_its_own_fields_tells_a_transit_gateways_format(column: str) -> None:
    assert is_of_transit_gateway(["srcaddr", column])


def test_the_default_format_of_transit_gateways_is_told() -> None:
    assert is_of_transit_gateway(map(column_of, TRANSIT_GATEWAY_NAMES))


def test_no_field_of_vpcs_tells_of_one() -> None:
    assert not is_of_transit_gateway(map(column_of, VPC_NAMES))


def test_there_are_four_ways_to_lose_a_packet() -> None:
    assert [name.removeprefix("packets_lost_") for name in LOST_PACKETS] == [
        "no_route",
        "blackhole",
        "mtu_exceeded",
        "ttl_expired",
    ]
