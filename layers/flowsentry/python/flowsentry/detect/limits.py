"""Which sources of a batch are recorded, and which of its findings are told one by one, when there are too many.

Whoever sends packets with made-up source addresses can make a batch of as many sources as it has records. Each would be
an item, a write and some 3 KB of memory, so a batch records a bounded number of them. A source that failed many
endpoints is kept before one that failed few. Among equals those of smallest rank are kept: an order that no sender can
steer but by trying addresses, and the same however the records are cut, so that the same sources are kept in every
batch of a flood. What is left out is counted and told (see flood.py).

A single probe may wait: of sources outside that failed one endpoint in a batch, only MAX_SINGLE_PROBES are recorded.
One that is left out is recorded once it fails two endpoints in a batch, or one in a batch with room. Wrong for a
scanner outside that calls one endpoint in each batch during a flood: such scanners are found in the share of single
probes that are kept.
"""

from typing import NamedTuple

import polars as pl

from flowsentry.detect.logins.attempts import login_members
from flowsentry.detect.scans.source_evidence import scan_contacts
from flowsentry.findings.endpoints import host_numbers, host_ranks, rank_of
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Contacts, Logins, Settled

MAX_SOURCES = 4_000
"""Sources inside, and as many outside, that a batch records, each day of a source being one. More: a flood costs more
writes (1 ms of processor time and 5 ms of waiting each, eight at once) and more memory. Fewer: of a busy batch of a
large network, real scanners are left out."""
MAX_SINGLE_PROBES = 2_000
"""Of these, sources outside that failed one endpoint. One public address has some 30 in five minutes. More: a flood of
single probes costs more. Fewer: scanners that call one endpoint a batch are found later in networks with very many
public addresses."""
MAX_FINDINGS_PER_KIND = 5_000
"""Findings of one kind that a batch tells one by one; each takes up to 1 ms. More: a flood of sessions takes longer
than a function has. Fewer: of much that really happened at once, less is told by name."""
_SOURCE_DAY = ("source_scope", "source", "day")
_COLUMNS = (*_SOURCE_DAY, "initiator_is_inside", "scope", "initiator", "responder", "first_seen", "last_seen")


class LimitedBatch(NamedTuple):
    """What is recorded of a batch; and of the sources that are left out, a row for each endpoint that failed, and one
    for tries to log in.
    """

    recorded: Settled
    left_out: pl.DataFrame


def limit_sources(settled: Settled, bounds: LoginThresholds) -> LimitedBatch:
    """The batch without the suspicious sources for which there is no room. `settled` is that of `with_source_scopes`;
    sources that failed nothing and tried nothing stay.
    """
    contacts, logins = settled
    if len(contacts) + len(logins) <= MAX_SINGLE_PROBES:
        return LimitedBatch(settled, pl.DataFrame())
    suspicious = _suspicious(settled, bounds)
    left_out = _over_limit(suspicious.group_by(_SOURCE_DAY).agg(_ENDPOINTS, pl.col("initiator_is_inside").any()))
    if left_out.is_empty():
        return LimitedBatch(settled, left_out)
    recorded = (each.join(left_out, on=_SOURCE_DAY, how="anti") for each in settled)
    rows = suspicious.join(left_out, on=_SOURCE_DAY, how="semi")
    return LimitedBatch(Settled(Contacts(next(recorded)), Logins(next(recorded))), rows)


def limit_findings(rows: pl.DataFrame, priority: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are told one by one, in their order, and the others: of too many MAX_FINDINGS_A_KIND are told,
    those with the highest number in the column `priority`, and among equals of smallest rank. A row is about its
    `initiator`, `responder` and `responder_port`.
    """
    if len(rows) <= MAX_FINDINGS_PER_KIND:
        return rows, rows.clear()
    host = host_numbers(rows["responder"].cast(pl.String)) * (1 << 16) + rows["responder_port"].cast(pl.UInt64)
    ends = pl.DataFrame({"end": host, "initiator": host_numbers(rows["initiator"].cast(pl.String))})
    ranks = ends.select(rank=rank_of(pl.col("initiator") ^ rank_of(pl.col("end")))).with_columns(rows[priority])
    is_told = _positions(ranks.select(pl.col(priority), "rank")) < MAX_FINDINGS_PER_KIND
    return rows.filter(is_told), rows.filter(~is_told)


_ENDPOINTS = pl.len().alias("endpoints")


def _suspicious(settled: Settled, bounds: LoginThresholds) -> pl.DataFrame:
    """A row for each endpoint that failed, and one for all tries to log in of a source and day: packets that look like
    tries are cheap to send, and who guesses shows it with one.
    """
    failed = scan_contacts(settled.contacts).filter(pl.col("outcome") != "answered").select(_COLUMNS)
    if settled.logins.is_empty():
        return failed
    tries = login_members(settled.logins, bounds).filter(pl.col("set") == "attempts")
    return pl.concat([failed, tries.unique(_SOURCE_DAY).select(_COLUMNS)])


def _over_limit(sources: pl.DataFrame) -> pl.DataFrame:
    """The sources for which there is no room."""
    is_single = (pl.col("endpoints") == 1) & ~pl.col("initiator_is_inside")
    sides = [
        (sources.filter(is_single), MAX_SINGLE_PROBES),
        (sources.filter(~is_single & ~pl.col("initiator_is_inside")), MAX_SOURCES - MAX_SINGLE_PROBES),
        (sources.filter("initiator_is_inside"), MAX_SOURCES),
    ]
    return pl.concat([_exceeding(each, room) for each, room in sides])


def _exceeding(sources: pl.DataFrame, room: int) -> pl.DataFrame:
    if len(sources) <= room:
        return sources.clear()
    return sources.filter(_positions(sources.select("endpoints", host_ranks(sources["source"]))) >= room)


def _positions(loudness_and_rank: pl.DataFrame) -> pl.Series:
    """The place of each row, from 0, when the loudest come first, and among equals those of smallest rank."""
    priority, rank = loudness_and_rank.columns
    ordered = loudness_and_rank.with_row_index("row").sort(priority, rank, descending=[True, False])
    return ordered.with_row_index("place").sort("row")["place"]
