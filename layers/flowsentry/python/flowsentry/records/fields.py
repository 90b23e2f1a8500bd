"""Table of every flow log field: type, version and meaning. Column types, formats and documentation derive from it.

Source: AWS VPC User Guide, "Flow log records"
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
"""

import re
from collections.abc import Iterable
from enum import StrEnum

import polars as pl

from flowsentry.value import Value

MISSING = "-"
"""What a record has for a field without a value."""
PANDAS_MISSING_WORDS = ("None", "nan", "NaN")
MISSING_WORDS = (MISSING, "", *PANDAS_MISSING_WORDS)
"""What columns of text have for a missing value: AWS's own, and what Python and pandas leave there.
https://github.com/obsrvbl-oss/flowlogs-reader/blob/master/flowlogs_reader/flowlogs_reader.py"""
ACTION = pl.Enum(["ACCEPT", "REJECT"])
LOG_STATUS = pl.Enum(["OK", "NODATA", "SKIPDATA", "INCOMPLETEDATA"])
DIRECTION = pl.Enum(["ingress", "egress"])


class Kind(StrEnum):
    """The kind of values of a field, which decides the type of its column."""

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


# Addresses and ids repeat: a Categorical stores each text once, so that joins and group-bys compare numbers.
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

# STRING for other kinds. For the protocol of transit gateways, AWS documents INT_64 in one place and INT_32 in others.
_PARQUET_TYPES: dict[Kind, str] = dict.fromkeys(
    (Kind.PORT, Kind.PROTOCOL, Kind.BITS, Kind.CODE), "INT_32"
) | dict.fromkeys((Kind.COUNT, Kind.TIME), "INT_64")

MILLISECONDS_FROM = 10**11
"""A time from this number on is in milliseconds: as seconds it would be in the year 5138, as milliseconds in 1973."""
LARGEST: dict[Kind, int] = {Kind.COUNT: 10**15, Kind.TIME: 1000 * MILLISECONDS_FROM - 1}
"""Largest counts and times (the smallest is 0). A record with a larger one is damaged, and its sums would overflow."""


class Field(Value, frozen=True):
    """One field of a record: AWS's name, its kind, the version that introduced it, and its meaning."""

    name: str
    kind: Kind
    version: int
    meaning: str

    @property
    def column(self) -> str:
        return column_of(self.name)

    @property
    def shape(self) -> str | None:
        """A regular expression for its whole text; None if any text is valid or the type suffices. Only for
        distinguishing formats: AWS may introduce other values.
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
    """The column name of a field: `-` becomes `_`."""
    return name.replace("-", "_")


ADDED_COLUMNS = re.compile(r"(source|destination|refused|is)_\w+|charged_path|crosses_zones")
"""Names of columns that enrichment adds. No field of AWS has one of these; a header that somebody else wrote may."""
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
    Field("version", Kind.CODE, 2, "Highest version of the fields in the log format"),
    Field("account-id", Kind.ID, 2, "Account that owns the interface; `unknown` if an AWS service created it"),
    Field("interface-id", Kind.ID, 2, "Network interface that recorded the traffic; `-` for a regional NAT gateway"),
    Field("srcaddr", Kind.ADDRESS, 2, "Source address; for egress traffic the interface's primary address"),
    Field("dstaddr", Kind.ADDRESS, 2, "Destination address; for ingress traffic the interface's primary address"),
    Field("srcport", Kind.PORT, 2, "Source port; 0 for ICMP"),
    Field("dstport", Kind.PORT, 2, "Destination port; 0 for ICMP"),
    Field("protocol", Kind.PROTOCOL, 2, "IANA protocol number; an invalid one (over 255) is kept unchanged"),
    Field("packets", Kind.COUNT, 2, "Packets in the aggregation interval"),
    Field("bytes", Kind.COUNT, 2, "Bytes in the aggregation interval"),
    Field("start", Kind.TIME, 2, "Time of the first packet of the interval, Unix seconds; may be off by 60 s"),
    Field("end", Kind.TIME, 2, "Time of the last packet of the interval, Unix seconds; may be off by 60 s"),
    Field("action", Kind.ACTION, 2, "ACCEPT or REJECT; also REJECT for packets after their connection closed"),
    Field(
        "log-status",
        Kind.LOG_STATUS,
        2,
        "OK, NODATA (no traffic), SKIPDATA (records were skipped), INCOMPLETEDATA (Cloud WAN: one side is missing)",
    ),
    Field("vpc-id", Kind.ID, 3, "VPC of the interface"),
    Field("subnet-id", Kind.ID, 3, "Subnet of the interface"),
    Field("instance-id", Kind.ID, 3, "Instance that the interface is attached to, if your account owns it"),
    Field("tcp-flags", Kind.BITS, 3, "Bitwise OR of the TCP flags in the interval: FIN 1, SYN 2, RST 4, SYN-ACK 18"),
    Field("type", Kind.TEXT, 3, "IPv4, IPv6 or EFA"),
    Field("pkt-srcaddr", Kind.ADDRESS, 3, "Packet source; differs from srcaddr at NAT, transit gateways, pods"),
    Field("pkt-dstaddr", Kind.ADDRESS, 3, "Packet destination; differs from dstaddr likewise"),
    Field("region", Kind.TEXT, 4, "Region of the interface"),
    Field("az-id", Kind.TEXT, 4, "Availability Zone ID of the interface"),
    Field("sublocation-type", Kind.TEXT, 4, "Type of the sublocation: wavelength, outpost or localzone"),
    Field("sublocation-id", Kind.TEXT, 4, "ID of the sublocation"),
    Field("pkt-src-aws-service", Kind.TEXT, 5, "AWS service whose published address ranges contain pkt-srcaddr"),
    Field("pkt-dst-aws-service", Kind.TEXT, 5, "AWS service whose published address ranges contain pkt-dstaddr"),
    Field("flow-direction", Kind.DIRECTION, 5, "Direction as seen from the interface: ingress or egress"),
    Field("traffic-path", Kind.CODE, 5, "Path that egress traffic takes to its destination"),
    *(
        Field(name, Kind.ID, 6, meaning)
        for name, meaning in (
            ("resource-type", "Resource that recorded the traffic: TransitGateway or TransitGatewayAttachment"),
            ("tgw-id", "Transit gateway that recorded the traffic"),
            ("tgw-attachment-id", "Attachment that recorded the traffic"),
            ("tgw-src-vpc-account-id", "Account of the source VPC"),
            ("tgw-dst-vpc-account-id", "Account of the destination VPC"),
            ("tgw-src-vpc-id", "Source VPC"),
            ("tgw-dst-vpc-id", "Destination VPC"),
            ("tgw-src-subnet-id", "Source subnet"),
            ("tgw-dst-subnet-id", "Destination subnet"),
            ("tgw-src-eni", "Network interface of the source attachment"),
            ("tgw-dst-eni", "Network interface of the destination attachment"),
            ("tgw-src-az-id", "Availability Zone ID of the source attachment"),
            ("tgw-dst-az-id", "Availability Zone ID of the destination attachment"),
            (
                "tgw-pair-attachment-id",
                "Attachment at the other side: egress for ingress traffic and vice versa",
            ),
        )
    ),
    Field("packets-lost-no-route", Kind.COUNT, 6, "Packets lost because no route was specified"),
    Field("packets-lost-blackhole", Kind.COUNT, 6, "Packets lost because of a blackhole route"),
    Field("packets-lost-mtu-exceeded", Kind.COUNT, 6, "Packets lost because their size exceeded the MTU"),
    Field("packets-lost-ttl-expired", Kind.COUNT, 6, "Packets lost because their time to live expired"),
    Field("ecs-cluster-arn", Kind.TEXT, 7, "ARN of the ECS cluster of the task that the interface belongs to"),
    Field("ecs-cluster-name", Kind.TEXT, 7, "Name of the ECS cluster"),
    Field("ecs-container-instance-arn", Kind.TEXT, 7, "ARN of the ECS container instance that runs the task; EC2 only"),
    Field("ecs-container-instance-id", Kind.TEXT, 7, "ID of the ECS container instance; EC2 only"),
    Field("ecs-container-id", Kind.TEXT, 7, "Docker runtime ID of the task's first container"),
    Field("ecs-second-container-id", Kind.TEXT, 7, "Docker runtime ID of the task's second container"),
    Field("ecs-service-name", Kind.TEXT, 7, "ECS service that started the task, if any"),
    Field("ecs-task-definition-arn", Kind.TEXT, 7, "ARN of the ECS task definition"),
    Field("ecs-task-arn", Kind.TEXT, 7, "ARN of the ECS task"),
    Field("ecs-task-id", Kind.TEXT, 7, "ID of the ECS task"),
    Field(
        "reject-reason",
        Kind.TEXT,
        8,
        "BPA (VPC Block Public Access) or EC (VPC encryption controls); empty for other rejects",
    ),
    Field("resource-id", Kind.ID, 9, "Resource that recorded the traffic, if no interface did: a regional NAT gateway"),
    Field("encryption-status", Kind.CODE, 10, "Encryption of the traffic, if VPC encryption controls are on"),
    Field("instance-tag", Kind.TAG, 11, "Value of the first selected tag of the instance"),
    Field("instance-tag-2", Kind.TAG, 11, "Value of the second selected tag of the instance"),
    Field("interface-tag", Kind.TAG, 11, "Value of the first selected tag of the interface"),
    Field("interface-tag-2", Kind.TAG, 11, "Value of the second selected tag of the interface"),
    Field("asg-tag", Kind.TAG, 11, "Value of the first selected tag of the Auto Scaling group"),
    Field("asg-tag-2", Kind.TAG, 11, "Value of the second selected tag of the Auto Scaling group"),
    Field("interface-type", Kind.TEXT, 11, "Type of the interface, such as nat_gateway or vpc_endpoint"),
    Field("next-hop-interface-id", Kind.ID, 11, "Next interface on the path; for ingress traffic the previous one"),
    Field("next-hop-subnet-id", Kind.ID, 11, "Subnet of the next-hop interface"),
    Field("next-hop-az-id", Kind.TEXT, 11, "Availability Zone ID of the next-hop interface"),
    Field("next-hop-vpc-id", Kind.ID, 11, "VPC of the next-hop interface"),
    Field("next-hop-interface-type", Kind.TEXT, 11, "Type of the next-hop interface"),
)
"""In the order of versions, and within a version as AWS lists them. The status INCOMPLETEDATA is from AWS's pages
for Cloud WAN; Cloud WAN fields that are not listed here are kept as text, like any unknown field."""

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
"""The default format of transit gateway flow logs, in AWS's order. Only these have the fields of version 6.

https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""
DEFAULT_LOG_FORMAT = " ".join(f"${{{name}}}" for name in DEFAULT_NAMES)


def dtype_of(name: str) -> pl.DataType:
    """The column type of a field; text for a field not in this table, since AWS adds fields every year."""
    field = BY_NAME.get(name)
    return DTYPES[field.kind] if field else DTYPES[Kind.TEXT]


def largest_of(name: str) -> int | None:
    """The largest value of a numeric field if its column type allows more, else None."""
    field = BY_NAME.get(name)
    return LARGEST.get(field.kind) if field else None


def names_in_log_format(log_format: str) -> tuple[str, ...]:
    """The field names of a LogFormat such as `${version} ${account-id}`, in order.

    Raises ValueError for anything but `${name}` tokens separated by single spaces, and for a name that occurs twice.
    EC2 also rejects a trailing space (aws-cloudformation/rain#288).
    """
    if not re.fullmatch(r"\$\{[a-z0-9-]+\}(?: \$\{[a-z0-9-]+\})*", log_format):
        raise ValueError(f"log format {log_format!r} is not `${{field}}` tokens with single spaces between them")
    names = tuple(re.findall(r"\$\{([a-z0-9-]+)\}", log_format))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"log format names {', '.join(twice)} twice")
    return names


def unknown_names(columns: Iterable[str]) -> tuple[str, ...]:
    """The field names of the columns that this table lacks, in order."""
    return tuple(column.replace("_", "-") for column in columns if column.replace("_", "-") not in BY_NAME)


_TRANSIT_GATEWAY_COLUMNS = frozenset(field.column for field in FIELDS if field.version == TRANSIT_GATEWAY_VERSION)
LOST_PACKETS = tuple(field.column for field in FIELDS if field.name.startswith("packets-lost-"))
"""Columns of packets that a transit gateway dropped. No rule denied them, so they do not count as rejected."""


def is_of_transit_gateway(columns: Iterable[str]) -> bool:
    """Whether records with these columns are from a transit gateway (or Cloud WAN): only those have fields of version
    6. A custom format without any of them is taken for a VPC's.

    https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
    """
    return not _TRANSIT_GATEWAY_COLUMNS.isdisjoint(columns)
