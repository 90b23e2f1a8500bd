"""More sources or findings in one batch than are recorded or reported one by one: a flood, or very many events at once.

Why it matters: what is left out is only counted, so an attack may hide in it. A flood may have exactly this purpose.
Innocent look-alikes: a busy hour of a network with very many public addresses, in which single external probes are left
out (a line in the digest); one change of rules that blocks very many paths at once. limits.py decides what is kept. A
flood is reported once a day for each VPC and for each kind of finding or side of the sources that are left out; its
number is that of the first batch with a flood.
ATT&CK T1498, Network Denial of Service, if external sources are left out; otherwise none.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl

from flowsentry.detect.host_pairs import Identity, Row, display_name
from flowsentry.findings.drafts import Draft, NamedFinding, Owners
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.inventory.address_space import AddressQuery

KIND = KINDS["flood"]
MAX_SAMPLE = 10
"""Sources that a finding lists. More: longer alerts. Fewer: the sender is harder to recognise."""


class _Subject(NamedTuple):
    """The subject of a finding: its address, its name in a title, and its owner if known."""

    address: str
    display_name: str
    owner: Any


MAX_FLOODS = 20
"""Flood findings of a batch for each kind of finding, and for sources: those with the largest numbers. More: a flood in
very many VPCs or days is as many messages. Fewer: fewer of its VPCs and days are reported."""
MAX_SUMMARIES = 100
"""Summaries of findings that a batch does not store, by VPC and day. More: a flood in very many VPCs is as many
messages. Fewer: fewer of its VPCs and days are reported by themselves."""
_SEEN = (pl.col("first_seen").min(), pl.col("last_seen").max())


def flood_of_sources(left_out: pl.DataFrame, dropped: int, contacts: pl.DataFrame) -> list[Draft]:
    """A finding for each VPC, day and side (inside or outside) whose sources were left out; of more than MAX_FLOODS,
    those with the most sources. The subject is the address that most of these sources tried. `left_out` comes from
    `sources_left_out`. The `dropped` sources, all external and no longer in `contacts`, are added to the largest number
    of external sources.
    """
    by = ("scope", "day", "initiator_is_inside")
    rows = [] if left_out.is_empty() else _counted(left_out, by, subject="responder", counted="source")
    if dropped and all(row["initiator_is_inside"] for row in rows):
        outside = contacts.filter(~pl.col("initiator_is_inside"))
        rows += [row | {"left_out": 0} for row in _counted(outside, by, subject="responder", counted="source")[:1]]
    if outside_rows := [row for row in rows if not row["initiator_is_inside"]]:
        outside_rows[0]["left_out"] += dropped
    return [_source_flood(row) for row in rows[:MAX_FLOODS]]


def summary_findings(kind: str, severity: Severity, left_out: pl.DataFrame) -> list[Draft]:
    """A finding for each VPC and day in which findings of a kind were not reported one by one; the subject is the
    source with the most of them. `left_out` has a row for each finding: `scope`, `day`, `initiator`, `responder`,
    `first_seen`, `last_seen`.
    """
    if left_out.is_empty():
        return []
    rows = _counted(left_out.with_row_index("finding"), ("scope", "day"), subject="initiator", counted="finding")
    return [_finding_flood(kind, severity, row) for row in rows[:MAX_FLOODS]]


_ORDER = {severity: number for number, severity in enumerate(Severity)}


def most_severe(drafts: Sequence[Draft], most: int) -> tuple[Sequence[Draft], Sequence[Draft]]:
    """So many of the findings of a batch, and the others. The most severe have priority, then those with the smallest
    ids: the choice depends neither on what is known nor on the order.
    """
    if len(drafts) <= most:
        return drafts, []
    ordered = sorted(drafts, key=lambda each: (_ORDER[each.severity], each.id))
    return ordered[:most], ordered[most:]


def in_priority_order(findings: Sequence[NamedFinding]) -> list[NamedFinding]:
    """The findings in the order in which they are stored: by severity, then by number of endpoints."""

    def priority(named: NamedFinding) -> tuple[int, int, int, str]:
        finding = named.finding
        return _ORDER[finding.severity], -finding.endpoints, finding.first_seen, finding.id

    return sorted(findings, key=priority)


def summarize_unstored(findings: Sequence[Finding]) -> list[Finding]:
    """Summaries of findings that a batch does not store: one for each kind, severity, VPC and day, with the subject of
    the first. Of more than MAX_SUMMARIES, the smallest are added up for each kind and severity. Flood findings are
    returned unchanged. Each batch has its own summaries.
    """
    floods = [each for each in findings if each.kind == KIND.name]
    others = [each for each in findings if each.kind != KIND.name]
    groups = sorted(
        _grouped(others, lambda each: (each.scope, each.first_seen // SECONDS_A_DAY)), key=len, reverse=True
    )
    small = [each for group in groups[MAX_SUMMARIES:] for each in group]
    groups = [*groups[:MAX_SUMMARIES], *_grouped(small, lambda _: ())]
    return [*floods, *map(_unstored_summary, groups)]


def _grouped(findings: Sequence[Finding], also_by: Callable[[Finding], tuple[object, ...]]) -> list[list[Finding]]:
    """The findings by kind, severity and something else."""
    groups: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for each in findings:
        groups[each.kind, each.severity, *also_by(each)].append(each)
    return list(groups.values())


def _unstored_summary(findings: Sequence[Finding]) -> Finding:
    first = findings[0]
    row = {
        "scope": first.scope,
        "day": first.first_seen // SECONDS_A_DAY,
        "left_out": len(findings),
        "first_seen": min(each.first_seen for each in findings),
        "last_seen": max(each.last_seen for each in findings),
        "sample": sorted({each.subject for each in findings})[:MAX_SAMPLE],
    }
    subject = _Subject(first.subject, first.subject, first.details.get("subject_owner"))
    made = _finding_about((first.kind, ""), subject, first.severity, _number_in_words(first.kind, len(findings)), row)
    return replace(made, id=finding_id(KIND.name, "no time", first.id))


def _counted(left_out: pl.DataFrame, by: tuple[str, ...], subject: str, counted: str) -> list[dict[str, Any]]:
    """For each group: how many were left out, the subject of the most of them, and a sample of their sources; largest
    group first.
    """
    texts = left_out.with_columns(pl.col("scope", "initiator", "responder").cast(pl.String))
    shares = texts.group_by(*by, subject).agg(pl.col(counted).n_unique().alias("share"))
    most = shares.sort("share", subject, descending=[True, False]).group_by(by, maintain_order=True).first()
    groups = texts.group_by(by).agg(
        pl.col(counted).n_unique().alias("left_out"),
        pl.col("initiator").unique().sort().head(MAX_SAMPLE).alias("sample"),
        *_SEEN,
    )
    joined = groups.join(most, on=by).sort("left_out", *by, descending=[True, *[False] * len(by)])
    return list(joined.iter_rows(named=True))


def _source_flood(row: Row) -> Draft:
    is_inside = row["initiator_is_inside"]
    side = "inside" if is_inside else "outside"
    adjective = "internal" if is_inside else "external"
    what = f"and others: {row['left_out']:,} {adjective} sources were not recorded"
    return _draft(("sources", side), row["responder"], KIND.severity(side), what, row)


def _finding_flood(kind: str, severity: Severity, row: Row) -> Draft:
    return _draft((kind, ""), row["initiator"], severity, _number_in_words(kind, row["left_out"]), row)


def _number_in_words(kind: str, number: int) -> str:
    return f"and others: {number:,} {kind} findings are not reported one by one"


def _draft(category: tuple[str, str], address: str, severity: Severity, what: str, row: Row) -> Draft:
    def with_owner(owners: Owners) -> Finding:
        owner = owners[0].owner
        subject = _Subject(address, display_name(address, owner), owner.owner if owner else None)
        return _finding_about(category, subject, severity, what, row)

    end = AddressQuery(row["scope"], address, row["last_seen"])
    id_ = finding_id(*_identity(category, row), str(row["day"]))
    return Draft(id_, severity, row["last_seen"], (end,), with_owner)


def _identity(category: tuple[str, str], row: Row) -> Identity:
    return KIND.name, *category, row["scope"]


def _finding_about(category: tuple[str, str], subject: _Subject, severity: Severity, what: str, row: Row) -> Finding:
    left_out, side = category
    return Finding(
        id=finding_id(*_identity(category, row), str(row["day"])),
        thread=finding_id(*_identity(category, row)),
        kind=KIND.name,
        severity=severity,
        title=f"{subject.display_name} {what}",
        subject=subject.address,
        scope=row["scope"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        details={
            "left_out": left_out,
            "side": side or None,
            "number": row["left_out"],
            "sources": row["sample"],
            "subject_owner": subject.owner,
            "technique": KIND.technique(side),
        },
    )
