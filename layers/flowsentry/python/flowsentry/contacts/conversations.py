"""Conversations without tcp-flags: both directions of a flow, examined together where ports do not show which end
opened.
"""

from collections.abc import Sequence
from functools import cache
from typing import NewType

import polars as pl

from flowsentry.contacts.by_ports import is_certain, is_doubtful, is_of, may_open, opening_flags
from flowsentry.contacts.connection_evidence import (
    ALL,
    NO_OPENINGS,
    NO_REPLIES,
    PORTS,
    ConnectionEvidence,
    established_evidence,
    filter_few,
    in_one,
    opening_evidence,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, is_bare
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.records.service_ports import FIRST_EPHEMERAL_PORT, FIRST_UNPRIVILEGED_PORT, is_service_port

Conversations = NewType("Conversations", pl.DataFrame)
"""A row for each five-tuple and day whose ports do not show which end opened it, both directions added up: `here_…` is
the direction whose address has the lower physical number. Each end is an address within its scope: two VPCs behind a
transit gateway may use the same addresses, and their conversations are separate."""


def conversations_of(tcp: pl.DataFrame) -> Conversations | None:
    """The records whose ports do not show which end opened, added up by conversation; None when there are none."""
    is_undecided = ~tcp["is_decided"]
    if not is_undecided.any():
        return None
    undecided = tcp.filter(is_undecided)
    source, destination = (pl.col(f"{end}_address").to_physical() for end in ("source", "destination"))
    is_here = (source < destination) | ((source == destination) & (pl.col("srcport") < pl.col("dstport")))
    here = undecided.filter(is_here).select_seq(_halves("source", "destination", "here", "there"))
    there = undecided.filter(~is_here).select_seq(_halves("destination", "source", "there", "here"))
    return _added_up([here, there[here.columns]])


_SIDES = ("here", "there")
_LOCATION = ("scope", "address")
_END_FACTS = ("is_inside", "owner_kind")
_CONVERSATION = ("protocol", "day", *(f"{side}_{name}" for side in _SIDES for name in (*_LOCATION, "port")))
_COUNTS = ("packets", "bytes", "rejected_packets")
_SIZES = ("least_size", "most_size")
"""Size classes of the smallest and largest record of a direction, since small records may add up to the size of one
with data."""


@cache
def _halves(first: str, second: str, sender: str, receiver: str) -> list[pl.Expr]:
    """One record as half of its conversation: `first` is the end with the columns `here_…`."""
    counts = {"packets": pl.col("packets"), "bytes": pl.col("bytes")}
    counts["rejected_packets"] = pl.when("is_rejected").then("packets").otherwise(0)
    ends = [
        expression.alias(f"{side}_{name}")
        for side, end in (("here", first), ("there", second))
        for name, expression in (
            *((name, pl.col(f"{end}_{name}")) for name in _LOCATION),
            ("port", pl.col(PORTS[end])),
            *((fact, pl.col(f"{end}_{fact}")) for fact in _END_FACTS),
        )
    ]
    sent = [counts[name].alias(f"{sender}_{name}") for name in _COUNTS]
    not_sent = [pl.lit(0, pl.Int64).alias(f"{receiver}_{name}") for name in _COUNTS]
    times = [pl.col("start").alias(f"{sender}_start"), pl.lit(None, pl.Int64).alias(f"{receiver}_start")]
    sizes = [pl.col("size").alias(f"{sender}_{name}") for name in _SIZES]
    no_sizes = [pl.lit(None, pl.UInt8).alias(f"{receiver}_{name}") for name in _SIZES]
    day = (pl.col("start") // SECONDS_A_DAY).cast(pl.Int32).alias("day")
    refused_at = pl.when("is_rejected").then("interface_id").alias("interface_id")
    return ["protocol", day, *ends, *sent, *not_sent, *times, *sizes, *no_sizes, "end", refused_at, "is_ipv6"]  # type: ignore[list-item]


def _added_up(parts: Sequence[pl.DataFrame]) -> Conversations:
    facts = [f"{side}_{fact}" for side in _SIDES for fact in _END_FACTS]
    return Conversations(
        pl.concat(parts)
        .group_by(_CONVERSATION)
        .agg(
            pl.col(f"{side}_{name}" for side in _SIDES for name in _COUNTS).sum(),
            pl.col("here_start", "there_start", "here_least_size", "there_least_size").min(),
            pl.col("end", "here_most_size", "there_most_size").max(),
            pl.col(*facts, "is_ipv6").first(),
            pl.col("interface_id").min(),
        )
    )


def evidence_of_conversations(
    parts: Sequence[Conversations], openings: Sequence[pl.DataFrame]
) -> ConnectionEvidence | None:
    """The evidence of conversations, once all records of the source are known; None when there are none. `openings` are
    those of the other records.

    With both directions: the end with the service port answers, else the later one, else the one with the lower port.
    The opening was refused when the answer is bare, has no more packets than the opening, and each record of the
    opening has the size of SYNs. Bare packets in both directions are the end of a closed connection, unless the
    initiator is outside. With one direction: only records with the size of SYNs are openings. One that may also be a
    late reply (from a port below 32768 to one that is no service port) is doubtful from outside and no evidence from
    inside; if it matches one of the openings, it is a reply.

    Wrong for a probe from a fixed service port to the port from which we just called the prober's service, and for a
    reply whose opening is in another batch: that is a doubtful opening of the endpoint that we called.
    """
    whole = _added_up(parts) if len(parts) > 1 else parts[0]
    if whole.is_empty():
        return None
    opened_here = whole.select(_opened_here().alias("opened_here")).to_series()
    sides = ((opened_here, "here", "there"), (~opened_here, "there", "here"))
    calls = in_one([_as_call(whole.filter(is_one), *ends) for is_one, *ends in sides if is_one.any()])
    is_replied = pl.col("reply_packets") > 0
    small = filter_few(calls, may_open())
    replied = filter_few(small, is_replied)
    alone = filter_few(small, ~is_replied)
    back, others = alone.clear(), alone
    if len(alone) and len(awaited := in_one(openings)):
        back, others = (alone.join(_awaited(awaited), on=_REPLY_PATH, how=how) for how in ("semi", "anti"))
    opened = [
        opening_evidence(replied, ALL, **opening_flags()),
        _openings_of_one(others),
    ]
    came_back = reply_evidence(back, ~pl.col("is_rejected"), is_answered=~is_bare(), is_refused=is_bare())
    established = established_evidence(calls, is_replied & is_of(Size.MORE))
    return ConnectionEvidence(established, in_one(opened), in_one([_replies(replied), came_back]))


_REPLY_PATH = ("source_address", "srcport", "destination_scope", "destination_address", "dstport", "protocol")


def _awaited(openings: pl.DataFrame) -> pl.DataFrame:
    """The addresses and ports of a reply to each of the openings."""
    ends = {
        "source_address": "responder",
        "srcport": "responder_port",
        "destination_scope": "scope",
        "destination_address": "initiator",
        "dstport": "min_initiator_port",
    }
    path = [pl.col(name).alias(end) for end, name in ends.items()]
    return openings.select_seq(*path, "protocol")


@cache
def _opened_here() -> pl.Expr:
    here, there = is_service_port(pl.col("here_port")), is_service_port(pl.col("there_port"))
    one_way = pl.col("there_packets") == 0
    other_way = pl.col("here_packets") == 0
    earlier = pl.col("here_start") < pl.col("there_start")
    later = pl.col("here_start") > pl.col("there_start")
    higher = pl.col("here_port") > pl.col("there_port")
    return (
        pl.when(one_way | other_way)
        .then(one_way)
        .when(here != there)
        .then(there)
        .when(earlier | later)
        .then(earlier)
        .otherwise(higher)
    )


def _as_call(conversations: pl.DataFrame, opener: str, responder: str) -> pl.DataFrame:
    """Conversations with the columns of a record that the initiator sent, and the amounts that came back."""
    ends = {"source": opener, "destination": responder}
    return conversations.select_seq(
        "protocol",
        "interface_id",
        "is_ipv6",
        "end",
        pl.min_horizontal("here_start", "there_start").alias("start"),
        *(pl.col(f"{side}_{name}").alias(f"{end}_{name}") for end, side in ends.items() for name in _LOCATION),
        *(pl.col(f"{side}_port").alias(PORTS[end]) for end, side in ends.items()),
        *(pl.col(f"{side}_{fact}").alias(f"{end}_{fact}") for end, side in ends.items() for fact in _END_FACTS),
        *(pl.col(f"{opener}_{name}").alias(name) for name in _COUNTS),
        pl.when(pl.col(f"{opener}_least_size") > Size.MORE).then(f"{opener}_most_size").otherwise(0).alias("size"),
        (pl.col(f"{opener}_rejected_packets") > 0).alias("is_rejected"),
        pl.col(f"{responder}_packets").alias("reply_packets"),
        pl.col(f"{responder}_bytes").alias("reply_bytes"),
    )


def _replies(calls: pl.DataFrame) -> pl.DataFrame:
    """The replies, with the columns of a record that the responder sent."""
    if calls.is_empty():
        return NO_REPLIES
    turned = {"source": "destination", "destination": "source"}
    sent = calls.select(
        "protocol",
        "interface_id",
        "start",
        "end",
        "is_ipv6",
        pl.col("reply_packets").alias("packets"),
        pl.col("reply_bytes").alias("bytes"),
        *(pl.col(f"{end}_{name}").alias(f"{other}_{name}") for end, other in turned.items() for name in _LOCATION),
        *(pl.col(PORTS[end]).alias(PORTS[other]) for end, other in turned.items()),
    )
    return reply_evidence(sent, ALL, is_answered=~is_bare(), is_refused=is_bare())


def _openings_of_one(calls: pl.DataFrame) -> pl.DataFrame:
    if calls.is_empty():
        return NO_OPENINGS
    source = pl.col("srcport")
    like_a_reply = (source < FIRST_EPHEMERAL_PORT) & ~is_service_port(pl.col("dstport"))
    nothing = like_a_reply & (pl.col("source_is_inside") | (source < FIRST_UNPRIVILEGED_PORT))
    flags = {"is_doubtful": like_a_reply | is_doubtful(), "is_certain": is_certain() & ~like_a_reply}
    return opening_evidence(calls, ~nothing, **opening_flags() | flags)
