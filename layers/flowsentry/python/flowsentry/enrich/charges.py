"""Adds `charged_path` and `crosses_zones`: on which of AWS's meters the bytes of a record are charged, each byte once.

A byte is often in several records: both ends of an inside flow log it, and so does each gateway between them. On each
meter it counts in one of them:

- `nat_gateway`: per GB processed, in both directions (https://aws.amazon.com/vpc/pricing/). The records of the
  gateway's interface on its inner leg, which name the host: from the host, and back to the host.
- `internet`: per GB sent out; what comes in is free (https://aws.amazon.com/ec2/pricing/on-demand/). The record of the
  interface that has the public address: an instance, a load balancer, or the outer leg of a NAT gateway. Traffic
  through an internet gateway to AWS services of the same Region is free
  (https://aws.amazon.com/blogs/architecture/overview-of-data-transfer-costs-for-common-architectures/); a record names
  the service, not its Region, so all of them are taken to be of the same one.
- `transit_gateway`: per GB sent to the gateway, by the attachment that it is sent from
  (https://aws.amazon.com/transit-gateway/pricing/). The ingress records of transit gateway flow logs; without these,
  the records of the attachment's interfaces in a VPC on the way in.
- `vpc_peering`: free within a zone, between zones per GB in each direction (https://aws.amazon.com/vpc/pricing/ and
  https://aws.amazon.com/about-aws/whats-new/2021/05/amazon-vpc-announces-pricing-change-for-vpc-peering/). The
  sender's record.
- `vpc_endpoint`: per GB processed by an interface endpoint, in both directions
  (https://aws.amazon.com/privatelink/pricing/). The records of the endpoint's interface. Gateway endpoints are free.
- `inter_region`: per GB sent to another Region (https://aws.amazon.com/ec2/pricing/on-demand/). The sender's record.
- Zones: between two zones of a Region, per GB in each direction: both ends pay
  (https://aws.amazon.com/ec2/pricing/on-demand/, Data Transfer within the same AWS Region;
  https://docs.aws.amazon.com/cur/latest/userguide/cur-data-transfers-charges.html). The sender's record; where
  a host sends through a NAT gateway, the gateway's, since the sender's does not have the gateway.

Rejected bytes are not charged. Paths are numbered in traffic-path, a field of egress records
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
"""

from collections.abc import Mapping

import polars as pl

from flowsentry.charge_facts import FREE_BETWEEN_ZONES, NAT_GATEWAY, TRANSIT_GATEWAY, VPC_ENDPOINT
from flowsentry.enrich.observers import PUBLIC_ENDS, ObservedFlows, without
from flowsentry.enrich.record_attribution import SHARED_RANGES
from flowsentry.enrich.vpc_connections import INTER_REGION, PEERING, connections, is_between_vpcs, regions_differ
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.records.charged_paths import CHARGED_PATHS, ChargedPath
from flowsentry.records.fields import is_of_transit_gateway

CHARGED_PATH = pl.Enum(CHARGED_PATHS)
INTERNET_GATEWAYS, VIRTUAL_PRIVATE_GATEWAY = (2, 8), 3
"""Values of traffic-path. 2 is also a gateway endpoint, whose services pkt-dst-aws-service names."""
EVIDENCE = ("az_id", "traffic_path", "interface_type", "resource_id")
"""Fields that tell something of the path without an inventory."""
NAT64 = "64:ff9b:"
"""The start of IPv6 addresses that a NAT gateway translates to IPv4 ones.
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html"""
NO, UNKNOWN = pl.lit(value=False), pl.lit(None, pl.Boolean)


def with_charges(flows: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """Adds `charged_path` (one of CHARGED_PATHS, or null) and `crosses_zones`: whether the bytes are charged as traffic
    between zones. Both are set on one record per byte and meter, so that sums count each byte once; `crosses_zones` is
    false elsewhere, and null where the record can't tell on which meters its bytes are charged.
    """
    if is_of_transit_gateway(flows.columns):
        return flows.with_columns(_charges_of_transit_gateway())
    if address_space.charge_facts.is_empty and set(EVIDENCE).isdisjoint(flows.columns):
        return flows.with_columns(charged_path=pl.lit(None, CHARGED_PATH), crosses_zones=UNKNOWN)
    charged = flows.hstack(_charges(ObservedFlows.of(flows, address_space), address_space))
    return charged.drop(PUBLIC_ENDS, strict=False) if any(end in flows.columns for end in PUBLIC_ENDS) else charged


def _charges_of_transit_gateway() -> list[pl.Expr]:
    """A record where traffic enters from an attachment is charged; zones are free."""
    enters = pl.col("direction") == "ingress"
    return [
        pl.when(enters).then(pl.lit("transit_gateway", CHARGED_PATH)).alias("charged_path"),
        pl.when(pl.col("direction").is_not_null()).then(NO).alias("crosses_zones"),
    ]


def _charges(seen: ObservedFlows, address_space: AddressSpace) -> list[pl.Series]:
    """The two columns. Most chunks have records of few paths; what a chunk has no record of is not computed."""
    entering, leaving = _inner_legs(seen)
    differ = _zones_differ(seen, entering)
    connection = connections(seen, address_space)
    is_peering, is_inter_region = (
        seen.never if connection is None else connection == x for x in (PEERING, INTER_REGION)
    )
    public = seen.sent & seen.is_public("destination")
    outside = seen.sent & ~seen.flows["destination_is_inside"]
    reaches = _reaches_internet_gateway(seen, outside | public)
    elsewhere = public & reaches & regions_differ(seen) if public.any() else public
    within = seen.sent & ~outside & ~public
    paths: dict[ChargedPath, pl.Series] = {
        "nat_gateway": entering | leaving,
        "vpc_endpoint": seen.is_of(VPC_ENDPOINT) & seen.passed,
        "transit_gateway": _enters_transit_gateway(seen, address_space),
        "vpc_peering": is_peering & differ,
        "internet": outside & reaches,
        "inter_region": is_inter_region | elsewhere,
    }
    unconnected = within if connection is None else within & connection.is_null()
    crosses = _crosses_inside(seen, unconnected, differ) | (public & reaches & ~elsewhere)
    if entering.any():
        crosses |= entering & _comes_from_own_vpc(seen) & differ
    for asked, answer in ((outside | public, reaches), (is_peering, differ), (seen.passed, seen.sent)):
        crosses = _unknown_where(crosses, asked, answer)
    return [_path_of(paths, len(seen.flows)), crosses.alias("crosses_zones")]


def _unknown_where(crosses: pl.Series, asked: pl.Series, answer: pl.Series) -> pl.Series:
    """The same, null where a record has no answer to what is asked of it."""
    return without(crosses, asked & answer.is_null()) if answer.null_count() else crosses


def _path_of(paths: Mapping[ChargedPath, pl.Series], rows: int) -> pl.Series:
    """The first path that each record is charged on."""
    found = [pl.when(pl.lit(each)).then(pl.lit(path, CHARGED_PATH)) for path, each in paths.items() if each.any()]
    if not found:
        return pl.Series("charged_path", [None], CHARGED_PATH).new_from_index(0, rows)
    return pl.select(pl.coalesce(found).alias("charged_path")).to_series()


def _inner_legs(seen: ObservedFlows) -> tuple[pl.Series, pl.Series]:
    """Which packets a NAT gateway logged as they came from the host, and as they went back to it.

    On this leg the packet's other address is not the gateway's own. Without packet-level addresses, the host is the end
    that is inside. A private NAT gateway has two ends inside: there each byte counts where it enters the gateway.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-nat
    """
    is_gateway = seen.is_of(NAT_GATEWAY)
    if not is_gateway.any():
        return seen.never, seen.never
    entering = is_gateway & seen.received & seen.is_inside_privately("source")
    leaving = is_gateway & seen.sent & seen.is_inside_privately("destination")
    if {"pkt_srcaddr", "pkt_dstaddr"} <= set(seen.flows.columns):
        entering &= _is_forwarded(seen, "destination", "dstaddr")
        leaving &= _is_forwarded(seen, "source", "srcaddr")
    else:
        leaving &= seen.has_public_address.fill_null(value=True)
    return entering.fill_null(value=False), leaving.fill_null(value=False)


def _is_forwarded(seen: ObservedFlows, end: str, column: str) -> pl.Series:
    """Whether the packet's address at this end is neither the interface's first nor another one of a gateway."""
    address, kind = seen.flows[f"{end}_address"], seen.flows[f"{end}_owner_kind"]
    return (address != seen.flows[column]) & kind.ne_missing(NAT_GATEWAY)


def _comes_from_own_vpc(seen: ObservedFlows) -> pl.Series:
    """Packets from another VPC come through a transit gateway, to which zones are free, or a peering connection."""
    return seen.flows["source_owner_vpc_id"] == seen.flows["scope"]


def _enters_transit_gateway(seen: ObservedFlows, address_space: AddressSpace) -> pl.Series:
    """What enters at an attachment's interface. Where a flow log records the gateway itself, its records count."""
    if address_space.charge_facts.has_transit_gateway_logs:
        return seen.never
    return seen.is_of(TRANSIT_GATEWAY) & seen.received


def _zones_differ(seen: ObservedFlows, entering: pl.Series) -> pl.Series:
    """Whether the other end of what was sent, or entered a NAT gateway, is in another zone than the interface that
    logged it; null if one is unknown.
    """
    other = seen.flows["destination_owner_az_id"]
    if entering.any():
        other = seen.flows["source_owner_az_id"].zip_with(entering, other)
    return without(seen.zone != other, other == "")


def _crosses_inside(seen: ObservedFlows, sent: pl.Series, differ: pl.Series) -> pl.Series:
    """Whether what was sent to an address inside is charged as traffic between zones. To another VPC, it is not known
    by what connection it goes.
    """
    crosses = without(sent & differ, sent & is_between_vpcs(seen))
    if not crosses.any() and not crosses.null_count():
        return crosses
    ends = (pl.lit(seen.kind), pl.col("destination_owner_kind"))
    is_free = pl.any_horizontal(kind.is_in(FREE_BETWEEN_ZONES) for kind in ends).fill_null(value=False)
    return crosses & seen.flows.select((~is_free).alias("is_charged"))["is_charged"]


def _reaches_internet_gateway(seen: ObservedFlows, asked: pl.Series) -> pl.Series:
    """Whether what is sent to a public address is charged here: it goes straight to an internet gateway, not to an AWS
    service. Only an interface with a public address, or IPv6, can do so. Null where the record can't tell.
    """
    if not asked.any():
        return seen.never
    flows, reaches = seen.flows, pl.lit(seen.has_public_address)
    if flows["is_ipv6"].any():
        is_translated = pl.col("destination_address").cat.starts_with(NAT64)
        reaches = pl.when("is_ipv6").then(~is_translated).otherwise(reaches)
    if "traffic_path" in flows.columns:
        path = pl.col("traffic_path")
        through_gateway = pl.when(path.is_in(INTERNET_GATEWAYS)).then(reaches.fill_null(value=True))
        other = through_gateway.when(path == VIRTUAL_PRIVATE_GATEWAY).then(UNKNOWN).when(path.is_not_null()).then(NO)
        reaches = other.otherwise(reaches)
    if "pkt_dst_aws_service" in flows.columns:
        service = pl.col("pkt_dst_aws_service")
        no_service = pl.when(service.is_null()).then(reaches)
        # What is sent to a shared range may stay in the Region or leave it.
        is_shared = service.cast(pl.String).is_in(SHARED_RANGES)
        reaches = no_service.when(is_shared).then(reaches & UNKNOWN).otherwise(NO)
    return flows.select(reaches.alias("reaches")).to_series()
