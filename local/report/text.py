"""The report as lines of text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import NamedTuple

from flowsentry.emit.plain_text import counted, duration, plain
from flowsentry.inventory.inventory import SECONDS_A_DAY
from local.report.amounts import in_bytes, in_dollars, in_minutes
from local.report.columns import columns_of, sparkline
from local.report.found import SEVERITIES, Listed, Section
from local.report.report import Charges, Findings, Reading, RefusedBy, Report, Talker

MAX_COLUMNS = 72
"""Of a sparkline; of a longer time each column is several hours."""
LEAST_COLUMNS, BESIDE_COLUMNS, BESIDE_TITLE = 24, 42, 34
"""Columns that a sparkline and a title have at least, and what stands beside them."""
WIDE = 1_000
"""Of what is no terminal."""
MAX_ROWS = 10
"""Rows of each table. The page and --json have more."""
MAX_NAME_LETTERS, MAX_TITLE_LETTERS = 40, 110
TITLES: Mapping[Section, str] = {
    Section.SCANS: "Scans",
    Section.SERVICES_DOWN: "Services down",
    Section.BLOCKED_PATHS: "Blocked paths",
    Section.LOGINS: "Logins",
    Section.OTHERS: "Other findings",
}
LAYERS: Mapping[str | None, str] = {"security_group": "security group", "network_acl": "network ACL", None: "not known"}


class Line(NamedTuple):
    """A line of text, and how it looks on a terminal."""

    text: str
    style: str = ""


HEADING, PASSED, REFUSED = "bold", "blue", "dark_orange"
OF_SEVERITY: Mapping[str, str] = {"high": "bold red", "medium": "bold"}


def report_lines(report: Report, width: int = WIDE) -> Iterator[Line]:
    """The report: what was read, hours, findings by section, talkers, refusals and the bill. Sparklines and titles fit
    the width of a terminal.
    """
    yield from _headline(report)
    yield from _by_hours(report, max(LEAST_COLUMNS, min(MAX_COLUMNS, width - BESIDE_COLUMNS)))
    for each in report.findings:
        yield from _section(each, max(LEAST_COLUMNS, min(MAX_TITLE_LETTERS, width - BESIDE_TITLE)))
    yield from _talkers(report.talkers)
    yield from _refusals(report)
    yield from _charges(report.charges)
    if report.notes:
        yield Line("")
        yield from (Line(f"note  {note}") for note in report.notes)


def covered(reading: Reading) -> str:
    """`2026-11-03 02:14 to 2026-11-03 08:14 UTC (6 h)`, without the days of which there is no record."""
    if reading.first is None or reading.last is None:
        return "no time"
    in_words = duration(round(reading.days * SECONDS_A_DAY))
    return f"{in_minutes(reading.first)} to {in_minutes(reading.last)} UTC ({in_words})"


def named(talker: Talker) -> str:
    """`web-1 (instance i-0abc)`, or the address."""
    if not talker.kind:
        return plain(talker.who, MAX_NAME_LETTERS)
    about = plain(f"{talker.kind} {talker.who}", MAX_NAME_LETTERS)
    return f"{plain(talker.name, MAX_NAME_LETTERS)} ({about})" if talker.name not in (None, talker.who) else about


def of_rule(row: RefusedBy) -> str:
    """`network ACL acl-0db, rule 100`."""
    rule = f", rule {row.rule}" if row.rule else ""
    return f"{LAYERS.get(row.layer, row.layer)} {plain(row.by, MAX_TITLE_LETTERS)}{rule}" if row.by else "not known"


def _headline(report: Report) -> Iterator[Line]:
    yield Line(f"Report  {covered(report.reading)}", HEADING)
    records, refused = counted(report.reading.lines.get("records", 0), "record"), counted(report.refused, "flow")
    yield Line(f"        {records}, {in_bytes(report.bytes)} passed, {refused} refused")


def _by_hours(report: Report, most: int) -> Iterator[Line]:
    columns = columns_of(report.hours, most)
    if not columns.starts:
        return
    most_bytes, most_refused = in_bytes(max(columns.bytes)), f"{max(columns.refused):,}"
    yield Line("")
    yield Line(f"{'bytes':<9}{sparkline(columns.bytes)}  at most {most_bytes} in {columns.in_words}", PASSED)
    yield Line(f"{'refused':<9}{sparkline(columns.refused)}  at most {most_refused} in {columns.in_words}", REFUSED)


def _section(findings: Findings, letters: int) -> Iterator[Line]:
    counts = ", ".join(f"{findings.counts[each]:,} {each}" for each in SEVERITIES if findings.counts.get(each))
    yield Line("")
    yield Line(f"{TITLES[findings.section]}: {counts or 'none'}", HEADING)
    for row in findings.listed[:MAX_ROWS]:
        yield from _listed(row, letters)
    if (more := sum(findings.counts.values()) - MAX_ROWS) > 0:
        yield Line(f"  and {more:,} more")


def _listed(row: Listed, letters: int) -> Iterator[Line]:
    """A line; where the title is longer than `letters`, more lines below its beginning."""
    before = f"  {in_minutes(row.last_seen)}  {row.severity:<10}  "
    for part in wrap(plain(row.title, MAX_TITLE_LETTERS), letters):
        yield Line(before + part, OF_SEVERITY.get(row.severity, ""))
        before = " " * len(before)


def _talkers(talkers: Sequence[Talker]) -> Iterator[Line]:
    rows = [(named(each), in_bytes(each.sent), in_bytes(each.received), f"{each.refused:,}") for each in talkers]
    yield from _table("Top talkers", ("sent", "received", "refused flows"), rows)


def _refusals(report: Report) -> Iterator[Line]:
    ports = [
        (f"{each.protocol}/{each.port}" if each.port is not None else each.protocol, f"{each.flows:,}")
        for each in report.refused_ports
    ]
    yield from _table("Refused by port", ("flows",), ports)
    if any(each.by for each in report.refused_by):
        yield from _table(
            "Refused by rule", ("flows",), [(of_rule(each), f"{each.flows:,}") for each in report.refused_by]
        )


def _charges(charges: Charges) -> Iterator[Line]:
    rows = [(path, in_bytes(size), in_dollars(dollars)) for path, size, dollars in charges.paths]
    yield from _table("Bill", ("bytes", "dollars"), rows) if rows else (Line(""), Line("Bill", HEADING))
    dollars = f"{in_dollars(charges.dollars)} in this time, {in_dollars(charges.dollars_a_month)} in a month like it"
    yield Line(f"  {dollars}; list prices of {charges.region}, {charges.as_of}")


def _table(title: str, amounts: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    """The first rows as a table, amounts on the right; nothing without rows."""
    if not rows:
        return
    shown = rows[:MAX_ROWS]
    first = max(len(title), *(len(row[0]) + 2 for row in shown))
    widths = [max(map(len, column)) for column in zip(amounts, *(row[1:] for row in shown), strict=True)]
    yield Line("")
    yield Line(_row(title, first, amounts, widths), HEADING)
    yield from (Line(_row(f"  {row[0]}", first, row[1:], widths)) for row in shown)


def _row(first: str, width: int, amounts: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join([f"{first:<{width}}", *(f"{each:>{wide}}" for each, wide in zip(amounts, widths, strict=True))])
