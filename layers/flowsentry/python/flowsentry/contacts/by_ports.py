"""Evidence without tcp-flags: ports, sizes and times show which end opened. What they do not show stays doubtful.

The end with a service port answers; the other end opened. Where both ends or neither have a service port, both
directions of a conversation are examined together: see conversations.py.
"""

from functools import cache

import polars as pl

from flowsentry.contacts.connection_evidence import (
    ConnectionEvidence,
    established_evidence,
    is_stray,
    opening_evidence,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, is_bare, size_without_flags
from flowsentry.records.service_ports import FIRST_UNPRIVILEGED_PORT, is_service_port


def with_port_facts(tcp: pl.DataFrame) -> pl.DataFrame:
    """The records with `to_service` and `from_service` (which end has a service port), `size` (see sizes.py) and
    `is_decided`: exactly one end has a service port, and the record can't be both a probe and a reply.
    """
    facts = tcp.with_columns_seq(
        is_service_port(pl.col("dstport")).alias("to_service"),
        is_service_port(pl.col("srcport")).alias("from_service"),
        size_without_flags().alias("size"),
    )
    one_service = pl.col("to_service") != pl.col("from_service")
    return facts.with_columns((one_service & ~_may_be_probe()).alias("is_decided"))


def evidence_by_ports(tcp: pl.DataFrame) -> ConnectionEvidence:
    """The evidence of the TCP records of a chunk with exactly one service port.

    Towards the service: an opening when it has the size of SYNs, else an established connection (it has data, so it was
    answered). From the service: an answer, or a refusal when its packets are bare (as an RST is). REJECTed replies are
    late packets of closed connections: no evidence.

    A record that may be SYNs or an open connection without data is doubtful, until a reply decides. If rules refuse
    three or more such packets, they refused a Windows client. From inside, fewer may be the last packets of a
    connection, and count as stray packets, as bare packets do. From outside both are openings, since the SYN of a
    scanner may have no options.

    Wrong for a service on an unlisted port that is called from a listed one (the responder seems to open), for probes
    with data (they count as answered), and for a connection without data whose reply is in another batch (it is
    unanswered or doubtful there, unless its endpoint answers at another time of the day).
    """
    accepted, to_service = ~pl.col("is_rejected"), pl.col("is_decided") & pl.col("to_service")
    from_service = pl.col("is_decided") & pl.col("from_service")
    return ConnectionEvidence(
        established_evidence(tcp, to_service & accepted & is_of(Size.MORE)),
        opening_evidence(tcp, to_service & may_open(), **opening_flags()),
        reply_evidence(tcp, from_service & accepted, is_answered=~is_bare(), is_refused=is_bare()),
    )


MIN_REJECTED_WINDOWS_SYNS = 3
"""Refused packets of 52 bytes in a record from which on they are SYNs of Windows: Windows sends three to five, and a
late packet comes once or twice, or (an unacknowledged FIN) more than five times. More: blocked paths of Windows clients
are missed. Fewer: keep-alives and last packets of connections that a security group no longer tracks are reported as
blocked paths and sweeps."""


@cache
def _is_outside() -> pl.Expr:
    return ~pl.col("source_is_inside")


@cache
def is_certain() -> pl.Expr:
    """Whether a small record is certainly an opening, not the last packets of a connection or its keep-alives."""
    is_many = pl.col("packets") >= MIN_REJECTED_WINDOWS_SYNS
    is_rejected = (is_of(Size.EITHER) | is_of(Size.IDLE) & (_is_outside() | is_many)) & pl.col("is_rejected")
    return is_of(Size.SYNS) | is_rejected | (is_of(Size.HEADERS) & _is_outside())


@cache
def is_doubtful() -> pl.Expr:
    return (is_of(Size.EITHER) | is_of(Size.IDLE)) & ~pl.col("is_rejected")


def is_of(size: Size) -> pl.Expr:
    return pl.col("size") == size


def opening_flags() -> dict[str, pl.Expr]:
    """The flags of a small record as an opening. A keep-alive opens nothing, but its reply is expected."""
    opened = pl.when(is_of(Size.KEEP_ALIVE)).then(0).otherwise("packets")
    return {"is_certain": is_certain(), "is_doubtful": is_doubtful(), "opened_packets": opened}


@cache
def may_open() -> pl.Expr:
    """Whether the record of the initiator may be nothing but SYNs, stray packets or keep-alives."""
    is_one = is_certain() | is_doubtful() | is_stray() | is_of(Size.KEEP_ALIVE)
    return ~is_of(Size.MORE) & is_one


@cache
def _may_be_probe() -> pl.Expr:
    """Whether a small record comes from outside and a service port above 1024 to a port that is none: it may be a reply
    or a probe with a fixed source port, so both directions must be examined.
    """
    from_high_service = pl.col("from_service") & (pl.col("srcport") >= FIRST_UNPRIVILEGED_PORT)
    return from_high_service & ~pl.col("to_service") & ~is_of(Size.MORE) & _is_outside()
