"""Evidence of contacts: openings, established connections and replies, in a form that adds up in any order."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import polars as pl

from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.records.code_names import ICMP, ICMPV6, UDP
from flowsentry.records.fields import dtype_of
from flowsentry.records.service_ports import FIRST_EPHEMERAL_PORT, FIRST_UNPRIVILEGED_PORT, is_service_port

COLUMNS = (
    "source_scope",
    "destination_scope",
    "interface_id",
    "source_address",
    "destination_address",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "is_rejected",
    "is_ipv6",
    "source_is_inside",
    "destination_is_inside",
    "source_owner_kind",
    "destination_owner_kind",
)
"""The columns of a flow that evidence needs. The others are dropped first, since a filter copies every column."""


def columns_of(flows: pl.DataFrame) -> list[str]:
    """COLUMNS, and the optional columns that the format has."""
    return [*COLUMNS, *(name for name in ("tcp_flags", "reject_reason") if name in flows.columns)]


SENT = (
    "source_scope",
    "source_address",
    "destination_address",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "start",
    "end",
    "is_rejected",
    "source_is_inside",
    "destination_is_inside",
    "source_owner_kind",
    "destination_owner_kind",
)
"""The COLUMNS with the ends, the amount and the time: all that is needed of the few records that are held."""

KEY = ("scope", "initiator", "responder", "responder_port", "protocol", "day")
"""The key of a contact. Its scope is the scope of its initiator, whatever logged the record: so the activity of a
source adds up, whether its own VPC or a transit gateway logs it."""
OUTCOME = pl.Enum(["answered", "refused", "unanswered", "rejected", "doubtful"])

MAX_STRAY_PACKETS = 2
"""Packets in the record of a probe without SYN: the probe, and one repetition. More: more late packets look like
probes. Fewer: repeated probes do not look like probes."""

OPENING_FLAGS = ("is_doubtful", "is_certain")
"""`is_certain`: certainly an opening; `is_doubtful`: possibly something else. Neither: a stray packet, which counts as
an opening only if it is one of many: see outcomes.py."""
REPLY_FLAGS = ("is_answered", "is_refused", "is_open")
"""`is_open`: the packet belongs to a connection that is open or closes normally."""
INSIDE = ("initiator_is_inside", "responder_is_inside")

_KEY_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("scope", "initiator", "responder"), pl.Categorical()),
    "responder_port": dtype_of("dstport"),
    "protocol": dtype_of("protocol"),
    "day": pl.Int32(),
}
_SEEN_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(("first_seen", "last_seen"), pl.Int64()),
    **dict.fromkeys(INSIDE, pl.Boolean()),
}
NO_ESTABLISHED = pl.Schema(_KEY_TYPES | _SEEN_TYPES).to_frame()
NO_OPENINGS = pl.Schema(
    {
        **(_KEY_TYPES | _SEEN_TYPES),
        **dict.fromkeys(("interface_id", "reject_reason"), pl.Categorical()),
        "is_of_client_ip_preserving": pl.Boolean(),
        **dict.fromkeys(("min_initiator_port", "max_initiator_port"), dtype_of("srcport")),
        **dict.fromkeys(("opened_packets", "rejected_packets"), pl.Int64()),
        **dict.fromkeys(OPENING_FLAGS, pl.Boolean()),
    }
).to_frame()
NO_REPLIES = pl.Schema(
    {
        **_KEY_TYPES,
        "reply_packets": pl.Int64(),
        "interface_id": pl.Categorical(),
        "initiator_port": dtype_of("dstport"),
        **dict.fromkeys(REPLY_FLAGS, pl.Boolean()),
    }
).to_frame()
"""The evidence of flows that have none of its kind."""

INTERMEDIARIES = (
    "nat gateway",
    "application load balancer",
    "network load balancer",
    "gateway load balancer",
    "classic load balancer",
    "vpc endpoint",
    "gateway load balancer endpoint",
    "transit gateway",
)
"""Owner kinds that forward traffic of others: never the initiator of a contact, so never the subject of a finding.
Wrong for a compromised one: connections that it opens itself are not detected."""
_INTERMEDIARIES = pl.Series(INTERMEDIARIES, dtype=pl.Categorical())
_PRESERVES_CLIENT_IP = "network load balancer"


ALL = pl.lit(value=True)
_NO = pl.lit(value=False)
_Columns = tuple[pl.Expr, ...]


class ConnectionEvidence(NamedTuple):
    """The evidence of the records of a chunk: established connections, other openings, and replies. The first settle
    their contact by themselves, and are by far the most; a reply matters only to the second.
    """

    established: pl.DataFrame
    openings: pl.DataFrame
    replies: pl.DataFrame


def established_evidence(flows: pl.DataFrame, is_one: pl.Expr) -> pl.DataFrame:
    """The given flows, sent by the initiator, as connections that were certainly answered."""

    def columns() -> _Columns:
        return *_key_columns("source", "destination"), *_seen(), *_inside()

    return _evidence(flows, is_one & ~is_from_intermediary(), columns, NO_ESTABLISHED)


def kept_open_evidence(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows, sent by a service on open connections, as connections that were certainly answered."""

    def columns() -> _Columns:
        turned = (pl.col("destination_is_inside"), pl.col("source_is_inside"))
        inside = (column.alias(name) for column, name in zip(turned, INSIDE, strict=True))
        return *_key_columns("destination", "source"), *_seen(), *inside

    return _evidence(flows, ~_is_intermediary("destination_owner_kind"), columns, NO_ESTABLISHED)


def opening_evidence(flows: pl.DataFrame, is_one: pl.Expr, **flags: pl.Expr) -> pl.DataFrame:
    """The given flows, sent by the initiator, as openings with these flags."""

    def columns() -> _Columns:
        opened_packets = flags.pop("opened_packets", pl.col("packets"))
        counts = (opened_packets.alias("opened_packets"), _rejected_packets().alias("rejected_packets"))
        ports = (pl.col("srcport").alias("min_initiator_port"), pl.col("srcport").alias("max_initiator_port"))
        given = (flags.get(name, _NO).alias(name) for name in OPENING_FLAGS)
        balancer = is_of_client_ip_preserving().alias("is_of_client_ip_preserving")
        record = (pl.col("interface_id"), _reject_reason(flows), balancer)
        return *_key_columns("source", "destination"), *_seen(), *_inside(), *record, *ports, *counts, *given

    return _evidence(flows, is_one & ~is_from_intermediary(), columns, NO_OPENINGS)


def _reject_reason(flows: pl.DataFrame) -> pl.Expr:
    """AWS's reason for a REJECT that is not due to a security group or network ACL; null where the format lacks it."""
    if "reject_reason" in flows.columns:
        return pl.col("reject_reason")
    return pl.lit(None, pl.Categorical()).alias("reject_reason")


def reply_evidence(flows: pl.DataFrame, is_one: pl.Expr, **flags: pl.Expr) -> pl.DataFrame:
    """The given flows, sent by the responder, as replies with these flags."""

    def columns() -> _Columns:
        packets = flags.pop("reply_packets", pl.col("packets"))
        given = (flags.get(name, _NO).alias(name) for name in REPLY_FLAGS)
        path = (pl.col("interface_id"), pl.col("dstport").alias("initiator_port"))
        return *_key_columns("destination", "source"), packets.alias("reply_packets"), *path, *given

    return _evidence(flows, is_one, columns, NO_REPLIES)


MAX_FEW_FLOWS = 5_000
"""Flows up to which columns that are not used are copied too. More: the copies take longer than optimising a query.
Fewer: small payloads pay for it."""
PORTS = {"source": "srcport", "destination": "dstport"}


def _evidence(
    flows: pl.DataFrame, is_one: pl.Expr, columns: Callable[[], _Columns], nothing: pl.DataFrame
) -> pl.DataFrame:
    """The `columns` of the flows for which `is_one` holds; `nothing` where there is none, as mostly among few flows. Of
    many flows, filters and selects in one query, so that only the columns in use are copied.
    """
    if len(flows) > MAX_FEW_FLOWS:
        return flows.lazy().filter(is_one).select(columns()).collect()
    rows = filter_few(flows, is_one)
    return rows.select_seq(columns()) if len(rows) else nothing


def in_one(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows of all parts. Mostly at most one of them has any."""
    held = [part for part in parts if len(part)]
    return pl.concat(held) if len(held) > 1 else (held or parts)[0]


@cache
def _key_columns(initiator: str, responder: str) -> tuple[pl.Expr, ...]:
    return (
        pl.col(f"{initiator}_scope").alias("scope"),
        pl.col(f"{initiator}_address").alias("initiator"),
        pl.col(f"{responder}_address").alias("responder"),
        pl.col(PORTS[responder]).alias("responder_port"),
        pl.col("protocol"),
        (pl.col("start") // SECONDS_A_DAY).cast(pl.Int32).alias("day"),
    )


@cache
def is_from_intermediary() -> pl.Expr:
    """Whether an intermediary, which forwards traffic of others, sent the record."""
    return _is_intermediary("source_owner_kind")


@cache
def _is_intermediary(owner_kind: str) -> pl.Expr:
    return pl.col(owner_kind).is_in(pl.lit(_INTERMEDIARIES).implode()).fill_null(value=False)


@cache
def is_of_client_ip_preserving() -> pl.Expr:
    """Whether the destination is a load balancer that may preserve the client's address."""
    return (pl.col("destination_owner_kind") == _PRESERVES_CLIENT_IP).fill_null(value=False)


@cache
def _seen() -> tuple[pl.Expr, pl.Expr]:
    return pl.col("start").alias("first_seen"), pl.coalesce("end", "start").alias("last_seen")


@cache
def _inside() -> tuple[pl.Expr, pl.Expr]:
    return (
        pl.col("source_is_inside").alias("initiator_is_inside"),
        pl.col("destination_is_inside").alias("responder_is_inside"),
    )


@cache
def _rejected_packets() -> pl.Expr:
    return pl.when("is_rejected").then("packets").otherwise(0)


def filter_few(flows: pl.DataFrame, is_one: pl.Expr) -> pl.DataFrame:
    """The rows for which `is_one`, a condition on columns or ALL, holds. Where they are few, this takes half the time
    of a filter, which reads every column of every row (a million records, 14 columns: 2.2 and 4.7 ms; November 2026).
    """
    if flows.is_empty() or is_one is ALL:
        return flows
    rows = flows.select(is_one.arg_true().alias("row"))["row"]
    return flows[rows] if len(rows) else flows.clear()


@cache
def is_stray() -> pl.Expr:
    """Whether one or two packets go to a port on which a service may listen: a probe without SYN (FIN, NULL, Xmas,
    ACK), or the last packets of a closed connection. Which of the two is decided by the other contacts of the sender:
    see outcomes.py.

    A packet from a service port to a port from 1024 on is a reply, and one to a higher port than its own may be one.
    Wrong for probes of ports from 32768 on, and for those from a service port to another above 1024.
    """
    to_service, from_service = is_service_port(pl.col("dstport")), is_service_port(pl.col("srcport"))
    to_listener = to_service & (~from_service | (pl.col("dstport") < FIRST_UNPRIVILEGED_PORT))
    to_other = ~to_service & (pl.col("dstport") < FIRST_EPHEMERAL_PORT) & (pl.col("srcport") >= FIRST_EPHEMERAL_PORT)
    return (to_listener | to_other) & (pl.col("packets") <= MAX_STRAY_PACKETS)


def evidence_of_rejects(rejected: pl.DataFrame) -> pl.DataFrame:
    """The evidence of REJECT records of UDP and ICMP. These have no handshake, so a contact fails only by REJECT. A
    record from a service port to a port that is none is a late reply, not a contact.

    Wrong for replies of a service on an unlisted port that come when the security group no longer tracks the request:
    they count as contacts that the service opened.
    """
    udp = pl.col("protocol") == UDP
    is_reply = is_service_port(pl.col("srcport")) & ~is_service_port(pl.col("dstport"))
    is_one = (udp & ~is_reply) | pl.col("protocol").is_in([ICMP, ICMPV6])
    return opening_evidence(rejected, is_one, is_certain=ALL)
