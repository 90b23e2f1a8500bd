"""Evidence from tcp-flags: SYN without ACK opens a connection, SYN-ACK answers it, RST refuses it.

Flags are OR-ed over the interval and ACK alone is not reported
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html). A later interval of a long connection has no
SYN: it shows an answer only where data comes from a service port. Late packets of a closed connection, which are
REJECTed as well, are evidence of nothing.

Transit gateways report PSH 8, ACK 16 and URG 32 too, and only a record of nothing but ACKs has 0
(https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html). So the record of the initiator may show the ACK of
packets that it sent after the SYN: SYN and ACK in one record, 18 or with data 26, is not always a SYN-ACK there.
"""

import polars as pl

from flowsentry.contacts.connection_evidence import (
    NO_ESTABLISHED,
    NO_REPLIES,
    ConnectionEvidence,
    established_evidence,
    in_one,
    initiated,
    is_from_service,
    is_stray,
    none_of,
    opening_evidence,
    replied,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, carries_data, is_bare, size_with_syn
from flowsentry.records.code_names import ACK, FIN, RST, SYN, TCP
from flowsentry.records.few_rows import rows_where
from flowsentry.records.service_ports import are_service_ports

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
    is_tcp, syn, ack = flows["protocol"] == TCP, _has(flows, SYN), _has(flows, ACK)
    has_end = _has(flows, SYN | RST)
    late = rows_where(flows, is_tcp & ~has_end & (flows["packets"] <= MAX_OPEN_PACKETS))
    opened = initiated(flows, is_tcp & syn & ~ack)
    opened = opened.hstack([size_with_syn(opened).alias("size")])
    is_established = _is_established(opened)
    return ConnectionEvidence(
        in_one([established_evidence(opened, is_established), _kept_open(flows, is_tcp & ~has_end)]),
        in_one([_openings(rows_where(opened, ~is_established)), _strays(late)]),
        in_one([_replies(flows, is_tcp), _late_replies(late)]),
    )


def _is_established(opened: pl.DataFrame) -> pl.Series:
    """Whether the initiator's record, with its `size`, has more than SYNs."""
    is_more = _has(opened, FIN | RST) | (opened["size"] == Size.MORE)
    return ~opened["is_rejected"] & (opened["packets"] > 1) & is_more


def _openings(opened: pl.DataFrame) -> pl.DataFrame:
    is_doubtful = ~opened["is_rejected"] & (opened["size"] == Size.EITHER)
    return opening_evidence(opened, is_certain=~is_doubtful, is_doubtful=is_doubtful)


def _strays(late: pl.DataFrame) -> pl.DataFrame:
    strays = initiated(late, is_bare(late) & is_stray(late)) if len(late) else late
    return opening_evidence(strays, is_certain=none_of(strays), is_doubtful=none_of(strays))


def _kept_open(flows: pl.DataFrame, is_later: pl.Series) -> pl.DataFrame:
    """Connections that were opened earlier and on which a service still sends data; mostly none."""
    later = rows_where(flows, is_later & ~flows["is_rejected"])
    if later.is_empty():
        return NO_ESTABLISHED
    return established_evidence(later, carries_data(later) & is_from_service(later), initiator="destination")


def _replies(flows: pl.DataFrame, is_tcp: pl.Series) -> pl.DataFrame:
    """Answers with SYN and ACK, and resets. They count no packets."""
    is_answer, is_reset = _has_syn_and_ack(flows), _has(flows, RST) & ~_has(flows, SYN)
    replies = replied(flows, is_tcp & ~flows["is_rejected"] & (is_answer | is_reset))
    is_answered = _has_syn_and_ack(replies)
    is_refused = _has(replies, RST) & ~_has(replies, SYN)
    no_packets = pl.Series([0]).new_from_index(0, len(replies))
    return reply_evidence(replies, is_answered=is_answered, is_refused=is_refused, reply_packets=no_packets)


def _late_replies(late: pl.DataFrame) -> pl.DataFrame:
    """Small records that a service sent on open connections. They count no packets."""
    if late.is_empty():
        return NO_REPLIES
    sent = replied(late, ~late["is_rejected"] & are_service_ports(late["srcport"]))
    nothing, no_packets = none_of(sent), pl.Series([0]).new_from_index(0, len(sent))
    is_open = ~nothing
    return reply_evidence(sent, is_answered=nothing, is_refused=nothing, is_open=is_open, reply_packets=no_packets)


def evidence_by_flags_with_acks(flows: pl.DataFrame) -> ConnectionEvidence:
    """The same for formats that report ACKs, as transit gateways do.

    A record with SYN and ACK is an answer, as in other formats; it counts only beside the opening that it answers, so
    it does no harm where that is wrong. A record with both from a port that is no service port to one that is was sent
    by the initiator after the answer. Between other ports it stays undecided which end opened the connection. A single
    packet with both flags is a SYN-ACK.
    """
    evidence = evidence_by_flags(flows)
    has_both = (flows["protocol"] == TCP) & _has_syn_and_ack(flows) & (flows["packets"] > 1)
    to_service = are_service_ports(flows["dstport"]) & ~are_service_ports(flows["srcport"])
    opened = established_evidence(flows, has_both & to_service & ~flows["is_rejected"])
    return evidence._replace(established=in_one([evidence.established, opened]))


def _has_syn_and_ack(flows: pl.DataFrame) -> pl.Series:
    return _has(flows, SYN) & _has(flows, ACK)


def _has(flows: pl.DataFrame, bits: int) -> pl.Series:
    """Whether a record has any of these flags."""
    return (flows["tcp_flags"] & bits) != 0
