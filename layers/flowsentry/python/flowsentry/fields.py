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
LOG_STATUS = pl.Enum(["OK", "NODATA", "SKIPDATA"])
DIRECTION = pl.Enum(["ingress", "egress"])


class Kind(StrEnum):
    """What a field holds; decides the column's type."""

    TEXT = "text"
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
    Kind.ID: pl.Categorical(),
    Kind.ADDRESS: pl.Categorical(),
    Kind.PORT: pl.UInt16(),
    Kind.PROTOCOL: pl.UInt8(),
    Kind.COUNT: pl.Int64(),
    Kind.TIME: pl.Int64(),
    Kind.BITS: pl.UInt16(),
    Kind.CODE: pl.UInt8(),
    Kind.ACTION: ACTION,
    Kind.LOG_STATUS: LOG_STATUS,
    Kind.DIRECTION: DIRECTION,
}

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


def column_of(name: str) -> str:
    """AWS's name as a column: `-` becomes `_`, nothing else."""
    return name.replace("-", "_")


FIELDS: tuple[Field, ...] = (
    Field("version", Kind.CODE, 2, "Highest version among the fields of the record's format"),
    Field("account-id", Kind.ID, 2, "Account that owns the interface; `unknown` for interfaces made by an AWS service"),
    Field("interface-id", Kind.ID, 2, "Network interface that saw the traffic"),
    Field("srcaddr", Kind.ADDRESS, 2, "Source; on egress the interface's primary address"),
    Field("dstaddr", Kind.ADDRESS, 2, "Destination; on ingress the interface's primary address"),
    Field("srcport", Kind.PORT, 2, "Source port; 0 for ICMP"),
    Field("dstport", Kind.PORT, 2, "Destination port; 0 for ICMP"),
    Field("protocol", Kind.PROTOCOL, 2, "IANA protocol number"),
    Field("packets", Kind.COUNT, 2, "Packets in the interval"),
    Field("bytes", Kind.COUNT, 2, "Bytes in the interval"),
    Field("start", Kind.TIME, 2, "First packet of the interval, Unix seconds; up to 60 s off"),
    Field("end", Kind.TIME, 2, "Last packet of the interval, Unix seconds; up to 60 s off"),
    Field("action", Kind.ACTION, 2, "ACCEPT or REJECT; REJECT also for packets after a connection closed"),
    Field("log-status", Kind.LOG_STATUS, 2, "OK, NODATA (no traffic), SKIPDATA (records were skipped)"),
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
)

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
DEFAULT_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS if field.version == 2)  # noqa: PLR2004 - version 2
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


def unknown_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those names that the table does not have, in order."""
    return tuple(name for name in names if name not in BY_NAME)
