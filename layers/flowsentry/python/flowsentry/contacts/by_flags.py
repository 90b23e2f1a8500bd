"""Signs from tcp-flags, which say it plainly: SYN without ACK opens, SYN-ACK answers, RST refuses.

Flags are OR-ed over the interval and ACK alone is not reported
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html). A later interval of a long connection has no
SYN: it says who answers only where data comes from a service port. Late packets of a closed connection, which are
REJECT as well, are no sign of anything.

Transit gateways report PSH 8, ACK 16 and URG 32 too, and only a record of nothing but ACKs has 0
(https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html). So the record of who opened may show the ACK of what
was sent after the SYN: SYN and ACK in one record, 18 or with data 26, are no longer plainly a SYN-ACK.
"""

import polars as pl

from flowsentry.contacts.connection_evidence import (
    TCP,
    ConnectionEvidence,
    established_evidence,
    filter_few,
    is_stray,
    kept_open_evidence,
    opening_evidence,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, carries_data, is_bare, size_with_syn
from flowsentry.records.service_ports import is_service_port

FIN, SYN, RST, ACK = 1, 2, 4, 16
_IS_TCP, _ACCEPTED = pl.col("protocol") == TCP, ~pl.col("is_rejected")
MAX_OPEN_PACKETS = 4
"""Packets that come back on a stray one or two of an open connection: an ACK is due for every second packet. More: more
records are held. Fewer: a host whose long connections are idle looks more like one that probes."""


def evidence_by_flags(flows: pl.DataFrame) -> ConnectionEvidence:
    """What the TCP records among a chunk's are signs of.

    An opening is established when it was accepted and the opener's own record has more than SYNs in it: then it was
    answered somewhere, even when the reply is in another file or payload. That makes the outcome independent of how
    CloudWatch Logs cuts its payloads. A FIN or an RST of the opener follows an answer; the size tells ACKs from further
    SYNs. A single packet is a SYN, whatever else it has. A SYN-ACK without a SYN in the batch is no contact
    (backscatter).

    Data from a service port without SYN is of a connection that has been open for longer: whoever it goes to is still
    answered. Bare packets without SYN and RST are strays: see outcomes.py.

    Wrong for a connection of which an interval, and with it the batch, ends between SYN and SYN-ACK: it is unanswered
    there; few are, and an endpoint that answers at any other time of the day has not failed. And for a SYN with data
    (TCP Fast Open) that is sent again: it counts as answered.
    """
    late = filter_few(flows, _IS_TCP & ~_has(SYN | RST) & (pl.col("packets") <= MAX_OPEN_PACKETS))
    sized = flows.with_columns(size_with_syn().alias("size"))
    return ConnectionEvidence(
        pl.concat([established_evidence(sized, _opens() & _is_established()), *_kept_open(flows)]),
        pl.concat([_openings(sized), *([opening_evidence(late, is_bare() & is_stray())] if len(late) else [])]),
        pl.concat(_replies(flows, late)),
    )


def _opens() -> pl.Expr:
    return _IS_TCP & _has(SYN) & ~_has(ACK)


def _is_established() -> pl.Expr:
    """Whether the opener's record, with its `size`, has more than SYNs in it."""
    is_more = _has(FIN | RST) | (pl.col("size") == Size.MORE)
    return _ACCEPTED & (pl.col("packets") > 1) & is_more


def _openings(sized: pl.DataFrame) -> pl.DataFrame:
    is_doubtful = _ACCEPTED & (pl.col("size") == Size.EITHER)
    return opening_evidence(sized, _opens() & ~_is_established(), is_certain=~is_doubtful, is_doubtful=is_doubtful)


def _kept_open(flows: pl.DataFrame) -> list[pl.DataFrame]:
    """Connections of longer ago on which a service still sends data; empty where there are none, as mostly."""
    is_sent = _ACCEPTED & ~_has(SYN | RST) & carries_data()
    is_of_service = is_service_port(pl.col("srcport")) & ~is_service_port(pl.col("dstport"))
    kept_open = filter_few(flows, _IS_TCP & is_sent & is_of_service)
    return [kept_open_evidence(kept_open)] if len(kept_open) else []


def _replies(flows: pl.DataFrame, late: pl.DataFrame) -> list[pl.DataFrame]:
    yes, no_packets = pl.lit(value=True), pl.lit(0, pl.Int64)
    answers = _IS_TCP & _ACCEPTED & _has(SYN) & _has(ACK)
    resets = _IS_TCP & _ACCEPTED & _has(RST) & ~_has(SYN)
    replies = [
        reply_evidence(flows, answers, is_answered=yes, reply_packets=no_packets),
        reply_evidence(flows, resets, is_refused=yes, reply_packets=no_packets),
    ]
    if len(late):
        is_from_service = _ACCEPTED & is_service_port(pl.col("srcport"))
        replies.append(reply_evidence(late, is_from_service, is_open=yes, reply_packets=no_packets))
    return replies


def evidence_by_flags_with_acks(flows: pl.DataFrame) -> ConnectionEvidence:
    """The same where ACKs are reported, as transit gateways do.

    What has SYN and ACK answers, as ever: that is a sign only beside the opening it answers, so it does no harm where
    it is wrong. When it goes to a service port and does not come from one, it was sent by who opened, after the answer.
    Between other ports it is left open who opened: nobody is said to have reached what may have reached him. A single
    packet with both is a SYN-ACK.
    """
    evidence = evidence_by_flags(flows)
    has_both = (pl.col("protocol") == TCP) & _has(SYN) & _has(ACK) & (pl.col("packets") > 1)
    to_service = is_service_port(pl.col("dstport")) & ~is_service_port(pl.col("srcport"))
    opened = established_evidence(flows, has_both & to_service & ~pl.col("is_rejected"))
    return evidence._replace(established=pl.concat([evidence.established, opened]))


def _has(bits: int) -> pl.Expr:
    return (pl.col("tcp_flags") & bits) != 0
