"""Missing fields of a log format are named with their consequence, and the consequence is true."""

import pytest

from flowsentry.records.fields import DEFAULT_NAMES, TRANSIT_GATEWAY_NAMES, VPC_NAMES, column_of
from flowsentry.records.missing_fields import MissingField, missing_fields
from tests.builders import V2, V5, Watch, flow_log, gateway_line, line, no_data


def missing(*names: str) -> list[str]:
    return [each.missing for each in missing_fields([column_of(name) for name in names])]


def without(names: tuple[str, ...], *left_out: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)


@pytest.mark.parametrize("names", [VPC_NAMES, V5, TRANSIT_GATEWAY_NAMES], ids=["all of VPCs", "v5", "transit gateway"])
def test_a_format_with_all_used_fields_lacks_none(names: tuple[str, ...]) -> None:
    assert missing(*names) == []


def test_the_default_vpc_format_lacks_flags_vpc_direction_and_packet_addresses() -> None:
    assert missing(*DEFAULT_NAMES) == ["tcp-flags", "vpc-id", "flow-direction", "pkt-srcaddr", "pkt-dstaddr"]


NEEDED = ("dstport", "srcport", "protocol", "packets", "bytes", "start", "end", "tcp-flags", "log-status")
OF_VPCS = ("action", "interface-id", "vpc-id", "flow-direction", "pkt-srcaddr", "pkt-dstaddr")
OF_GATEWAYS = ("resource-type", "tgw-id", "tgw-src-vpc-id", "tgw-dst-vpc-id", "flow-direction")
LOST = tuple(name for name in TRANSIT_GATEWAY_NAMES if name.startswith("packets-lost"))


@pytest.mark.parametrize("name", [*NEEDED, *OF_VPCS])
def test_a_field_missing_from_a_vpc_format_is_named(name: str) -> None:
    assert missing(*without(V5, name)) == [name]


@pytest.mark.parametrize("name", [*NEEDED, *OF_GATEWAYS, *LOST])
def test_a_field_missing_from_a_transit_gateway_format_is_named(name: str) -> None:
    assert missing(*without(TRANSIT_GATEWAY_NAMES, name)) == [name]


def test_either_of_two_address_fields_suffices() -> None:
    assert missing(*without(V5, "srcaddr", "dstaddr")) == []
    assert missing(*without(V5, "srcaddr", "pkt-srcaddr")) == ["srcaddr and pkt-srcaddr", "pkt-srcaddr"]
    assert missing(*without(TRANSIT_GATEWAY_NAMES, "dstaddr")) == ["dstaddr and pkt-dstaddr"]


def test_a_missing_field_reads_as_a_sentence() -> None:
    actual = str(MissingField("tcp-flags", "the initiator of a connection is derived from service ports"))
    assert actual == "missing tcp-flags: the initiator of a connection is derived from service ports"


@pytest.mark.parametrize(
    "names",
    [
        without(V5, "srcaddr", "pkt-srcaddr"),
        without(V5, "dstaddr", "pkt-dstaddr"),
        without(V5, "dstport"),
        without(V5, "protocol"),
        without(V5, "start"),
    ],
    ids=["source", "destination", "port", "protocol", "start"],
)
def test_a_format_reported_without_findings_has_none(names: tuple[str, ...]) -> None:
    assert any("no findings" in str(each) for each in missing_fields([column_of(name) for name in names]))
    actual = {"packets": 1, "bytes": 60, "tcp_flags": 2, "action": "REJECT"}
    watch = Watch()
    watch.see(flow_log((line(names, dstport=port, **actual) for port in range(1, 40)), names))
    assert watch.found == []


def test_the_outcome_of_a_source_lists_each_missing_field_once() -> None:
    (outcome,) = Watch().see(flow_log([line(V2)] * 3, V2))
    assert [each.missing for each in outcome.missing_fields] == missing(*V2)
    assert Watch().see(flow_log([line()]))[0].missing_fields == ()
    assert (
        Watch().see(flow_log([gateway_line(), no_data(TRANSIT_GATEWAY_NAMES)], TRANSIT_GATEWAY_NAMES))[0].missing_fields
        == ()
    )
