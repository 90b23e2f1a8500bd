"""Evidence -> Contacts: the outcome of each contact, once all evidence of it is known."""

from collections.abc import Sequence
from functools import cache

import polars as pl

from flowsentry.contacts.connection_evidence import (
    INSIDE,
    KEY,
    NO_OPENINGS,
    OPENING_FLAGS,
    OUTCOME,
    REPLY_FLAGS,
    in_one,
)
from flowsentry.frames import Contacts
from flowsentry.records.few_rows import are_among, rows_where
from flowsentry.records.fields import dtype_of
from flowsentry.records.many_groups import sums_of_groups
from flowsentry.records.service_ports import is_service_port


def distinct_established(established: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row for each contact that was certainly answered."""
    rows = in_one(established)
    if rows.is_empty():
        return rows
    seen = (pl.col("first_seen").min(), pl.col("last_seen").max())
    return sums_of_groups(rows, KEY, *seen, pl.col(INSIDE).any())


_OF_UNANSWERED: dict[str, pl.DataType] = {
    **dict.fromkeys(("opened_packets", "rejected_packets"), pl.Int64()),
    "min_initiator_port": dtype_of("srcport"),
    "refused_at": pl.Categorical(),
    "reject_reason": pl.Categorical(),
    "max_initiator_port": dtype_of("srcport"),
}
"""The columns of contacts that did not certainly carry data; null for others."""
NO_OPENED = pl.Schema(
    {
        **{name: kind for name, kind in NO_OPENINGS.schema.items() if name in (*KEY, *OPENING_FLAGS, *INSIDE)},
        **dict.fromkeys(("first_seen", "last_seen", "reply_packets"), pl.Int64()),
        **dict.fromkeys(REPLY_FLAGS, pl.Boolean()),
        **_OF_UNANSWERED,
    }
).to_frame()
_OPENINGS = (
    pl.col("opened_packets", "rejected_packets").sum(),
    pl.col(*OPENING_FLAGS, *INSIDE).any(),
    pl.col("first_seen", "min_initiator_port", "refused_at", "reject_reason").min(),
    pl.col("last_seen", "max_initiator_port").max(),
)


def add_up(openings: pl.DataFrame, replies: pl.DataFrame) -> pl.DataFrame:
    """One row for each contact that was opened, with its replies. The order and division of the frames do not matter,
    since all columns are sums, any, minimum or maximum.
    """
    if openings.is_empty():
        return NO_OPENED
    refused_at = openings["interface_id"].zip_with(openings["rejected_packets"] > 0, _NOT_REFUSED)
    opened = openings.hstack([refused_at.alias("refused_at")]).group_by(KEY).agg(_OPENINGS)
    if replies.is_empty():
        return _with(opened, _WITHOUT_REPLY)
    near = _of_initiators_in(opened, replies)[[*KEY, "reply_packets", *REPLY_FLAGS]]
    if near.is_empty():
        return _with(opened, _WITHOUT_REPLY)
    relevant = near if len(near) <= MAX_FEW_ROWS else near.join(opened, on=KEY, how="semi")
    replied = relevant.group_by(KEY).agg(_REPLIES)
    return opened.join(replied, on=KEY, how="left").with_columns_seq(_NO_REPLIES)


_WITHOUT_REPLY = [pl.Series("reply_packets", [0]), *(pl.Series(name, [False]) for name in REPLY_FLAGS)]
_REPLIES = (pl.col("reply_packets").sum(), pl.col(REPLY_FLAGS).any())
_NO_REPLIES = (pl.col("reply_packets").fill_null(0), pl.col(REPLY_FLAGS).fill_null(value=False))
MAX_FEW_ROWS = 1_000
"""Rows up to which those that no contact needs are not sorted out before a join. More: the join takes longer. Fewer:
small payloads pay for sorting out a few rows."""


def _of_initiators_in(opened: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of initiators in `opened`. There are few such initiators, so a join of their rows alone is faster: with
    half a million rows it takes 3 ms instead of 14 (November 2026). Mostly none of few rows is left.
    """
    if len(rows) <= MAX_FEW_ROWS:
        return rows_where(rows, are_among(rows, opened, ("initiator",)))
    return rows.filter(pl.col("initiator").is_in(opened["initiator"].unique().implode()))


_FLAGS = {"reply_packets", *OPENING_FLAGS, *REPLY_FLAGS}


def settled(established: pl.DataFrame, opened: pl.DataFrame, refused_replies: pl.DataFrame | None) -> Contacts:
    """The contacts with their outcomes, and the interface at which the reply was refused (`refused_replies`: see
    replies.py; None where none was). A record without a part of the key is left out: a format may lack any field.
    """
    answered = _with(established, _ANSWERED)
    others = NO_OPENED if opened.is_empty() else _unanswered(established, opened)
    whole = pl.concat([answered, others], how="diagonal") if len(others) else _with(answered, _NOT_UNANSWERED)
    whole = _with_refused_replies(whole, refused_replies)
    return Contacts(whole.drop_nulls(KEY) if any(whole[name].null_count() for name in KEY) else whole)


_ANSWERED = [pl.Series("outcome", ["answered"], OUTCOME)]
_NOT_UNANSWERED = [pl.Series(name, [None], kind) for name, kind in _OF_UNANSWERED.items()]
_NOT_REFUSED = pl.Series("reply_refused_at", [None], pl.Categorical())


def _with(rows: pl.DataFrame, values: Sequence[pl.Series]) -> pl.DataFrame:
    """The rows with further columns, each of one value."""
    return rows.hstack([value.new_from_index(0, len(rows)) for value in values])


def _unanswered(established: pl.DataFrame, opened: pl.DataFrame) -> pl.DataFrame:
    """The contacts that were opened and did not certainly carry data, with their outcomes."""
    is_sure = are_among(opened, _of_initiators_in(opened, established), KEY)
    unsure = rows_where(opened, ~is_sure) if is_sure.any() else opened
    others = unsure.hstack([_outcomes(unsure)])
    others = others.filter(pl.col("outcome").is_not_null()) if others["outcome"].null_count() else others
    others = without_late_packets(others)
    return others[[name for name in others.columns if name not in _FLAGS]]


def _with_refused_replies(contacts: pl.DataFrame, refused: pl.DataFrame | None) -> pl.DataFrame:
    if refused is None:
        return _with(contacts, [_NOT_REFUSED])
    interfaces = refused.group_by(KEY).agg(pl.col("interface_id").min().alias("reply_refused_at"))
    return contacts.join(interfaces, on=KEY, how="left")


def _outcomes(opened: pl.DataFrame) -> pl.Series:
    """The outcome of each contact that was opened and did not certainly carry data; null where it is unknown.

    A bare answer with more packets than the opening is doubtful, since a record of the opening may be in another batch.
    """
    is_doubtful, is_certain, is_refused = (opened[name] for name in (*OPENING_FLAGS, "is_refused"))
    no_more_back = opened["reply_packets"] <= opened["opened_packets"]
    is_late = opened["is_open"] | ~no_more_back | (opened["opened_packets"] == 0)
    in_order = (
        ("answered", opened["is_answered"]),
        ("doubtful", is_doubtful & ~is_certain),
        (None, ~(is_doubtful | is_certain) & is_late),
        ("rejected", opened["rejected_packets"] > 0),
        ("refused", is_refused & no_more_back),
        ("doubtful", is_refused),
    )
    outcomes = pl.Series("outcome", ["unanswered"], OUTCOME).new_from_index(0, len(opened))
    for outcome, is_so in reversed(in_order):
        outcomes = pl.Series("outcome", [outcome], OUTCOME).zip_with(is_so, outcomes)
    return outcomes


@cache
def _is_stray() -> pl.Expr:
    return ~pl.any_horizontal(OPENING_FLAGS)


MIN_PROBED_PORTS = 5
"""Ports of a host with stray packets from one source, from which on these are probes. More: a scan without SYN that is
split over many small deliveries is missed. Fewer: a host that closed its connections to a few services of another host
is taken for one that probes it."""
MIN_PROBED_HOSTS = 5
"""Hosts with stray packets from one port of a source to one port, from which on these are probes: a client of that many
hosts uses another port of its own for each. More and fewer: as above."""
MIN_CLIENT_PORTS = 3
"""Source ports of stray packets to ports that are no service ports, from which on these are probes: a server that
closes its connections late sends from one port. More: such a scan is found later. Fewer: a service on a port above
32768 that a NAT gateway calls is taken for a scanner."""


def without_late_packets(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts without those of stray packets (neither `is_certain` nor `is_doubtful`) that are no probes.

    Probes without SYN (nmap -sF -sN -sX -sA) go to many ports of a host, or from one source port to many hosts. Late
    packets of closed connections go to one port of a server, or of each server of a pool, or to the ports of clients.
    Missed: a sweep of one port without SYN that uses a new source port for each host, which looks like a pool whose
    connections are no longer tracked; and probes slower than MIN_PROBED_PORTS in a batch.
    """
    if (contacts["is_doubtful"] | contacts["is_certain"]).all():
        return contacts
    strays, others = contacts.filter(_is_stray()), contacts.filter(~_is_stray())
    return pl.concat([others, strays.filter(_goes_to_many_ports() | _goes_to_many_hosts())])


@cache
def _goes_to_many_ports() -> pl.Expr:
    pair = ("scope", "initiator", "responder", "protocol", "day")
    services = pl.when(is_service_port(pl.col("responder_port"))).then("responder_port").drop_nulls().n_unique()
    is_by_clients = pl.col("min_initiator_port").n_unique() >= MIN_CLIENT_PORTS
    is_many = pl.col("responder_port").n_unique() >= MIN_PROBED_PORTS
    return ((services >= MIN_PROBED_PORTS) | (is_many & is_by_clients)).over(pair)


@cache
def _goes_to_many_hosts() -> pl.Expr:
    path = ("scope", "initiator", "min_initiator_port", "responder_port", "protocol", "day")
    return pl.col("responder").n_unique().over(path) >= MIN_PROBED_HOSTS
