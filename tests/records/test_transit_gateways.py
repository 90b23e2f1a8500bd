"""Formats of transit gateways are recognised, and both kinds of flow logs combine."""

import pytest

from flowsentry.records.fields import (
    FIELDS,
    LOST_PACKETS,
    TRANSIT_GATEWAY_NAMES,
    TRANSIT_GATEWAY_VERSION,
    VPC_NAMES,
    column_of,
    is_of_transit_gateway,
)
from tests.builders import AT_GATEWAY, GATEWAY, VPC, Watch, gateway_line, line, log_text, probe

THEIRS = [field.column for field in FIELDS if field.version == TRANSIT_GATEWAY_VERSION]


@pytest.mark.parametrize("column", THEIRS)
def test_each_transit_gateway_field_identifies_the_format(column: str) -> None:
    assert is_of_transit_gateway(["srcaddr", column])


def test_the_default_format_of_transit_gateways_is_identified() -> None:
    assert is_of_transit_gateway(map(column_of, TRANSIT_GATEWAY_NAMES))


def test_no_vpc_field_identifies_a_transit_gateway() -> None:
    assert not is_of_transit_gateway(map(column_of, VPC_NAMES))


def test_there_are_four_fields_for_lost_packets() -> None:
    assert [name.removeprefix("packets_lost_") for name in LOST_PACKETS] == [
        "no_route",
        "blackhole",
        "mtu_exceeded",
        "ttl_expired",
    ]


def test_records_of_a_vpc_and_a_transit_gateway_about_one_source_give_one_scan() -> None:
    """Several flow logs may write to one log group, so that one source has both formats."""
    targets = [f"10.1.0.{number}" for number in range(1, 13)]
    own = [probe("10.0.0.9", target, 22, flow_direction="egress") for target in targets[:6]]
    seen = [probe("10.0.0.9", target, 22, TRANSIT_GATEWAY_NAMES, **AT_GATEWAY) for target in targets[6:]]
    watch = Watch()
    outcome = watch.see_texts([log_text([*own, line()]), log_text([*seen, gateway_line()], TRANSIT_GATEWAY_NAMES)])
    assert [(each.scope, each.subject, each.endpoints) for each in watch.found] == [(VPC, "10.0.0.9", 12)]
    observers = outcome.measurements.select("observer", "scope", "flows").rows()
    assert observers == [("vpc", VPC, 7), ("transit_gateway", GATEWAY, 7)]
