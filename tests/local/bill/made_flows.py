"""Flows of a company by every path that AWS charges, each with the records of all interfaces that see it."""

from typing import NamedTuple

from flowsentry.inventory.inventory import Interface, Inventory, Route, Through
from tests.builders import NOON, OTHER_VPC, V2, VPC, line
from tests.enrich.test_charges import (
    ABROAD,
    ATTACHMENT,
    ENDPOINT,
    FAR,
    FRONT,
    NAT,
    NEAR,
    NETWORKS,
    OUTSIDE,
    PATHS,
    PEER,
    PRIVATE,
    WEB,
    Record,
    located,
    received,
    sent,
)

PEERED_VPC = "vpc-peered"
PEERED_FAR = located("10.3.0.1", "instance", "peered-far", "euw1-az2", vpc_id=PEERED_VPC)
PEERED_NEAR = located("10.3.0.2", "instance", "peered-near", "euw1-az1", vpc_id=PEERED_VPC)
CACHE = located("10.0.1.9", "elasticache cluster", "cache", "euw1-az2")
BY_PEERING = (Route("10.2.0.0/16", "vpc-abroad", Through.PEERING), Route("10.3.0.0/16", PEERED_VPC, Through.PEERING))
ROUTES = (*BY_PEERING, Route("10.1.0.0/16", OTHER_VPC, Through.TRANSIT_GATEWAY))
ALL = (PRIVATE, NEAR, FAR, WEB, NAT, ENDPOINT, ATTACHMENT, FRONT, PEER, ABROAD, PEERED_FAR, PEERED_NEAR, CACHE)
COMPANY = Inventory.of(ALL, NETWORKS | {PEERED_VPC: ("10.3.0.0/16",)}, routes={VPC: (ROUTES,)})
EXTENDED = PATHS
CUSTOM = (*V2[7:], "traffic-path", "pkt-dstaddr", "az-id", *V2[:7], "flow-direction", "pkt-srcaddr", "vpc-id")
"""A format of one's own: some fields more than the default format, in another order."""
IN_VPC, PEERING, INTER_REGION, INTERNET = 1, 4, 5, 8


class Flow(NamedTuple):
    """One direction of some traffic: the records of the interfaces that see it."""

    name: str
    records: tuple[Record, ...]


def direct(name: str, source: Interface, target: Interface, path: int = IN_VPC) -> Flow:
    """Logged by the sender and, where it is in the same VPC, by the receiver."""
    there = sent(source, target.addresses[0], traffic_path=path)
    arrived = received(target, source.addresses[0], vpc_id=target.vpc_id)
    return Flow(name, (there, arrived))


HOST = PRIVATE.addresses[0]
_FLOWS = (
    direct("between zones", PRIVATE, FAR),
    direct("within a zone", PRIVATE, NEAR),
    direct("to the cache", PRIVATE, CACHE),
    direct("to the load balancer", PRIVATE, FRONT),
    direct("to the endpoint", PRIVATE, ENDPOINT),
    direct("from the endpoint", ENDPOINT, PRIVATE),
    direct("over peering to another zone", PRIVATE, PEERED_FAR, PEERING),
    direct("over peering within a zone", PRIVATE, PEERED_NEAR, PEERING),
    direct("to another region", PRIVATE, ABROAD, INTER_REGION),
    Flow("to the internet", (sent(WEB, OUTSIDE, traffic_path=INTERNET),)),
    Flow("from the internet", (received(WEB, OUTSIDE),)),
    Flow(
        "out through the NAT gateway",
        (
            sent(PRIVATE, OUTSIDE, traffic_path=IN_VPC),
            received(NAT, HOST, pkt_dstaddr=OUTSIDE),
            sent(NAT, OUTSIDE, traffic_path=INTERNET),
        ),
    ),
    Flow(
        "back through the NAT gateway",
        (
            received(NAT, OUTSIDE),
            sent(NAT, HOST, pkt_srcaddr=OUTSIDE, traffic_path=IN_VPC),
            received(PRIVATE, OUTSIDE),
        ),
    ),
    Flow(
        "into the transit gateway",
        (
            sent(PRIVATE, PEER.addresses[0], traffic_path=IN_VPC),
            received(ATTACHMENT, HOST, pkt_dstaddr=PEER.addresses[0]),
            received(PEER, HOST, vpc_id=OTHER_VPC),
        ),
    ),
    Flow(
        "out of the transit gateway",
        (
            sent(ATTACHMENT, HOST, pkt_srcaddr=PEER.addresses[0], traffic_path=IN_VPC),
            received(PRIVATE, PEER.addresses[0]),
        ),
    ),
    Flow("rejected", (sent(PRIVATE, FAR.addresses[0], action="REJECT", traffic_path=IN_VPC),)),
)
FLOWS = {flow.name: flow for flow in _FLOWS}


def lines_of(
    flow: Flow, names: tuple[str, ...], bytes_: int, port: int, start: int = NOON, end: int = NOON
) -> list[str]:
    """The lines of all interfaces that see these bytes of the flow."""
    amounts = {"bytes": bytes_, "srcport": port, "start": start, "end": end}
    return [line(names, **{**record, **amounts}) for record in flow.records]
