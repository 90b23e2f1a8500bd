"""Evidence from tcp-flags: SYN without ACK opens a connection, SYN-ACK answers it, RST refuses it.

Flags are OR-ed over the interval and ACK alone is not reported
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html). A later interval of a long connection has no
SYN: it shows an answer only where data comes from a service port. Late packets of a closed connection, which are
REJECTed as well, are evidence of nothing.

Transit gateways report PSH 8, ACK 16 and URG 32 too, and only a record of nothing but ACKs has 0
(https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html). So the record of the initiator may show the ACK of
packets that it sent after the SYN: SYN and ACK in one record, 18 or with data 26, is not always a SYN-ACK there.
"""

from functools import cache

import polars as pl

from flowsentry.contacts.connection_evidence import (
    ConnectionEvidence,
    established_evidence,
    filter_few,
    in_one,
    is_stray,
    kept_open_evidence,
    opening_evidence,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, carries_data, is_bare, size_with_syn
from flowsentry.records.code_names import ACK, FIN, RST, SYN, TCP
from flowsentry.records.service_ports import is_service_port

_IS_TCP, _ACCEPTED = pl.col("protocol") == TCP, ~pl.col("is_rejected")
MAX_OPEN_PACKETS = 4
"""Packets of a record without SYN up to which it may answer stray packets of an open connection: an ACK is due for
every second packet. More: more records are held. Fewer: a host with long idle connections looks more like one that
probes."""


def evidence_by_flags(flows: pl.DataFrame) -> ConnectionEvidence:
    """The evidence of the TCP records of a chunk.

    An opening is established when it was accepted and the initiator's own record has more than SYNs: then it was
    answered somewhere, even when the reply is in another file or payload. So the outcome does not depend on how
    CloudWatch Logs divides its payloads. A FIN or an RST of the initiator follows an answer; the size distinguishes
    ACKs from repeated SYNs. A single packet with a SYN flag is a SYN, whatever other flags it has. A SYN-ACK without a
    SYN in the batch is no contact (backscatter).

    Data from a service port without SYN belongs to a connection that was opened earlier: its client is still answered.
    Bare packets without SYN and RST are stray packets: see outcomes.py.

    Wrong for a connection whose interval, and with it the batch, ends between SYN and SYN-ACK: it is unanswered there.
    That is rare, and an endpoint that answers at any other time of the day has not failed. Wrong also for a repeated
    SYN with data (TCP Fast Open): it counts as answered.
    """
    late = filter_few(flows, _IS_TCP & ~_has(SYN | RST) & (pl.col("packets") <= MAX_OPEN_PACKETS))
    sized = flows.with_columns(size_with_syn().alias("size"))
    return ConnectionEvidence(
        in_one([established_evidence(sized, _opens() & _is_established()), *_kept_open(flows)]),
        in_one([_openings(sized), opening_evidence(late, is_bare() & is_stray())]),
        in_one(_replies(flows, late)),
    )


@cache
def _opens() -> pl.Expr:
    return _IS_TCP & _has(SYN) & ~_has(ACK)


@cache
def _is_established() -> pl.Expr:
    """Whether the initiator's record, with its `size`, has more than SYNs."""
    is_more = _has(FIN | RST) | (pl.col("size") == Size.MORE)
    return _ACCEPTED & (pl.col("packets") > 1) & is_more


def _openings(sized: pl.DataFrame) -> pl.DataFrame:
    is_doubtful = _ACCEPTED & (pl.col("size") == Size.EITHER)
    return opening_evidence(sized, _opens() & ~_is_established(), is_certain=~is_doubtful, is_doubtful=is_doubtful)


def _kept_open(flows: pl.DataFrame) -> list[pl.DataFrame]:
    """Connections that were opened earlier and on which a service still sends data; mostly empty."""
    is_sent = _ACCEPTED & ~_has(SYN | RST) & carries_data()
    is_of_service = is_service_port(pl.col("srcport")) & ~is_service_port(pl.col("dstport"))
    kept_open = filter_few(flows, _IS_TCP & is_sent & is_of_service)
    return [kept_open_evidence(kept_open)] if len(kept_open) else []


def _replies(flows: pl.DataFrame, late: pl.DataFrame) -> list[pl.DataFrame]:
    yes, no_packets = pl.lit(value=True), pl.lit(0, pl.Int64)
    is_answer, is_reset = _has(SYN) & _has(ACK), _has(RST) & ~_has(SYN)
    are_replies = _IS_TCP & _ACCEPTED & (is_answer | is_reset)
    replies = [reply_evidence(flows, are_replies, is_answered=is_answer, is_refused=is_reset, reply_packets=no_packets)]
    if len(late):
        is_from_service = _ACCEPTED & is_service_port(pl.col("srcport"))
        replies.append(reply_evidence(late, is_from_service, is_open=yes, reply_packets=no_packets))
    return replies


def evidence_by_flags_with_acks(flows: pl.DataFrame) -> ConnectionEvidence:
    """The same for formats that report ACKs, as transit gateways do.

    A record with SYN and ACK is an answer, as in other formats; it counts only beside the opening that it answers, so
    it does no harm where that is wrong. A record with both from a port that is no service port to one that is was sent
    by the initiator after the answer. Between other ports it stays undecided which end opened the connection. A single
    packet with both flags is a SYN-ACK.
    """
    evidence = evidence_by_flags(flows)
    has_both = (pl.col("protocol") == TCP) & _has(SYN) & _has(ACK) & (pl.col("packets") > 1)
    to_service = is_service_port(pl.col("dstport")) & ~is_service_port(pl.col("srcport"))
    opened = established_evidence(flows, has_both & to_service & ~pl.col("is_rejected"))
    return evidence._replace(established=in_one([evidence.established, opened]))


@cache
def _has(bits: int) -> pl.Expr:
    return (pl.col("tcp_flags") & bits) != 0
