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

MAX_OPENINGS = 1_000_000
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


def thinned(openings: Sequence[pl.DataFrame], replies: Sequence[pl.DataFrame]) -> Thinned:
    """The openings without those of too many sources that have one, and the replies without those to these sources."""
    rows, back = pl.concat(openings), pl.concat(replies)
    is_single = ~pl.col("initiator_is_inside") & (pl.len().over(_SOURCE) == 1)
    singles = rows.select(*_SOURCE, is_single.alias("is_single")).filter("is_single")
    if len(singles) <= MAX_SINGLES_HELD:
        return Thinned(rows, back, 0)
    ranks = pl.DataFrame({"host": host_numbers(singles["initiator"])}).select(rank=rank_of(pl.col("host")))["rank"]
    dropped = singles[ranks.arg_sort()[MAX_SINGLES_HELD:]].select(_SOURCE)
    return Thinned(rows.join(dropped, on=_SOURCE, how="anti"), back.join(dropped, on=_SOURCE, how="anti"), len(dropped))
