"""Limits the sources that a batch records, and the findings of one kind that it reports one by one.

A sender of packets with spoofed source addresses can create a batch with as many sources as records. Each source would
need an item, a write and about 3 KB of memory, so a batch records a limited number of sources. Sources with more failed
endpoints have priority. Among equals, those with the smallest rank are kept: a sender cannot choose a rank other than
by trying addresses, and the rank does not depend on how records are divided into batches, so every batch of a flood
keeps the same sources. Sources beyond the limit are counted and reported (see flood.py).

A single probe can wait: of external sources with one failed endpoint in a batch, only MAX_SINGLE_PROBES are recorded. A
source that is left out is recorded once it has two failed endpoints in a batch, or one in a batch below the limit.
Wrong for an external scanner that tries one endpoint in each batch during a flood: only those in the recorded share of
single probes are found.
"""

import polars as pl

from flowsentry.detect.logins.attempts import login_members
from flowsentry.detect.scans.scan_failures import scan_failures
from flowsentry.findings.endpoints import host_numbers, host_ranks, rank_of
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Settled

MAX_SOURCES = 4_000
"""Internal sources, and as many external sources, that a batch records; each day of a source counts. More: a flood
costs more writes (1 ms of CPU time and 5 ms of waiting each, eight in parallel) and more memory. Fewer: in a busy batch
of a large network, real scanners are left out."""
MAX_SINGLE_PROBES = 2_000
"""Of these, external sources with one failed endpoint. One public address gets about 30 in five minutes. More: a flood
of single probes costs more. Fewer: in networks with very many public addresses, scanners that try one endpoint in each
batch are found later."""
MAX_FINDINGS_PER_KIND = 5_000
"""Findings of one kind that a batch reports one by one; each takes up to 1 ms. More: a flood of sessions takes longer
than the function's timeout. Fewer: if very much really happens at once, more of it is only counted."""
_SOURCE_DAY = ("source_scope", "source", "day")
_COLUMNS = (*_SOURCE_DAY, "initiator_is_inside", "scope", "initiator", "responder", "first_seen", "last_seen")


def sources_left_out(settled: Settled, bounds: LoginThresholds) -> pl.DataFrame:
    """The suspicious sources beyond the limit, of a batch that comes from `with_source_scopes`: for each of them a row
    for each failed endpoint, and one row for its login attempts. Sources without failed contacts and login attempts are
    never left out.
    """
    contacts, logins = settled
    if len(contacts) + len(logins) <= MAX_SINGLE_PROBES:
        return pl.DataFrame()
    suspicious = _suspicious(settled, bounds)
    beyond = _over_limit(suspicious.group_by(_SOURCE_DAY).agg(_ENDPOINTS, pl.col("initiator_is_inside").any()))
    return suspicious.join(beyond, on=_SOURCE_DAY, how="semi") if len(beyond) else pl.DataFrame()


def limit_findings(rows: pl.DataFrame, priority: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are reported one by one, in their order, and the other rows. At most MAX_FINDINGS_PER_KIND are
    reported: those with the highest number in the column named `priority`, and among equals those with the smallest
    rank of `initiator`, `responder` and `responder_port`.
    """
    if len(rows) <= MAX_FINDINGS_PER_KIND:
        return rows, rows.clear()
    host = host_numbers(rows["responder"].cast(pl.String)) * (1 << 16) + rows["responder_port"].cast(pl.UInt64)
    ends = pl.DataFrame({"end": host, "initiator": host_numbers(rows["initiator"].cast(pl.String))})
    ranks = ends.select(rank=rank_of(pl.col("initiator") ^ rank_of(pl.col("end")))).with_columns(rows[priority])
    is_reported = _positions(ranks.select(pl.col(priority), "rank")) < MAX_FINDINGS_PER_KIND
    return rows.filter(is_reported), rows.filter(~is_reported)


_ENDPOINTS = pl.len().alias("endpoints")


def _suspicious(settled: Settled, bounds: LoginThresholds) -> pl.DataFrame:
    """A row for each failed endpoint, and one row for all login attempts of a source and day: packets that look like
    attempts are cheap to send, and one row is enough to record the source.
    """
    failed = scan_failures(settled.contacts, _COLUMNS)
    if settled.logins.is_empty():
        return failed
    tries = login_members(settled.logins, bounds).filter(pl.col("set") == "attempts")
    return pl.concat([failed, tries.unique(_SOURCE_DAY).select(_COLUMNS)])


def _over_limit(sources: pl.DataFrame) -> pl.DataFrame:
    """The sources beyond the limits."""
    is_single = (pl.col("endpoints") == 1) & ~pl.col("initiator_is_inside")
    groups = [
        (sources.filter(is_single), MAX_SINGLE_PROBES),
        (sources.filter(~is_single & ~pl.col("initiator_is_inside")), MAX_SOURCES - MAX_SINGLE_PROBES),
        (sources.filter("initiator_is_inside"), MAX_SOURCES),
    ]
    return pl.concat([_exceeding(each, limit) for each, limit in groups])


def _exceeding(sources: pl.DataFrame, limit: int) -> pl.DataFrame:
    if len(sources) <= limit:
        return sources.clear()
    return sources.filter(_positions(sources.select("endpoints", host_ranks(sources["source"]))) >= limit)


def _positions(priority_and_rank: pl.DataFrame) -> pl.Series:
    """The position of each row, from 0, ordered by descending priority and ascending rank."""
    priority, rank = priority_and_rank.columns
    ordered = priority_and_rank.with_row_index("row").sort(priority, rank, descending=[True, False])
    return ordered.with_row_index("position").sort("row")["position"]
