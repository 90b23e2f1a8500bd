"""Bounds the openings of one file or payload with very many outside addresses, as in a spoofed flood.

In a file of 75 MB, the largest that flow logs write, each of six million records may come from another address. Few of
them are recorded in the end (see detect/limits.py), so only the sources with most contacts are held, and among equals
those of smallest rank. Wrong for a source that opens a second contact after its first was dropped: the first is lost. A
source that is dropped several times is counted each time.
"""

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from flowsentry.findings.endpoints import host_ranks, sources_of

MAX_OPENINGS = 500_000
"""Openings that are held, at some 60 bytes each, before some are dropped; settling them takes three times as much.
More: more memory. Fewer: openings of large networks are dropped without need."""
MAX_SOURCES_HELD = 100_000
"""Outside sources with one contact that are held then, and as many with more: fifty times what is recorded, since many
of them turn out to have been answered. More: more memory. Fewer: fewer sources of a flood are examined."""
_SOURCE = ("scope", "initiator")
_END = ("responder", "responder_port", "protocol")


class Thinned(NamedTuple):
    """The openings and replies that are held, and how many sources were dropped."""

    openings: pl.DataFrame
    replies: pl.DataFrame
    dropped: int


def thinned(openings: Sequence[pl.DataFrame], replies: Sequence[pl.DataFrame], conversing: pl.Series) -> Thinned:
    """The openings and replies of at most MAX_SOURCES_HELD outside sources with one contact, and of as many with more
    contacts or in `conversing`; in both groups those with most contacts are held. Openings from inside are all held.
    """
    rows, back = pl.concat(openings), pl.concat(replies)
    outside = rows.filter(~pl.col("initiator_is_inside")).unique([*_SOURCE, *_END])
    outside = outside.hstack([sources_of(outside["initiator"])])
    is_conversing = pl.col("initiator").is_in(conversing.implode()).any().alias("is_conversing")
    sources = outside.group_by("scope", "source").agg(pl.len().alias("contacts"), is_conversing)
    is_single = (pl.col("contacts") == 1) & ~pl.col("is_conversing")
    far = pl.concat([_beyond(sources.filter(each)) for each in (is_single, ~is_single)])
    if far.is_empty():
        return Thinned(rows, back, 0)
    dropped = outside.join(far, on=["scope", "source"], how="semi").select(_SOURCE).unique()
    return Thinned(rows.join(dropped, on=_SOURCE, how="anti"), back.join(dropped, on=_SOURCE, how="anti"), len(far))


def _beyond(sources: pl.DataFrame) -> pl.DataFrame:
    """The sources beyond MAX_SOURCES_HELD: those with fewer contacts, then those of larger rank."""
    keys = sources.select("scope", "source")
    if len(sources) <= MAX_SOURCES_HELD:
        return keys.clear()
    ranked = sources.select("contacts", host_ranks(sources["source"])).with_row_index("row")
    order = ranked.sort("contacts", "rank", descending=[True, False])["row"]
    return keys[order[MAX_SOURCES_HELD:]]


def conversing(conversations: Sequence[pl.DataFrame]) -> pl.Series:
    """The addresses at either end of the conversations."""
    ends = [each[name].unique() for each in conversations for name in ("here_address", "there_address")]
    return pl.concat(ends) if ends else pl.Series(dtype=pl.Categorical())


def thinned_conversations(
    conversations: Sequence[pl.DataFrame], openings: Sequence[pl.DataFrame]
) -> tuple[pl.DataFrame, int]:
    """The conversations, and how many were dropped: of outside sources with a single conversation, seen in one
    direction, and without `openings`, at most MAX_SOURCES_HELD are kept.
    """
    rows = pl.concat(conversations)
    here_alone = ~pl.col("here_is_inside") & pl.col("there_is_inside")
    there_alone = pl.col("here_is_inside") & ~pl.col("there_is_inside")
    outside = pl.when(here_alone).then("here_address").when(there_alone).then("there_address")
    is_one_way = (pl.col("here_packets") == 0) | (pl.col("there_packets") == 0)
    ends = rows.select(outside.alias("address"), is_one_way.fill_null(value=True).alias("is_one_way"))
    ends = ends.with_columns(sources_of(ends["address"]))
    opening = pl.concat([each["initiator"].unique() for each in openings])
    is_single = ends.select(
        pl.col("is_one_way")
        & pl.col("address").is_not_null()
        & (pl.len().over("source") == 1)
        & ~pl.col("address").is_in(opening.implode()).fill_null(value=False)
    ).to_series()
    if (number := int(is_single.sum())) <= MAX_SOURCES_HELD:
        return rows, 0
    rows_of_single = is_single.arg_true()
    dropped = rows_of_single[host_ranks(ends["source"][rows_of_single]).arg_sort()[MAX_SOURCES_HELD:]]
    is_kept = pl.repeat(value=True, n=len(rows), eager=True).scatter(dropped, values=False)
    return rows.filter(is_kept), number - MAX_SOURCES_HELD
