"""Fields that a log format leaves out, and what cannot be analysed without them. Missing values are never guessed."""

from collections.abc import Collection
from typing import NamedTuple

from flowsentry.records.fields import LOST_PACKETS, column_of, is_of_transit_gateway

_NO_FINDINGS = "no contacts and no findings"
_Needs = dict[tuple[str, ...], str]
_ANY: _Needs = {
    ("srcaddr", "pkt-srcaddr"): f"the source is unknown: {_NO_FINDINGS}",
    ("dstaddr", "pkt-dstaddr"): f"the destination is unknown: {_NO_FINDINGS}",
    ("dstport",): f"the destination port is unknown: {_NO_FINDINGS}",
    ("srcport",): "replies cannot be matched to requests, and no login is reported",
    ("protocol",): f"TCP cannot be distinguished from other protocols: {_NO_FINDINGS}",
    ("packets",): "they count as 0, and whether a connection attempt was answered is mostly unknown",
    ("bytes",): "they count as 0, and whether a connection attempt was answered is mostly unknown",
    ("start",): f"the time is unknown: no traffic metrics, {_NO_FINDINGS}",
    ("end",): "the age of records is unknown; the last time of a finding is when its last flow started",
    ("tcp-flags",): "the initiator of a connection is derived from service ports",
    ("log-status",): "skipped records are not noticed; records without traffic are recognised by their empty fields",
}
_VPC: _Needs = {
    ("action",): "no flow counts as rejected",
    (
        "interface-id",
    ): "owners are identified by address only; VPC and direction are not derived, and no denied reply is found",
    ("vpc-id",): "the VPC is that of the interface in the inventory, else unknown",
    ("flow-direction",): "the direction is derived from the address that all records of an interface share",
    ("pkt-srcaddr",): "traffic that a NAT gateway or a node forwards is attributed to it",
    ("pkt-dstaddr",): "traffic to a secondary address or a pod is attributed to its interface",
}
_TRANSIT_GATEWAY: _Needs = {
    ("resource-type",): "the flow log is assumed to be on the gateway: a flow counts where it enters",
    ("tgw-id",): "its traffic counts for an unknown gateway",
    ("tgw-src-vpc-id",): "the same address in two VPCs is one source, without an owner",
    ("tgw-dst-vpc-id",): "the destination has no owner",
    ("flow-direction",): "a flow counts twice: where it enters the gateway and where it leaves",
    **dict.fromkeys(((column.replace("_", "-"),) for column in LOST_PACKETS), "packets lost this way are not counted"),
}


class MissingField(NamedTuple):
    """A field that a log format leaves out (or several, any of which would suffice), and the consequence."""

    missing: str
    meaning: str

    def __str__(self) -> str:
        return f"missing {self.missing}: {self.meaning}"


def missing_fields(columns: Collection[str]) -> tuple[MissingField, ...]:
    """The missing fields of records with these columns, the most severe first; empty if all used fields are present."""
    return _missing(_ANY | (_TRANSIT_GATEWAY if is_of_transit_gateway(columns) else _VPC), columns)


_BILL: _Needs = {
    ("az-id",): "zones are those of the inventory; without it, traffic between zones is not billed",
    ("traffic-path",): "the way out is known only for interfaces of the inventory, and to other VPCs from its routes",
    ("pkt-dst-aws-service",): "what goes to AWS services through an internet gateway is billed as if it went to others",
    ("pkt-srcaddr",): "what a public NAT gateway passes on to private networks counts twice",
    ("flow-direction",): "records of interfaces that the inventory does not have are not billed",
    ("vpc-id",): "records of interfaces that the inventory does not have are billed as if they stayed in their VPC",
}
_BILL_OF_TRANSIT_GATEWAY: _Needs = {("flow-direction",): "traffic of transit gateways is not billed"}


def missing_for_bill(columns: Collection[str]) -> tuple[MissingField, ...]:
    """The missing fields of records with these columns that the traffic bill would use."""
    return _missing(_BILL_OF_TRANSIT_GATEWAY if is_of_transit_gateway(columns) else _BILL, columns)


def _missing(needs: _Needs, columns: Collection[str]) -> tuple[MissingField, ...]:
    return tuple(
        MissingField(" and ".join(fields), meaning)
        for fields, meaning in needs.items()
        if not any(column_of(field) in columns for field in fields)
    )
