"""More sources or findings in one batch than are recorded or told one by one: a flood, or very many at once.

Why it matters: what is left out is not known one by one, so something may hide in it. Who floods on purpose may want
just that.
Innocent look-alikes: a busy hour of a network with very many public addresses, where single probes from outside are
left out (a digest line); one change of rules that blocks very many paths at once.
What is kept of too many: see loudest.py. Once a day for each VPC and sort of thing; the number is that of the first
batch with a flood.
ATT&CK T1498, Network Denial of Service, where sources outside are left out; else none.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from flowsentry.detect.host_pairs import Row, display_name
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.inventory.address_space import AddressAt, AddressSpace

KIND = "flood"
TECHNIQUE = "T1498"
MAX_SAMPLE = 10
"""Sources that a finding lists. More: longer alerts. Fewer: less to recognise."""


class _Subject(NamedTuple):
    """Whom a finding is about: the address, how it is called in a title, and its owner where that is known."""

    subject: str
    display_name: str
    owner: Any


MAX_FLOODS = 20
"""Findings of a batch about each sort of flood, those with the most left out. More: a flood over very many VPCs or days
is as many messages. Fewer: of such a one, less is told."""
_SEEN = (pl.col("first_seen").min(), pl.col("last_seen").max())


def flood_of_sources(
    left_out: pl.DataFrame, dropped: int, contacts: pl.DataFrame, address_space: AddressSpace
) -> list[Finding]:
    """A finding for each VPC, day and side (inside or outside) of which sources were left out, MAX_FLOODS with the most
    of them: about the address that the most of them called. `left_out` is that of `limit_sources`; those `dropped`
    before, all outside and among the `contacts` no more, are counted with the largest number of them.
    """
    by = ("scope", "day", "initiator_is_inside")
    rows = [] if left_out.is_empty() else _counted(left_out, by, about="responder", counted="source")
    if dropped and all(row["initiator_is_inside"] for row in rows):
        outside = contacts.filter(~pl.col("initiator_is_inside"))
        rows += [row | {"left_out": 0} for row in _counted(outside, by, about="responder", counted="source")[:1]]
    if outside_rows := [row for row in rows if not row["initiator_is_inside"]]:
        outside_rows[0]["left_out"] += dropped
    return [_source_flood(row, address_space) for row in rows[:MAX_FLOODS]]


def summary_findings(
    kind: str, severity: Severity, left_out: pl.DataFrame, address_space: AddressSpace
) -> list[Finding]:
    """A finding for each VPC and day of which findings of a kind were not told one by one: about the source with the
    most of them. `left_out` has a row for each finding: `scope`, `day`, `initiator`, `responder`, `first_seen`,
    `last_seen`.
    """
    if left_out.is_empty():
        return []
    rows = _counted(left_out.with_row_index("finding"), ("scope", "day"), about="initiator", counted="finding")
    return [_finding_flood(kind, severity, row, address_space) for row in rows[:MAX_FLOODS]]


def in_priority_order(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in the order in which they are put: by severity, then by how much they are about."""
    priority = list(Severity)
    return sorted(findings, key=lambda each: (priority.index(each.severity), -each.endpoints, each.first_seen, each.id))


def summarize_unstored(findings: Sequence[Finding]) -> list[Finding]:
    """A finding for each kind, severity, VPC and day of those that a batch has no time to put, about the subject of the
    first; floods among them stay as they are. Each batch tells its own.
    """
    groups: dict[tuple[str, Severity, str, int], list[Finding]] = defaultdict(list)
    for each in findings:
        if each.kind != KIND:
            groups[each.kind, each.severity, each.scope, each.first_seen // SECONDS_A_DAY].append(each)
    floods = [each for each in findings if each.kind == KIND]
    return [*floods, *(_unstored_summary(day, told) for (_, _, _, day), told in groups.items())]


def _unstored_summary(day: int, told: Sequence[Finding]) -> Finding:
    first = told[0]
    row = {
        "scope": first.scope,
        "day": day,
        "left_out": len(told),
        "first_seen": min(each.first_seen for each in told),
        "last_seen": max(each.last_seen for each in told),
        "sample": sorted({each.subject for each in told})[:MAX_SAMPLE],
    }
    about = _Subject(first.subject, first.subject, first.details.get("subject_owner"))
    made = _finding_about((first.kind, ""), about, first.severity, _number_in_words(first.kind, len(told)), row)
    return replace(made, id=finding_id(KIND, "no time", first.id))


def _counted(left_out: pl.DataFrame, by: tuple[str, ...], about: str, counted: str) -> list[dict[str, Any]]:
    """For each group how many there are, whom the most of them are about, and some of their sources; the largest group
    first.
    """
    texts = left_out.with_columns(pl.col("scope", "initiator", "responder").cast(pl.String))
    shares = texts.group_by(*by, about).agg(pl.col(counted).n_unique().alias("share"))
    most = shares.sort("share", about, descending=[True, False]).group_by(by, maintain_order=True).first()
    told = texts.group_by(by).agg(
        pl.col(counted).n_unique().alias("left_out"),
        pl.col("initiator").unique().sort().head(MAX_SAMPLE).alias("sample"),
        *_SEEN,
    )
    joined = told.join(most, on=by).sort("left_out", *by, descending=[True, *[False] * len(by)])
    return list(joined.iter_rows(named=True))


def _source_flood(row: Row, address_space: AddressSpace) -> Finding:
    is_inside = row["initiator_is_inside"]
    side = "inside" if is_inside else "outside"
    what = f"and others: {row['left_out']:,} sources {side} are not recorded"
    severity = Severity.MEDIUM if is_inside else Severity.LOW
    return _finding(("sources", side), row["responder"], severity, what, row, address_space)


def _finding_flood(kind: str, severity: Severity, row: Row, address_space: AddressSpace) -> Finding:
    return _finding((kind, ""), row["initiator"], severity, _number_in_words(kind, row["left_out"]), row, address_space)


def _number_in_words(kind: str, number: int) -> str:
    return f"and others: {number:,} findings of {kind} are not told"


def _finding(
    sort: tuple[str, str], subject: str, severity: Severity, what: str, row: Row, address_space: AddressSpace
) -> Finding:
    owner = address_space.ends_of([AddressAt(row["scope"], subject, row["last_seen"])])[0].owner
    about = _Subject(subject, display_name(subject, owner), owner.owner if owner else None)
    return _finding_about(sort, about, severity, what, row)


def _finding_about(sort: tuple[str, str], about: _Subject, severity: Severity, what: str, row: Row) -> Finding:
    left_out, side = sort
    return Finding(
        id=finding_id(KIND, *sort, row["scope"], str(row["day"])),
        thread=finding_id(KIND, *sort, row["scope"]),
        kind=KIND,
        severity=severity,
        title=f"{about.display_name} {what}",
        subject=about.subject,
        scope=row["scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        details={
            "left_out": left_out,
            "side": side or None,
            "number": row["left_out"],
            "sources": row["sample"],
            "subject_owner": about.owner,
            "technique": TECHNIQUE if side == "outside" else None,
        },
    )
