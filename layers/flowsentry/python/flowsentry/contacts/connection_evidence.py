"""Evidence of contacts: openings, established connections and replies, in a form that adds up in any order."""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from flowsentry.contacts.intermediaries import FORWARDERS
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.records.code_names import ICMP, ICMPV6, UDP
from flowsentry.records.few_rows import rows_where
from flowsentry.records.fields import dtype_of
from flowsentry.records.service_ports import FIRST_EPHEMERAL_PORT, FIRST_UNPRIVILEGED_PORT, are_service_ports

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


def with_day(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows with `day`, counted from 1970, on which each record starts."""
    return flows.hstack([(flows["start"] // SECONDS_A_DAY).cast(pl.Int32).alias("day")])


SENT = (
    "source_scope",
    "source_address",
    "destination_address",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "day",
    "start",
    "end",
    "is_rejected",
    "source_is_inside",
    "destination_is_inside",
    *FORWARDERS,
)
"""The columns with the ends, the amount and the time: all that is needed of the few records that are held."""

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


class ConnectionEvidence(NamedTuple):
    """The evidence of the records of a chunk: established connections, other openings, and replies. The first settle
    their contact by themselves, and are by far the most; a reply matters only to the second.
    """

    established: pl.DataFrame
    openings: pl.DataFrame
    replies: pl.DataFrame


_OF_REPLIES = (
    *("destination_scope", "destination_address", "source_address", "srcport", "dstport", "protocol", "day"),
    *("interface_id", "packets", "bytes", "is_ipv6", "is_rejected"),
)
PORTS = {"source": "srcport", "destination": "dstport"}
MAX_FEW_FLOWS = 5_000
"""Flows up to which those for which something mostly holds are taken by `rows_where`. More: a filter takes less time.
Fewer: small payloads pay for the plan of a filter."""


def initiated(flows: pl.DataFrame, is_one: pl.Series) -> pl.DataFrame:
    """The rows for which `is_one` holds and which no intermediary sent: it forwards traffic of others."""
    return rows_where(flows, is_one & ~flows["source_forwards"])


def replied(flows: pl.DataFrame, is_one: pl.Series) -> pl.DataFrame:
    """The rows for which `is_one` holds, with the columns that replies need."""
    names = [*_OF_REPLIES, "tcp_flags"] if "tcp_flags" in flows.columns else list(_OF_REPLIES)
    return _most_where(flows[names], is_one)


def _most_where(flows: pl.DataFrame, is_one: pl.Series) -> pl.DataFrame:
    """The same as `rows_where`, of which there may be as many as flows."""
    return rows_where(flows, is_one) if len(flows) <= MAX_FEW_FLOWS else flows.filter(is_one)


def established_evidence(flows: pl.DataFrame, is_one: pl.Series, initiator: str = "source") -> pl.DataFrame:
    """The flows for which `is_one` holds, sent by the initiator (or to it, if the initiator is the destination), as
    connections that were certainly answered.
    """
    responder = "destination" if initiator == "source" else "source"
    ends = [f"{initiator}_scope", *(f"{end}_{name}" for end in PORTS for name in ("address", "is_inside"))]
    columns = [*ends, PORTS[responder], "protocol", "day", "start", "end"]
    rows = _most_where(flows[columns], is_one & ~flows[f"{initiator}_forwards"])
    if rows.is_empty():
        return NO_ESTABLISHED
    return pl.DataFrame([*_key_columns(rows, initiator, responder), *_seen(rows), *_inside(rows, initiator, responder)])


def opening_evidence(
    flows: pl.DataFrame, is_certain: pl.Series, is_doubtful: pl.Series, opened_packets: pl.Series | None = None
) -> pl.DataFrame:
    """The flows, sent by the initiator, as openings with these flags. No intermediary sent them: see `initiated`."""
    if flows.is_empty():
        return NO_OPENINGS
    port, packets = flows["srcport"], flows["packets"]
    opened = packets if opened_packets is None else opened_packets
    return pl.DataFrame(
        [
            *_key_columns(flows, "source", "destination"),
            *_seen(flows),
            *_inside(flows, "source", "destination"),
            flows["interface_id"],
            _reject_reason(flows),
            flows["destination_preserves_client_ip"].alias("is_of_client_ip_preserving"),
            port.alias("min_initiator_port"),
            port.alias("max_initiator_port"),
            opened.alias("opened_packets"),
            packets.zip_with(flows["is_rejected"], _NO_PACKETS).alias("rejected_packets"),
            is_doubtful.alias("is_doubtful"),
            is_certain.alias("is_certain"),
        ]
    )


def _reject_reason(flows: pl.DataFrame) -> pl.Series:
    """AWS's reason for a REJECT that is not due to a security group or network ACL; null where the format lacks it."""
    if "reject_reason" in flows.columns:
        return flows["reject_reason"]
    return _NO_REASON.new_from_index(0, len(flows))


def reply_evidence(
    flows: pl.DataFrame,
    is_answered: pl.Series,
    is_refused: pl.Series,
    is_open: pl.Series | None = None,
    reply_packets: pl.Series | None = None,
) -> pl.DataFrame:
    """The flows, sent by the responder, as replies with these flags; see `replied`."""
    if flows.is_empty():
        return NO_REPLIES
    return pl.DataFrame(
        [
            *_key_columns(flows, "destination", "source"),
            (flows["packets"] if reply_packets is None else reply_packets).alias("reply_packets"),
            flows["interface_id"],
            flows["dstport"].alias("initiator_port"),
            is_answered.alias("is_answered"),
            is_refused.alias("is_refused"),
            (none_of(flows) if is_open is None else is_open).alias("is_open"),
        ]
    )


_NO, _YES = (pl.Series([value]) for value in (False, True))
_NO_PACKETS = pl.Series([0])
_NO_REASON = pl.Series("reject_reason", [None], pl.Categorical())


def none_of(flows: pl.DataFrame) -> pl.Series:
    """False for each row."""
    return _NO.new_from_index(0, len(flows))


def all_of(flows: pl.DataFrame) -> pl.Series:
    """True for each row."""
    return _YES.new_from_index(0, len(flows))


def in_one(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows of all parts. Mostly at most one of them has any."""
    held = [part for part in parts if len(part)]
    return pl.concat(held) if len(held) > 1 else (held or parts)[0]


def _key_columns(flows: pl.DataFrame, initiator: str, responder: str) -> tuple[pl.Series, ...]:
    return (
        flows[f"{initiator}_scope"].alias("scope"),
        flows[f"{initiator}_address"].alias("initiator"),
        flows[f"{responder}_address"].alias("responder"),
        flows[PORTS[responder]].alias("responder_port"),
        flows["protocol"],
        flows["day"],
    )


def _seen(flows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    start, end = flows["start"], flows["end"]
    last = end.zip_with(end.is_not_null(), start) if end.null_count() else end
    return start.alias("first_seen"), last.alias("last_seen")


def _inside(flows: pl.DataFrame, initiator: str, responder: str) -> tuple[pl.Series, pl.Series]:
    initiator_inside, responder_inside = INSIDE
    return flows[f"{initiator}_is_inside"].alias(initiator_inside), flows[f"{responder}_is_inside"].alias(
        responder_inside
    )


def is_stray(flows: pl.DataFrame) -> pl.Series:
    """Whether one or two packets go to a port on which a service may listen: a probe without SYN (FIN, NULL, Xmas,
    ACK), or the last packets of a closed connection. Which of the two is decided by the other contacts of the sender:
    see outcomes.py.

    A packet from a service port to a port from 1024 on is a reply, and one to a higher port than its own may be one.
    Wrong for probes of ports from 32768 on, and for those from a service port to another above 1024.
    """
    source, destination = flows["srcport"], flows["dstport"]
    to_service, from_service = are_service_ports(destination), are_service_ports(source)
    to_listener = to_service & (~from_service | (destination < FIRST_UNPRIVILEGED_PORT))
    to_other = ~to_service & (destination < FIRST_EPHEMERAL_PORT) & (source >= FIRST_EPHEMERAL_PORT)
    return (to_listener | to_other) & (flows["packets"] <= MAX_STRAY_PACKETS)


def is_from_service(flows: pl.DataFrame) -> pl.Series:
    """Whether a record goes from a service port to a port that is none."""
    return are_service_ports(flows["srcport"]) & ~are_service_ports(flows["dstport"])


def evidence_of_rejects(rejected: pl.DataFrame) -> pl.DataFrame:
    """The evidence of REJECT records of UDP and ICMP. These have no handshake, so a contact fails only by REJECT. A
    record from a service port to a port that is none is a late reply, not a contact.

    Wrong for replies of a service on an unlisted port that come when the security group no longer tracks the request:
    they count as contacts that the service opened.
    """
    protocol = rejected["protocol"]
    is_udp, is_icmp = protocol == UDP, (protocol == ICMP) | (protocol == ICMPV6)
    if not (is_udp | is_icmp).any():
        return NO_OPENINGS
    opened = initiated(rejected, (is_udp & ~is_from_service(rejected)) | is_icmp)
    return opening_evidence(opened, is_certain=all_of(opened), is_doubtful=none_of(opened))
