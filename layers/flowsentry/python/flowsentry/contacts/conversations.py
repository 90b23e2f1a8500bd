"""Conversations without tcp-flags: both directions of a flow, examined together where ports do not show which end
opened.
"""

import operator
from collections.abc import Sequence
from typing import NewType

import polars as pl

from flowsentry.contacts.by_ports import openings_of, with_opening_flags
from flowsentry.contacts.connection_evidence import (
    NO_OPENINGS,
    NO_REPLIES,
    PORTS,
    ConnectionEvidence,
    established_evidence,
    in_one,
    initiated,
    opening_evidence,
    reply_evidence,
)
from flowsentry.contacts.sizes import Size, is_bare
from flowsentry.records.few_rows import rows_where
from flowsentry.records.service_ports import FIRST_EPHEMERAL_PORT, FIRST_UNPRIVILEGED_PORT, are_service_ports

Conversations = NewType("Conversations", pl.DataFrame)
"""A row for each five-tuple and day whose ports do not show which end opened it, both directions added up: `here_…` is
the direction whose address has the lower physical number. Each end is an address within its scope: two VPCs behind a
transit gateway may use the same addresses, and their conversations are separate."""


def conversations_of(tcp: pl.DataFrame) -> Conversations | None:
    """The records whose ports do not show which end opened, added up by conversation; None when there are none."""
    is_undecided = ~tcp["is_decided"]
    if not is_undecided.any():
        return None
    return _added_up([_halves(rows_where(tcp, is_undecided))])


_SIDES = ("here", "there")
_LOCATION = ("scope", "address")
_END_FACTS = ("is_inside", "forwards", "preserves_client_ip")
_CONVERSATION = ("protocol", "day", *(f"{side}_{name}" for side in _SIDES for name in (*_LOCATION, "port")))
_COUNTS = ("packets", "bytes", "rejected_packets")
_SIZES = ("least_size", "most_size")
"""Size classes of the smallest and largest record of a direction, since small records may add up to the size of one
with data."""
_NOTHING, _NO_TIME, _NO_SIZE = pl.Series([0]), pl.Series([None], dtype=pl.Int64), pl.Series([None], dtype=pl.UInt8)
_NO_INTERFACE = pl.Series([None], dtype=pl.Categorical())


def _halves(records: pl.DataFrame) -> pl.DataFrame:
    """Each record as half of its conversation: `here_…` is the end whose address has the lower physical number."""
    source, destination = (records[f"{end}_address"].to_physical() for end in ("source", "destination"))
    is_here = (source < destination) | ((source == destination) & (records["srcport"] < records["dstport"]))
    if is_here.null_count():
        return _halves(records.filter(is_here.is_not_null()))
    refused_at = records["interface_id"].zip_with(records["is_rejected"], _NO_INTERFACE)
    columns = [records["protocol"], records["day"], records["end"], records["is_ipv6"], refused_at]
    for side, is_sender in zip(_SIDES, (is_here, ~is_here), strict=True):
        columns += _end_of(records, side, is_sender) + _sent_by(records, side, is_sender)
    return pl.DataFrame(columns)


def _end_of(records: pl.DataFrame, side: str, is_sender: pl.Series) -> list[pl.Series]:
    """The end of each record on this side, which sent it or received it."""
    port = records[PORTS["source"]].zip_with(is_sender, records[PORTS["destination"]])
    facts = (
        records[f"source_{name}"].zip_with(is_sender, records[f"destination_{name}"]).alias(f"{side}_{name}")
        for name in (*_LOCATION, *_END_FACTS)
    )
    return [*facts, port.alias(f"{side}_port")]


def _sent_by(records: pl.DataFrame, side: str, is_sender: pl.Series) -> list[pl.Series]:
    """What this side sent in each record: nothing where it received it."""
    packets = records["packets"].zip_with(is_sender, _NOTHING)
    sent = {
        "packets": packets,
        "bytes": records["bytes"].zip_with(is_sender, _NOTHING),
        "rejected_packets": packets.zip_with(records["is_rejected"], _NOTHING),
        "start": records["start"].zip_with(is_sender, _NO_TIME),
        **dict.fromkeys(_SIZES, records["size"].zip_with(is_sender, _NO_SIZE)),
    }
    return [amount.alias(f"{side}_{name}") for name, amount in sent.items()]


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
    calls = _as_calls(whole)
    is_answered, is_more = calls["reply_packets"] > 0, calls["size"] == Size.MORE
    established = established_evidence(calls, is_answered & is_more)
    small = rows_where(calls, ~is_more)
    if small.is_empty():
        return ConnectionEvidence(established, NO_OPENINGS, NO_REPLIES)
    small = with_opening_flags(small)
    is_answered = small["reply_packets"] > 0
    answered, alone = rows_where(small, is_answered), rows_where(small, ~is_answered)
    back, others = _came_back(alone, in_one(openings))
    opened = rows_where(answered, ~answered["source_forwards"])
    return ConnectionEvidence(
        established,
        in_one([openings_of(opened), _openings_of_one(others)]),
        in_one([_replies(answered), _late_replies(back)]),
    )


def _came_back(alone: pl.DataFrame, awaited: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The calls without reply that are replies to one of these openings, and the others. Mostly none is sent to a port
    from which a connection was opened.
    """
    if set(awaited["min_initiator_port"].to_list()).isdisjoint(alone["dstport"].to_list()):
        return alone.clear(), alone
    path = _awaited(awaited)
    return alone.join(path, on=_REPLY_PATH, how="semi"), alone.join(path, on=_REPLY_PATH, how="anti")


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


def _opened_here(whole: pl.DataFrame) -> pl.Series:
    """Whether `here` opened each conversation: see `evidence_of_conversations`; null where that is unknown."""
    here, there = (are_service_ports(whole[f"{side}_port"]) for side in _SIDES)
    one_way, other_way = whole["there_packets"] == 0, whole["here_packets"] == 0
    earlier, later = (f(whole["here_start"], whole["there_start"]) for f in (operator.lt, operator.gt))
    by_time = earlier.zip_with(earlier | later, whole["here_port"] > whole["there_port"])
    by_service = there.zip_with(here != there, by_time)
    return one_way.zip_with(one_way | other_way, by_service)


def _as_calls(conversations: pl.DataFrame) -> pl.DataFrame:
    """Conversations with the columns of a record that the initiator sent, and the amounts that came back."""
    opened_here = _opened_here(conversations)
    if opened_here.null_count():
        return _as_calls(conversations.filter(opened_here.is_not_null()))

    def of_opener(name: str) -> pl.Series:
        return conversations[f"here_{name}"].zip_with(opened_here, conversations[f"there_{name}"])

    def of_responder(name: str) -> pl.Series:
        return conversations[f"there_{name}"].zip_with(opened_here, conversations[f"here_{name}"])

    rejected_packets = of_opener("rejected_packets")
    columns = {
        **{f"source_{name}": of_opener(name) for name in (*_LOCATION, *_END_FACTS)},
        **{f"destination_{name}": of_responder(name) for name in (*_LOCATION, *_END_FACTS)},
        "srcport": of_opener("port"),
        "dstport": of_responder("port"),
        "packets": of_opener("packets"),
        "bytes": of_opener("bytes"),
        **{f"reply_{name}": of_responder(name) for name in ("packets", "bytes")},
        "size": of_opener("most_size").zip_with(of_opener("least_size") > Size.MORE, _MORE),
        "start": _earlier(conversations["here_start"], conversations["there_start"]),
        "is_rejected": rejected_packets > 0,
        **{name: conversations[name] for name in ("protocol", "day", "interface_id", "is_ipv6", "end")},
    }
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


_MORE = pl.Series([Size.MORE], dtype=pl.UInt8)


def _earlier(one: pl.Series, other: pl.Series) -> pl.Series:
    """The earlier of two times, or the only one."""
    return one.zip_with((one <= other) | other.is_null(), other)


def _late_replies(back: pl.DataFrame) -> pl.DataFrame:
    """Calls that are replies to an opening elsewhere, as replies."""
    accepted = rows_where(back, ~back["is_rejected"])
    are_bare = is_bare(accepted)
    return reply_evidence(accepted, is_answered=~are_bare, is_refused=are_bare)


def _replies(calls: pl.DataFrame) -> pl.DataFrame:
    """The replies, with the columns of a record that the responder sent."""
    if calls.is_empty():
        return NO_REPLIES
    turned = {"source": "destination", "destination": "source"}
    names = {f"{end}_{name}": f"{other}_{name}" for end, other in turned.items() for name in _LOCATION}
    names |= {PORTS[end]: PORTS[other] for end, other in turned.items()}
    names |= {"reply_packets": "packets", "reply_bytes": "bytes"}
    names |= {name: name for name in ("protocol", "day", "interface_id", "is_ipv6")}
    sent = pl.DataFrame([calls[name].alias(other) for name, other in names.items()])
    are_bare = is_bare(sent)
    return reply_evidence(sent, is_answered=~are_bare, is_refused=are_bare)


def _openings_of_one(calls: pl.DataFrame) -> pl.DataFrame:
    """The openings among calls that were seen in one direction."""
    source, is_inside = calls["srcport"], calls["source_is_inside"]
    like_a_reply = (source < FIRST_EPHEMERAL_PORT) & ~are_service_ports(calls["dstport"])
    nothing = like_a_reply & (is_inside | (source < FIRST_UNPRIVILEGED_PORT))
    rows = initiated(calls.hstack([like_a_reply.alias("like_a_reply")]), ~nothing)
    like_a_reply = rows["like_a_reply"]
    return opening_evidence(
        rows, rows["is_certain"] & ~like_a_reply, like_a_reply | rows["is_doubtful"], rows["opened_packets"]
    )
