"""What passed, what was refused and what was lost, per minute and VPC or transit gateway."""

from collections.abc import Sequence

import pytest

from flowsentry.inventory.inventory import Inventory
from flowsentry.measure import add_up, add_up_owners, measure, measure_owners, merged_owners
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from tests.builders import (
    ATTACHMENT,
    GATEWAY,
    LOST_PACKETS,
    NOON,
    OTHER_ATTACHMENT,
    V5,
    VPC,
    blocked,
    enriched,
    gateway_line,
    interface,
    line,
)

OUTSIDE = "203.0.113.9"


def measured(*lines: str, names: Sequence[str] = V5) -> list[dict[str, object]]:
    return list(add_up([measure(enriched(lines, names))]).iter_rows(named=True))


def test_a_minute_of_a_vpc_is_a_row() -> None:
    (row,) = measured(line(start=NOON + 5), line(start=NOON + 59, bytes=600, packets=8))
    assert row == {
        "minute": NOON,
        "observer": "vpc",
        "scope": VPC,
        "attachment": None,
        "flows": 2,
        "bytes": 7000,
        "packets": 20,
        "rejected_flows": 0,
        "rejected_inbound_flows": 0,
        "rejected_outbound_flows": 0,
    } | dict.fromkeys(LOST_PACKETS, 0)


def test_rows_are_in_order_of_time_and_vpc() -> None:
    rows = measured(line(start=NOON + 60), line(vpc_id="vpc-b"), line(vpc_id="vpc-a"))
    assert [(row["minute"], row["scope"]) for row in rows] == [(NOON, "vpc-a"), (NOON, "vpc-b"), (NOON + 60, VPC)]


def test_a_flow_inside_that_both_interfaces_log_counts_once() -> None:
    (row,) = measured(line(flow_direction="egress"), line(flow_direction="ingress", interface_id="eni-2"))
    assert (row["flows"], row["bytes"], row["packets"]) == (1, 6400, 12)


def test_a_flow_from_outside_counts_where_it_arrives() -> None:
    (row,) = measured(line(srcaddr=OUTSIDE, flow_direction="ingress"))
    assert row["flows"] == 1


GATEWAY_OF_HOST = "10.0.9.9"
OUT_THROUGH_NAT = (
    line(dstaddr=OUTSIDE, flow_direction="egress"),
    line(dstaddr=GATEWAY_OF_HOST, pkt_dstaddr=OUTSIDE, flow_direction="ingress", interface_id="eni-nat"),
    line(srcaddr=GATEWAY_OF_HOST, dstaddr=OUTSIDE, flow_direction="egress", interface_id="eni-nat"),
)
BACK_THROUGH_NAT = (
    line(srcaddr=OUTSIDE, dstaddr=GATEWAY_OF_HOST, flow_direction="ingress", interface_id="eni-nat"),
    line(srcaddr=GATEWAY_OF_HOST, pkt_srcaddr=OUTSIDE, flow_direction="egress", interface_id="eni-nat"),
    line(srcaddr=OUTSIDE, flow_direction="ingress"),
)


@pytest.mark.parametrize("lines", [OUT_THROUGH_NAT, BACK_THROUGH_NAT])
def test_a_flow_through_a_nat_gateway_counts_once_on_each_side_of_it(lines: tuple[str, ...]) -> None:
    (row,) = measured(*lines)
    assert (row["flows"], row["bytes"]) == (2, 2 * 6400)


def test_what_a_second_address_of_an_interface_sends_counts() -> None:
    (row,) = measured(line(pkt_srcaddr="10.0.0.77", dstaddr=OUTSIDE, flow_direction="egress"))
    assert row["flows"] == 1


@pytest.mark.parametrize(("direction", "counts"), [("ingress", (1, 1, 0)), ("egress", (1, 0, 1)), ("-", (1, 0, 0))])
def test_rejects_are_counted_by_direction(direction: str, counts: tuple[int, ...]) -> None:
    (row,) = measured(line(flow_direction=direction, action="REJECT"))
    assert tuple(row[f"rejected_{which}flows"] for which in ("", "inbound_", "outbound_")) == counts


def test_a_record_without_a_time_counts_nowhere() -> None:
    assert measured(line(start="-")) == []


def test_nothing_measured_adds_up_to_no_rows() -> None:
    assert len(add_up([])) == 0
    assert add_up([]).columns == measure(enriched([line()])).columns


@pytest.mark.parametrize("size", [5, 30], ids=["nine parts", "two parts"])
def test_the_parts_of_a_source_add_up_to_the_whole(size: int) -> None:
    lines = [line(start=NOON + second, bytes=second) for second in range(0, 300, 7)]
    parts = [measure(enriched(lines[first : first + size])) for first in range(0, len(lines), size)]
    assert add_up(parts).equals(add_up([measure(enriched(lines))]))


def passed(*lines: str, names: Sequence[str] = TRANSIT_GATEWAY_NAMES) -> tuple[object, ...]:
    """Flows, bytes and packets at the one gateway."""
    (row,) = measured(*lines, names=names)
    assert (row["observer"], row["scope"], row["attachment"]) == ("transit_gateway", GATEWAY, None)
    return row["flows"], row["bytes"], row["packets"]


ONCE = (1, 6400, 12)
ENTERS = gateway_line()
LEAVES = gateway_line(flow_direction="egress", tgw_attachment_id=OTHER_ATTACHMENT, tgw_pair_attachment_id=ATTACHMENT)


def test_a_flow_through_a_gateway_counts_where_it_enters() -> None:
    assert passed(ENTERS, LEAVES) == passed(ENTERS) == ONCE
    assert passed(LEAVES) == (0, 0, 0)


@pytest.mark.parametrize("ends", [{"srcaddr": "10.0.0.1"}, {"srcaddr": OUTSIDE}, {"dstaddr": OUTSIDE}])
def test_at_a_gateway_ends_inside_do_not_matter(ends: dict[str, str]) -> None:
    assert passed(gateway_line(**ends), gateway_line(**ends, flow_direction="egress")) == ONCE


@pytest.mark.parametrize("kind", ["TransitGatewayAttachment", "CoreNetworkAttachment"])
@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_every_record_of_a_flow_log_on_an_attachment_counts(kind: str, direction: str) -> None:
    assert passed(gateway_line(resource_type=kind, flow_direction=direction)) == ONCE


@pytest.mark.parametrize("kind", ["TransitGateway", "CoreNetwork", "CoreNetworkEdge", "-"])
def test_of_any_other_flow_log_one_of_both_records_counts(kind: str) -> None:
    assert passed(gateway_line(resource_type=kind), gateway_line(resource_type=kind, flow_direction="egress")) == ONCE


def test_without_a_resource_type_a_flow_log_counts_as_one_on_the_gateway() -> None:
    names = tuple(name for name in TRANSIT_GATEWAY_NAMES if name != "resource-type")
    assert passed(gateway_line(names), gateway_line(names, flow_direction="egress"), names=names) == ONCE


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_gateway_format_without_attachments_and_losses_counts_what_passed(number: int) -> None:
    left_out = {"tgw-attachment-id", *(name.replace("_", "-") for name in LOST_PACKETS)}
    names = tuple(name for name in TRANSIT_GATEWAY_NAMES if name not in left_out)
    rows = measured(*[gateway_line(names)] * number, names=names)
    assert sum(row["flows"] for row in rows) == number


def test_a_record_without_a_direction_counts() -> None:
    assert passed(gateway_line(flow_direction="-")) == ONCE


def test_a_record_without_one_attachment_belongs_to_the_same_flow() -> None:
    assert passed(gateway_line(log_status="INCOMPLETEDATA", tgw_dst_vpc_id="-")) == ONCE


def test_lost_packets_of_every_record_count_by_attachment() -> None:
    more = {"packets_lost_blackhole": 1, "packets_lost_mtu_exceeded": 7, "flow_direction": "egress"}
    rows = measured(
        gateway_line(packets_lost_blackhole=5, packets_lost_no_route=2, packets_lost_ttl_expired=1),
        gateway_line(**more, tgw_attachment_id=OTHER_ATTACHMENT),
        gateway_line(start=NOON + 1),
        names=TRANSIT_GATEWAY_NAMES,
    )
    told = {row["attachment"]: tuple(row[name] for name in ("flows", *LOST_PACKETS)) for row in rows}
    assert told == {None: (1, 0, 0, 0, 0), ATTACHMENT: (1, 2, 5, 0, 1), OTHER_ATTACHMENT: (0, 0, 1, 7, 0)}


def test_a_gateway_has_no_rejected_flows() -> None:
    (row,) = measured(gateway_line(packets_lost_blackhole=5), names=TRANSIT_GATEWAY_NAMES)
    assert (row["rejected_flows"], row["rejected_inbound_flows"], row["rejected_outbound_flows"]) == (0, 0, 0)


def test_vpcs_and_gateways_add_up_side_by_side() -> None:
    parts = [
        measure(enriched([line()])),
        measure(enriched([ENTERS], TRANSIT_GATEWAY_NAMES)),
        measure(enriched([line()])),
    ]
    seen = add_up(parts).select("observer", "scope", "flows").rows()
    assert seen == [("vpc", VPC, 2), ("transit_gateway", GATEWAY, 1)]


WEB, API = interface("10.0.0.1", name="web"), interface("10.0.0.2", name="api")
OWNERS = Inventory.of((WEB, API))


def owner_sums(*lines: str) -> dict[str, tuple[int, int]]:
    """Bytes sent and flows refused, by owner."""
    rows = add_up_owners([measure_owners(enriched(lines, V5, OWNERS))])
    return {
        name: (sent, refused) for name, sent, refused in rows.select("owner_name", "bytes", "rejected_flows").rows()
    }


def test_an_owner_sent_the_bytes_that_its_own_interface_logged() -> None:
    sent = line(srcaddr="10.0.0.1", bytes=500)
    arrived = line(srcaddr="10.0.0.1", bytes=500, flow_direction="ingress")
    assert owner_sums(sent, arrived, sent) == {"web": (1_000, 0)}


def test_a_rejected_flow_counts_for_the_owner_of_the_interface_that_logged_it() -> None:
    out = blocked("10.0.0.1", "192.0.2.9", 25, flow_direction="egress")
    assert owner_sums(blocked("192.0.2.9", "10.0.0.2", 22), out) == {"web": (0, 1), "api": (0, 1)}


def test_unowned_ends_and_gateways_have_no_owner_sums() -> None:
    assert owner_sums(line(srcaddr="10.0.0.9")) == {}
    assert measure_owners(enriched([gateway_line()], TRANSIT_GATEWAY_NAMES, OWNERS)).is_empty()


@pytest.mark.parametrize("size", [1, 2], ids=["four parts", "two parts"])
def test_owners_of_the_parts_add_up_to_those_of_the_whole(size: int) -> None:
    lines = [line(), line(start=NOON + 60), blocked("192.0.2.9", "10.0.0.2", 22), line(srcaddr="10.0.0.2")]
    parts = [measure_owners(enriched(lines[first : first + size], V5, OWNERS)) for first in range(0, 4, size)]
    assert add_up_owners(parts).equals(add_up_owners([measure_owners(enriched(lines, V5, OWNERS))]))


def test_merged_sums_are_the_same_in_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [measure_owners(enriched([line()], V5, OWNERS)) for _ in range(3)]
    assert len(merged_owners(parts)) == 3
    monkeypatch.setattr("flowsentry.measure.MAX_UNMERGED_OWNER_ROWS", 2)
    (merged,) = merged_owners(parts)
    assert len(merged) == 1
    assert add_up_owners([merged]).equals(add_up_owners(parts))


def test_beyond_the_limit_the_owners_with_the_most_traffic_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsentry.measure.MAX_OWNER_ROWS", 1)
    assert owner_sums(line(bytes=10_000_000), blocked("192.0.2.9", "10.0.0.2", 22)) == {"api": (0, 1)}
