"""Rows of enriched objects become enriched flows again."""

import polars as pl
import pytest

from flowsentry.enrich import enrich
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import DEFAULT_NAMES, TRANSIT_GATEWAY_NAMES
from local.console.flows.stored_records import completed, of_gateways, of_interfaces, opens_to_destination
from tests.builders import BACK_AT_GATEWAY, SYN, SYN_ACK, V5, blocked, enriched, exchange, flows, gateway_line, line
from tests.local.console.flows.stored import REPEATED, completed_flows, stored


@pytest.mark.parametrize("names", [V5, DEFAULT_NAMES])
def test_what_an_enriched_object_does_not_repeat_is_as_enrichment_found_it(names: tuple[str, ...]) -> None:
    lines = [
        *exchange("10.0.0.1", "10.0.0.2", 443, names),
        blocked("203.0.113.9", "10.0.0.1", 22, names),
        line(names, srcaddr="2001:db8::1", dstaddr="2001:db8::2"),
    ]
    whole = enriched(lines, names)
    assert completed(stored(lines, names)).select(REPEATED).rows() == whole.select(REPEATED).rows()


def test_the_scopes_of_a_transit_gateways_record_are_its_vpcs() -> None:
    lines = [gateway_line(), gateway_line(TRANSIT_GATEWAY_NAMES, **BACK_AT_GATEWAY)]
    whole = enrich(flows(lines, TRANSIT_GATEWAY_NAMES), AddressSpace.of(Inventory()))
    again = completed(stored(lines, TRANSIT_GATEWAY_NAMES))
    assert again.select(REPEATED).rows() == whole.select(REPEATED).rows()


def test_a_flow_that_is_logged_twice_has_one_second_record() -> None:
    there = [
        line(srcaddr="10.0.0.1", dstaddr="10.0.0.2", interface_id=f"eni-{way}", flow_direction=way)
        for way in ("egress", "ingress")
    ]
    assert completed_flows(there)["is_second"].to_list() == [False, True]


def test_records_of_interfaces_and_of_gateways_in_one_frame_are_told_apart() -> None:
    mixed = pl.concat([stored([line()]), stored([gateway_line()], TRANSIT_GATEWAY_NAMES)], how="diagonal")
    whole = completed(mixed)
    assert len(of_interfaces(whole)) == len(of_gateways(whole)) == 1
    assert "tgw_id" not in of_interfaces(whole).columns


def test_no_records_have_all_columns() -> None:
    none = completed(pl.DataFrame())
    assert none.is_empty()
    assert {*REPEATED, "is_second", "source_owner_name", "bytes"} <= {*none.columns}


@pytest.mark.parametrize(
    ("values", "is_forward"),
    [
        ({"srcport": 443, "dstport": 50_000, "tcp_flags": SYN}, True),
        ({"srcport": 50_000, "dstport": 443, "tcp_flags": SYN_ACK}, False),
        ({"srcport": 50_000, "dstport": 443, "tcp_flags": 0}, True),
        ({"srcport": 5432, "dstport": 1025, "tcp_flags": 0}, False),
        ({"srcport": 51_000, "dstport": 41_000, "tcp_flags": 0}, True),
        ({"srcport": 41_000, "dstport": 51_000, "tcp_flags": 0}, False),
        ({"srcport": 0, "dstport": 0, "protocol": 1, "tcp_flags": 0}, True),
        ({"srcport": "-", "dstport": "-", "tcp_flags": "-"}, True),
    ],
)
def test_the_caller_is_the_end_that_opened_else_the_one_without_the_port_of_a_service(
    values: dict[str, object], *, is_forward: bool
) -> None:
    one = completed_flows([line(V5, **values)])
    assert one.select(opens_to_destination(one)).item() is is_forward


def test_flags_of_a_transit_gateway_which_reports_every_ack_do_not_tell() -> None:
    one = completed(stored([gateway_line(srcport=50_000, dstport=443, tcp_flags=SYN_ACK)], TRANSIT_GATEWAY_NAMES))
    assert one.select(opens_to_destination(one)).item() is True
