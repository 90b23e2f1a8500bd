"""Evidence without tcp-flags: ports, sizes and times show which end opened. What they do not show stays doubtful.

The end with a service port answers; the other end opened. Where both ends or neither have a service port, both
directions of a conversation are examined together: see conversations.py.
"""

import polars as pl

from flowsentry.contacts.connection_evidence import (
    NO_OPENINGS,
    ConnectionEvidence,
    established_evidence,
    initiated,
    is_stray,
    opening_evidence,
    replied,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, is_bare, size_without_flags
from flowsentry.records.few_rows import rows_where
from flowsentry.records.service_ports import FIRST_UNPRIVILEGED_PORT, are_service_ports


def with_port_facts(tcp: pl.DataFrame) -> pl.DataFrame:
    """The records with `to_service` and `from_service` (which end has a service port), `size` (see sizes.py) and
    `is_decided`: exactly one end has a service port, and the record can't be both a probe and a reply.
    """
    to_service, from_service = are_service_ports(tcp["dstport"]), are_service_ports(tcp["srcport"])
    size = size_without_flags(tcp)
    from_high_service = from_service & (tcp["srcport"] >= FIRST_UNPRIVILEGED_PORT)
    may_be_probe = from_high_service & ~to_service & (size != Size.MORE) & ~tcp["source_is_inside"]
    facts = {
        "to_service": to_service,
        "from_service": from_service,
        "size": size,
        "is_decided": (to_service != from_service) & ~may_be_probe,
    }
    return tcp.hstack([fact.alias(name) for name, fact in facts.items()])


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
    accepted, is_decided, is_more = ~tcp["is_rejected"], tcp["is_decided"], tcp["size"] == Size.MORE
    to_service = is_decided & tcp["to_service"]
    replies = replied(tcp, is_decided & tcp["from_service"] & accepted)
    are_bare = is_bare(replies)
    return ConnectionEvidence(
        established_evidence(tcp, to_service & accepted & is_more),
        openings_among(initiated(tcp, to_service & ~is_more)),
        reply_evidence(replies, is_answered=~are_bare, is_refused=are_bare),
    )


MIN_REJECTED_WINDOWS_SYNS = 3
"""Refused packets of 52 bytes in a record from which on they are SYNs of Windows: Windows sends three to five, and a
late packet comes once or twice, or (an unacknowledged FIN) more than five times. More: blocked paths of Windows clients
are missed. Fewer: keep-alives and last packets of connections that a security group no longer tracks are reported as
blocked paths and sweeps."""


def openings_among(small: pl.DataFrame) -> pl.DataFrame:
    """The openings among records without data that their initiators sent. A record may be nothing but SYNs, stray
    packets or keep-alives. A keep-alive opens nothing, but its reply is expected.
    """
    return NO_OPENINGS if small.is_empty() else openings_of(with_opening_flags(small))


def openings_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The records of initiators, `with_opening_flags`, as openings."""
    return opening_evidence(rows, rows["is_certain"], rows["is_doubtful"], rows["opened_packets"])


def with_opening_flags(small: pl.DataFrame) -> pl.DataFrame:
    """The records that may be openings, of some without data, with `is_certain`, `is_doubtful` and `opened_packets`."""
    certain, doubtful, is_keep_alive = is_certain(small), is_doubtful(small), small["size"] == Size.KEEP_ALIVE
    flags = {
        "is_certain": certain,
        "is_doubtful": doubtful,
        "opened_packets": small["packets"].zip_with(~is_keep_alive, pl.Series([0])),
    }
    rows = small.hstack([flag.alias(name) for name, flag in flags.items()])
    return rows_where(rows, certain | doubtful | is_stray(small) | is_keep_alive)


def is_certain(small: pl.DataFrame) -> pl.Series:
    """Whether a record without data is certainly an opening: not a connection's last packets or its keep-alives."""
    size, is_outside, is_many = small["size"], ~small["source_is_inside"], small["packets"] >= MIN_REJECTED_WINDOWS_SYNS
    is_rejected = ((size == Size.EITHER) | (size == Size.IDLE) & (is_outside | is_many)) & small["is_rejected"]
    return (size == Size.SYNS) | is_rejected | ((size == Size.HEADERS) & is_outside)


def is_doubtful(small: pl.DataFrame) -> pl.Series:
    """Whether a record without data may be an opening or something else."""
    size = small["size"]
    return ((size == Size.EITHER) | (size == Size.IDLE)) & ~small["is_rejected"]
