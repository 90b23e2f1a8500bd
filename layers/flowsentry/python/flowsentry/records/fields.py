"""THE table: every flow log field, its type, version and meaning. All else derives from it.

Source: AWS VPC User Guide, "Flow log records"
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

MISSING = "-"
ACTION = pl.Enum(["ACCEPT", "REJECT"])
LOG_STATUS = pl.Enum(["OK", "NODATA", "SKIPDATA", "INCOMPLETEDATA"])
DIRECTION = pl.Enum(["ingress", "egress"])


class Kind(StrEnum):
    """What a field holds; decides the column's type."""

    TEXT = "text"
    TAG = "tag"
    ID = "id"
    ADDRESS = "address"
    PORT = "port"
    PROTOCOL = "protocol"
    COUNT = "count"
    TIME = "time"
    BITS = "bits"
    CODE = "code"
    ACTION = "action"
    LOG_STATUS = "log-status"
    DIRECTION = "direction"


# Addresses and ids repeat: a Categorical keeps each text once, so that joins and group-bys compare numbers.
DTYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.Categorical(),
    Kind.TAG: pl.Categorical(),
    Kind.ID: pl.Categorical(),
    Kind.ADDRESS: pl.Categorical(),
    Kind.PORT: pl.UInt16(),
    Kind.PROTOCOL: pl.UInt16(),
    Kind.COUNT: pl.Int64(),
    Kind.TIME: pl.Int64(),
    Kind.BITS: pl.UInt16(),
    Kind.CODE: pl.UInt8(),
    Kind.ACTION: ACTION,
    Kind.LOG_STATUS: LOG_STATUS,
    Kind.DIRECTION: DIRECTION,
}

# Text elsewhere. AWS states INT_64 for the protocol of transit gateways in one place, and INT_32 in others.
_PARQUET_TYPES: dict[Kind, str] = dict.fromkeys(
    (Kind.PORT, Kind.PROTOCOL, Kind.BITS, Kind.CODE), "INT_32"
) | dict.fromkeys((Kind.COUNT, Kind.TIME), "INT_64")

MILLISECONDS_FROM = 10**11
"""A time from here on is in milliseconds: as seconds it would be in the year 5138, as milliseconds in 1973."""
LARGEST: dict[Kind, int] = {Kind.COUNT: 10**15, Kind.TIME: 1000 * MILLISECONDS_FROM - 1}
"""What counts and times can be at most (least: 0). Beyond that a record is damaged, and its sums would overflow."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: AWS's name, what it holds, the version that brought it, and what it means."""

    name: str
    kind: Kind
    version: int
    meaning: str

    @property
    def column(self) -> str:
        return column_of(self.name)

    @property
    def shape(self) -> str | None:
        """What its text looks like, as a regular expression for the whole of it; None where anything goes or the type
        says it all. Only to tell formats apart: AWS may write what it never wrote before.
        """
        return _SHAPES.get(self.name) or _SHAPES_OF_KINDS.get(self.kind)

    @property
    def is_number(self) -> bool:
        return DTYPES[self.kind].is_numeric()

    @property
    def parquet_type(self) -> str:
        """The type of its column in a Parquet file that AWS wrote."""
        return _PARQUET_TYPES.get(self.kind, "STRING")


def column_of(name: str) -> str:
    """AWS's name as a column: `-` becomes `_`, nothing else."""
    return name.replace("-", "_")


_HEX = "[0-9a-z]+"
_SHAPES_OF_KINDS: dict[Kind, str] = {Kind.ADDRESS: r"[0-9]+(?:\.[0-9]+){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+"}
_SHAPES: dict[str, str] = {
    "account-id": "[0-9]{12}|unknown",
    "region": "[a-z]{2,}(?:-[a-z]+)+-[0-9]+",
    "type": "IPv4|IPv6|EFA",
    "az-id": "[a-z0-9]+-[a-z0-9-]+",
    "sublocation-type": "wavelength|outpost|localzone",
    "resource-type": "TransitGateway(?:Attachment)?|CoreNetwork(?:Edge|Attachment)?",
} | {
    name: f"{prefix}-{_HEX}"
    for prefix, names in {
        "eni": ("interface-id", "next-hop-interface-id", "tgw-src-eni", "tgw-dst-eni"),
        "vpc": ("vpc-id", "next-hop-vpc-id", "tgw-src-vpc-id", "tgw-dst-vpc-id"),
        "subnet": ("subnet-id", "next-hop-subnet-id", "tgw-src-subnet-id", "tgw-dst-subnet-id"),
        "i": ("instance-id",),
        "tgw": ("tgw-id",),
        "tgw-attach": ("tgw-attachment-id", "tgw-pair-attachment-id"),
    }.items()
    for name in names
}

TRANSIT_GATEWAY_VERSION = 6
FIELDS: tuple[Field, ...] = (
    Field("version", Kind.CODE, 2, "Highest version among the fields of the record's format"),
    Field("account-id", Kind.ID, 2, "Account that owns the interface; `unknown` for interfaces made by an AWS service"),
    Field("interface-id", Kind.ID, 2, "Network interface that saw the traffic; `-` for a regional NAT gateway"),
    Field("srcaddr", Kind.ADDRESS, 2, "Source; on egress the interface's primary address"),
    Field("dstaddr", Kind.ADDRESS, 2, "Destination; on ingress the interface's primary address"),
    Field("srcport", Kind.PORT, 2, "Source port; 0 for ICMP"),
    Field("dstport", Kind.PORT, 2, "Destination port; 0 for ICMP"),
    Field("protocol", Kind.PROTOCOL, 2, "IANA protocol number; one that is none (over 255) is kept as it is"),
    Field("packets", Kind.COUNT, 2, "Packets in the interval"),
    Field("bytes", Kind.COUNT, 2, "Bytes in the interval"),
    Field("start", Kind.TIME, 2, "First packet of the interval, Unix seconds; up to 60 s off"),
    Field("end", Kind.TIME, 2, "Last packet of the interval, Unix seconds; up to 60 s off"),
    Field("action", Kind.ACTION, 2, "ACCEPT or REJECT; REJECT also for packets after a connection closed"),
    Field(
        "log-status",
        Kind.LOG_STATUS,
        2,
        "OK, NODATA (no traffic), SKIPDATA (records were skipped), INCOMPLETEDATA (Cloud WAN: one side is missing)",
    ),
    Field("vpc-id", Kind.ID, 3, "VPC of the interface"),
    Field("subnet-id", Kind.ID, 3, "Subnet of the interface"),
    Field("instance-id", Kind.ID, 3, "Instance of the interface, where it is yours"),
    Field("tcp-flags", Kind.BITS, 3, "FIN 1, SYN 2, RST 4, SYN-ACK 18, OR-ed over the interval"),
    Field("type", Kind.TEXT, 3, "IPv4, IPv6 or EFA"),
    Field("pkt-srcaddr", Kind.ADDRESS, 3, "Source in the packet; differs from srcaddr at NAT, transit gateways, pods"),
    Field("pkt-dstaddr", Kind.ADDRESS, 3, "Destination in the packet"),
    Field("region", Kind.TEXT, 4, "Region of the interface"),
    Field("az-id", Kind.TEXT, 4, "Availability Zone id of the interface"),
    Field("sublocation-type", Kind.TEXT, 4, "wavelength, outpost or localzone"),
    Field("sublocation-id", Kind.TEXT, 4, "Id of the sublocation"),
    Field("pkt-src-aws-service", Kind.TEXT, 5, "AWS service whose published range holds pkt-srcaddr"),
    Field("pkt-dst-aws-service", Kind.TEXT, 5, "AWS service whose published range holds pkt-dstaddr"),
    Field("flow-direction", Kind.DIRECTION, 5, "ingress or egress, as the interface sees it"),
    Field("traffic-path", Kind.CODE, 5, "Way out of the VPC, egress only"),
    *(
        Field(name, Kind.ID, 6, meaning)
        for name, meaning in (
            ("resource-type", "TransitGateway or TransitGatewayAttachment"),
            ("tgw-id", "Transit gateway that saw the traffic"),
            ("tgw-attachment-id", "Attachment that saw the traffic"),
            ("tgw-src-vpc-account-id", "Account of the VPC that the traffic comes from"),
            ("tgw-dst-vpc-account-id", "Account of the VPC that the traffic goes to"),
            ("tgw-src-vpc-id", "VPC that the traffic comes from"),
            ("tgw-dst-vpc-id", "VPC that the traffic goes to"),
            ("tgw-src-subnet-id", "Subnet that the traffic comes from"),
            ("tgw-dst-subnet-id", "Subnet that the traffic goes to"),
            ("tgw-src-eni", "Interface of the attachment that the traffic comes from"),
            ("tgw-dst-eni", "Interface of the attachment that the traffic goes to"),
            ("tgw-src-az-id", "Availability Zone id that the traffic comes from"),
            ("tgw-dst-az-id", "Availability Zone id that the traffic goes to"),
            ("tgw-pair-attachment-id", "The attachment at the other side, by direction"),
        )
    ),
    Field("packets-lost-no-route", Kind.COUNT, 6, "Packets lost for want of a route"),
    Field("packets-lost-blackhole", Kind.COUNT, 6, "Packets lost to a blackhole route"),
    Field("packets-lost-mtu-exceeded", Kind.COUNT, 6, "Packets lost since they were too large"),
    Field("packets-lost-ttl-expired", Kind.COUNT, 6, "Packets lost since their time to live ended"),
    Field("ecs-cluster-arn", Kind.TEXT, 7, "ECS cluster of the task that has the interface, as its ARN"),
    Field("ecs-cluster-name", Kind.TEXT, 7, "Name of that cluster"),
    Field("ecs-container-instance-arn", Kind.TEXT, 7, "Container instance that runs the task; on EC2 only"),
    Field("ecs-container-instance-id", Kind.TEXT, 7, "Id of that container instance; on EC2 only"),
    Field("ecs-container-id", Kind.TEXT, 7, "Docker runtime id of the task's first container"),
    Field("ecs-second-container-id", Kind.TEXT, 7, "Docker runtime id of the task's second container"),
    Field("ecs-service-name", Kind.TEXT, 7, "ECS service that started the task, where one did"),
    Field("ecs-task-definition-arn", Kind.TEXT, 7, "ARN of the task's definition"),
    Field("ecs-task-arn", Kind.TEXT, 7, "ARN of the task"),
    Field("ecs-task-id", Kind.TEXT, 7, "Id of the task"),
    Field(
        "reject-reason",
        Kind.TEXT,
        8,
        "BPA (VPC Block Public Access) or EC (encryption controls); no other reject has one",
    ),
    Field("resource-id", Kind.ID, 9, "What saw the traffic where that is no interface: a regional NAT gateway"),
    Field("encryption-status", Kind.CODE, 10, "Whether the traffic was encrypted, where encryption controls are on"),
    Field("instance-tag", Kind.TAG, 11, "Value of the first tag of instances that the flow log names"),
    Field("instance-tag-2", Kind.TAG, 11, "Value of the second tag of instances that the flow log names"),
    Field("interface-tag", Kind.TAG, 11, "Value of the first tag of interfaces that the flow log names"),
    Field("interface-tag-2", Kind.TAG, 11, "Value of the second tag of interfaces that the flow log names"),
    Field("asg-tag", Kind.TAG, 11, "Value of the first tag of Auto Scaling groups that the flow log names"),
    Field("asg-tag-2", Kind.TAG, 11, "Value of the second tag of Auto Scaling groups that the flow log names"),
    Field("interface-type", Kind.TEXT, 11, "What kind of interface it is, such as nat_gateway or vpc_endpoint"),
    Field(
        "next-hop-interface-id", Kind.ID, 11, "Interface that the traffic goes to next; on ingress that it came from"
    ),
    Field("next-hop-subnet-id", Kind.ID, 11, "Subnet of that interface"),
    Field("next-hop-az-id", Kind.TEXT, 11, "Availability Zone id of that interface"),
    Field("next-hop-vpc-id", Kind.ID, 11, "VPC of that interface"),
    Field("next-hop-interface-type", Kind.TEXT, 11, "What kind of interface that is"),
)
"""In the order of versions, and within one as AWS lists them. AWS's pages for Cloud WAN name the status INCOMPLETEDATA;
fields of its own that are not here are kept as text, as any unknown field is."""

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
VPC_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS if field.version != TRANSIT_GATEWAY_VERSION)
DEFAULT_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS if field.version == 2)  # noqa: PLR2004 - version 2
TRANSIT_GATEWAY_NAMES: tuple[str, ...] = (
    *("version", "resource-type", "account-id", "tgw-id", "tgw-attachment-id"),
    *("tgw-src-vpc-account-id", "tgw-dst-vpc-account-id", "tgw-src-vpc-id", "tgw-dst-vpc-id"),
    *("tgw-src-subnet-id", "tgw-dst-subnet-id", "tgw-src-eni", "tgw-dst-eni", "tgw-src-az-id", "tgw-dst-az-id"),
    *("tgw-pair-attachment-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes"),
    *("start", "end", "log-status", "type", "packets-lost-no-route", "packets-lost-blackhole"),
    *("packets-lost-mtu-exceeded", "packets-lost-ttl-expired", "tcp-flags", "region", "flow-direction"),
    *("pkt-src-aws-service", "pkt-dst-aws-service"),
)
"""The default format of transit gateways, in its order. Theirs alone are the fields of version 6.

https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""
DEFAULT_LOG_FORMAT = " ".join(f"${{{name}}}" for name in DEFAULT_NAMES)


def dtype_of(name: str) -> pl.DataType:
    """The column type of a field; text for a field this table does not know yet: AWS adds fields every year."""
    field = BY_NAME.get(name)
    return DTYPES[field.kind] if field else DTYPES[Kind.TEXT]


def largest_of(name: str) -> int | None:
    """The largest value a field of numbers may have, where its type alone allows more."""
    field = BY_NAME.get(name)
    return LARGEST.get(field.kind) if field else None


def names_in_log_format(log_format: str) -> tuple[str, ...]:
    """The field names of a LogFormat such as `${version} ${account-id}`, in order.

    Raises ValueError, naming what is wrong, for anything but `${name}` tokens with single spaces between them, and for
    a name that occurs twice. A trailing space is refused by EC2 as well (aws-cloudformation/rain#288).
    """
    if not re.fullmatch(r"\$\{[a-z0-9-]+\}(?: \$\{[a-z0-9-]+\})*", log_format):
        raise ValueError(f"log format {log_format!r} is not `${{field}}` tokens with single spaces between them")
    names = tuple(re.findall(r"\$\{([a-z0-9-]+)\}", log_format))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"log format names {', '.join(twice)} twice")
    return names


def unknown_names(columns: Iterable[str]) -> tuple[str, ...]:
    """The names of those columns that the table does not have, in order."""
    return tuple(column.replace("_", "-") for column in columns if column.replace("_", "-") not in BY_NAME)
