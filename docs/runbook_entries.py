"""The generated parts of runbook.md: the four sentences of each entry, and its alarms, from stacks/monitoring.

The steps below them are written by hand.
"""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from stacks.monitoring.alarms.row import Missing, Row, ToldBy
from stacks.monitoring.alarms.table import COMPOSITES, table_of
from stacks.monitoring.runbook.entries import ENTRIES
from stacks.monitoring.runbook.entry import NAME, Entry
from stacks.settings.deployment import SECTION, Deployment

EVERYTHING = Deployment.from_context(
    {
        SECTION: {
            "sources": [
                {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch", "kinesis": True},
                {"all_vpcs": True, "destination": "s3"},
            ],
            "kubernetes_clusters": [{"name": "shop"}],
            "digest_topic": True,
            "chat_topic": True,
            "operator_emails": ["operators@example.com"],
            "metric_filters": [{"name": "ssh", "port": 22}],
        }
    }
)
"""A deployment with an alarm of each kind."""
BLOCK = re.compile(r"(?<=<!-- entry: )([a-z-]+) -->\n.*?(?=<!-- end -->)", re.DOTALL)
WITHOUT_DATA = {
    Missing.GOOD: "OK",
    Missing.BAD: "ALARM",
    Missing.UNKNOWN: "INSUFFICIENT_DATA",
    Missing.UNCHANGED: "as before",
}
HEADER = ("| alarm | metric | in ALARM | without data | told by |", "| --- | --- | --- | --- | --- |")


def with_entries(page: str) -> str:
    """The page with the entry of an alarm between the comments `<!-- entry: name -->` and `<!-- end -->`."""
    rows = table_of(EVERYTHING)

    def block(found: re.Match[str]) -> str:
        name = found[1]
        own = [row for row in rows if row.entry == name]
        lines = [*_sentences(ENTRIES[name], own), *_alarms(own), *_children(name, rows)]
        return "\n".join((f"{name} -->", "", *lines, ""))

    return BLOCK.sub(block, page)


def _sentences(entry: Entry, rows: Sequence[Row]) -> Iterator[str]:
    query = entry.query_for(NAME, rows[0].names if rows else ())
    yield from (f"**Meaning:** {entry.meaning}", "", "**First query:**", "", "```", query, "```", "")
    yield from (f"**Usual cause:** {entry.cause}", "", f"**To silence:** {entry.silence}", "")


def _alarms(rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield from (*HEADER, *(_row(cells, names) for cells, names in _by_cells(rows)), "")


def _row(cells: tuple[str, ...], names: Sequence[str]) -> str:
    return f"| {', '.join(names)} | {' | '.join(cells)} |"


def _by_cells(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """What alarms have in common, and their names."""
    ordered = sorted(rows, key=_cells)
    for cells, group in groupby(ordered, key=_cells):
        yield cells, [row.name for row in group]


def _cells(row: Row) -> tuple[str, ...]:
    by = f" by {row.measure.dimension[0]}" if row.measure.dimension and row.measure.namespace == "" else ""
    name = row.measure.metric
    for placeholder, value in row.names:
        name = name.replace(value, placeholder)
    metric = f"`{name}`{by}"
    return f"{metric}, {row.measure.statistic}", _condition(row), WITHOUT_DATA[row.missing], _told_by(row.told_by)


def _condition(row: Row) -> str:
    bound = f"{'below' if row.is_floor else 'above'} {row.threshold:,}"
    if row.band:
        bound = f"above the band of {row.band} standard deviations"
    return f"{bound} in {row.failing_periods} of {row.periods} periods of {row.measure.minutes} min"


def _told_by(alarm: ToldBy) -> str:
    return "itself" if alarm is ToldBy.ITSELF else f"[{alarm}](#{alarm})"


def _children(name: str, rows: Sequence[Row]) -> Iterator[str]:
    """The alarms that a composite alarm tells of."""
    if name in {each.name for each in COMPOSITES}:
        own = [row for row in rows if row.told_by == name]
        entries = ", ".join(f"[{each}](#{each})" for each in dict.fromkeys(row.entry for row in own))
        yield from (f"**Its alarms:** {entries}.", "")
        if unknown := dict.fromkeys(row.entry for row in own if row.unknown_after):
            yield from (f"INSUFFICIENT_DATA counts too, once there were data, of {', '.join(unknown)}.", "")
