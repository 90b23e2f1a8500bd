"""Openings of one source of records, thinned where sources outside are too many to hold, as in a flood of spoofed ones.
addresses.

Of a file of 75 MB, the largest that flow logs write, each of six million records may be from another address. What can
come of a source that opened one contact is that it is one of the few single probes that a batch records (see
detect/loudest.py), so of these only those of smallest rank are held. Wrong for a source that opens a second contact
after its first was dropped: of it, that one is not known.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from flowsentry.endpoints import host_numbers, rank_of

MAX_OPENINGS = 500_000
"""Openings held, some 60 bytes each, before they are thinned; settling them takes three times as much. More: more
memory. Fewer: files of large networks are thinned that need not be."""
MAX_SINGLES_HELD = 100_000
"""Sources outside with one opening that are held then: a hundred times what is recorded of them, since many of them
turn out to have been answered. More: more memory. Fewer: of a flood, fewer are looked at."""
_SOURCE = ("scope", "initiator")


class Thinned(NamedTuple):
    """What is held of openings and replies, and how many sources were dropped."""

    openings: pl.DataFrame
    replies: pl.DataFrame
    dropped: int


def thinned(openings: Sequence[pl.DataFrame], replies: Sequence[pl.DataFrame], conversing: pl.Series) -> Thinned:
    """The openings without those of too many sources that have one and are not `conversing`, and the replies without
    those to these sources.
    """
    rows, back = pl.concat(openings), pl.concat(replies)
    is_single = ~pl.col("initiator_is_inside") & (pl.len().over(_SOURCE) == 1)
    is_single &= ~pl.col("initiator").is_in(conversing.implode())
    singles = rows.select(*_SOURCE, is_single.alias("is_single")).filter("is_single")
    if len(singles) <= MAX_SINGLES_HELD:
        return Thinned(rows, back, 0)
    ranks = pl.DataFrame({"host": host_numbers(singles["initiator"])}).select(rank=rank_of(pl.col("host")))["rank"]
    dropped = singles[ranks.arg_sort()[MAX_SINGLES_HELD:]].select(_SOURCE)
    return Thinned(rows.join(dropped, on=_SOURCE, how="anti"), back.join(dropped, on=_SOURCE, how="anti"), len(dropped))


def conversing(conversations: Sequence[pl.DataFrame]) -> pl.Series:
    """The addresses at either end of the conversations."""
    ends = [each[name].unique() for each in conversations for name in ("here_address", "there_address")]
    return pl.concat(ends) if ends else pl.Series(dtype=pl.Categorical())


def thinned_conversations(
    conversations: Sequence[pl.DataFrame], openings: Sequence[pl.DataFrame]
) -> tuple[pl.DataFrame, int]:
    """The conversations of which both directions must be looked at, without those seen one way of too many sources
    outside that have one, and none of the `openings`; and how many were dropped.
    """
    rows = pl.concat(conversations)
    here_alone = ~pl.col("here_is_inside") & pl.col("there_is_inside")
    there_alone = pl.col("here_is_inside") & ~pl.col("there_is_inside")
    outside = pl.when(here_alone).then("here_address").when(there_alone).then("there_address")
    is_one_way = (pl.col("here_packets") == 0) | (pl.col("there_packets") == 0)
    ends = rows.select(outside.alias("address"), is_one_way.fill_null(value=True).alias("is_one_way"))
    opening = pl.concat([each["initiator"].unique() for each in openings])
    is_single = ends.select(
        pl.col("is_one_way")
        & pl.col("address").is_not_null()
        & (pl.len().over("address") == 1)
        & ~pl.col("address").is_in(opening.implode()).fill_null(value=False)
    ).to_series()
    if (number := int(is_single.sum())) <= MAX_SINGLES_HELD:
        return rows, 0
    ranks = pl.DataFrame({"host": host_numbers(ends["address"])}).select(rank=rank_of(pl.col("host")))["rank"]
    places = is_single.arg_true()
    dropped = places[ranks[places].arg_sort()[MAX_SINGLES_HELD:]]
    is_kept = pl.repeat(value=True, n=len(rows), eager=True).scatter(dropped, values=False)
    return rows.filter(is_kept), number - MAX_SINGLES_HELD
