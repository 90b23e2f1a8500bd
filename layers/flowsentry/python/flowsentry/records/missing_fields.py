"""What a format leaves out, and what is made of its records without it: less is told, and nothing is guessed."""

from collections.abc import Collection
from typing import NamedTuple

from flowsentry.records.fields import column_of
from flowsentry.records.transit_gateways import LOST_PACKETS, is_of_transit_gateway

_NOBODY = "no contacts, so nothing is found"
_Needs = dict[tuple[str, ...], str]
_ANY: _Needs = {
    ("srcaddr", "pkt-srcaddr"): f"who sent is not known: {_NOBODY}",
    ("dstaddr", "pkt-dstaddr"): f"to whom it was sent is not known: {_NOBODY}",
    ("dstport",): f"which port was called is not known: {_NOBODY}",
    ("srcport",): "what came back is not matched with what opened, and no login is told",
    ("protocol",): f"TCP is not told from the rest: {_NOBODY}",
    ("packets",): "they count as none, and whether an opening was answered is mostly not told",
    ("bytes",): "they count as none, and whether an opening was answered is mostly not told",
    ("start",): f"when it was is not known: no traffic metrics and {_NOBODY}",
    ("end",): "how fresh records are is not known; what is found was last seen when it last started",
    ("tcp-flags",): "who opened a connection is told by service ports",
    ("log-status",): "records that AWS skipped are not known of; one without traffic is told by its gaps",
}
_VPC: _Needs = {
    ("action",): "nothing counts as refused by a rule",
    (
        "interface-id",
    ): "who it was is told by addresses alone; neither VPC nor direction is learned; no denied reply is",
    ("vpc-id",): "the VPC is the one that the inventory knows of the interface, else unknown",
    ("flow-direction",): "the direction is told by the address that all records of an interface have",
    ("pkt-srcaddr",): "what a NAT gateway or a node passes on is told as sent by it",
    ("pkt-dstaddr",): "what is sent to a secondary address or a pod is told as sent to its interface",
}
_TRANSIT_GATEWAY: _Needs = {
    ("resource-type",): "it is taken for a flow log on the gateway: a flow counts where it enters",
    ("tgw-id",): "its traffic counts as that of an unknown gateway",
    ("tgw-src-vpc-id",): "the same address in two VPCs is one source, whom no inventory knows",
    ("tgw-dst-vpc-id",): "no inventory knows to whom it was sent",
    ("flow-direction",): "a flow counts where it enters the gateway and again where it leaves",
    **dict.fromkeys(((column.replace("_", "-"),) for column in LOST_PACKETS), "packets lost so are not counted"),
}


class MissingField(NamedTuple):
    """A field that a format leaves out (or fields, any of which would do), and what that means."""

    missing: str
    meaning: str

    def __str__(self) -> str:
        return f"missing {self.missing}: {self.meaning}"


def missing_fields(columns: Collection[str]) -> tuple[MissingField, ...]:
    """What records with these columns leave untold, the worst first; empty where everything that is used is there."""
    needs = _ANY | (_TRANSIT_GATEWAY if is_of_transit_gateway(columns) else _VPC)
    return tuple(
        MissingField(" and ".join(fields), meaning)
        for fields, meaning in needs.items()
        if not any(column_of(field) in columns for field in fields)
    )
