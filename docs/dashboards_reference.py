"""Generates docs/dashboards.md from the dashboards in stacks/monitoring/dashboards."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import re
from collections.abc import Iterator
from textwrap import wrap

from flowsentry.emit.log_lines.report import Report
from stacks.monitoring.dashboards.catalogue import dashboards
from stacks.monitoring.dashboards.log_queries import name_of
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import AlarmStates, Dashboard, Graph, Line, LogTable, Widget
from stacks.prices.logs import INGESTED, QUERIED
from stacks.prices.meter import BYTES_IN_GB, DAYS_A_MONTH
from stacks.prices.services import CONTRIBUTOR_RULES, DASHBOARDS

SERVICES = ("stream_processor", "object_processor", "inventory", "notifier")
NAMES = {service: service for service in SERVICES}
EVERYTHING = Watched(
    deployment="flowsentry",
    region="",
    functions={**NAMES, "rule_usage": "rule_usage"},
    log_groups=NAMES,
    object_queue="object events",
    object_dead_letters="dead letters",
    inventory_queue="requests",
    has_payload_stream=True,
    tables={},
    megabytes={},
)
"""A deployment that has everything that dashboards may draw."""
PAYLOADS_AN_HOUR, LINE_BYTES, OPEN_HOURS = 6_000, 1_000, 3
"""The example of the page: 100 interfaces that each log to CloudWatch Logs every minute, the bytes of a line about
talkers of such a payload, and the hours that a dashboard shows when it is opened."""
ABOUT = """\
Four dashboards in CloudWatch, named `<name>-traffic` and so on; the setting `dashboards` ([settings](settings.md))
leaves some out. Each begins with what is normal, and its widgets stand under the question that they answer. Graphs are
metrics ([metrics](metrics.md)). Tables are CloudWatch Logs Insights queries over log lines of the functions: of the
busiest talkers of each payload and object, of each new finding, and of the freshness of each flow log. Such a line is
JSON and begins with `{"report":"…`; names in it are cut, so that its length is bounded."""


def dashboards_page() -> Iterator[str]:
    """The lines of the page, without its title."""
    yield ABOUT
    drawn = dashboards(EVERYTHING)
    yield from ("", *_prices(drawn))
    for dashboard in drawn:
        yield from ("", f"## {dashboard.title}", "", *wrap(dashboard.normal, 120))
        for section in dashboard.sections:
            yield from (
                "",
                f"### {section.question}",
                "",
                *wrap(section.normal, 120),
                "",
                "| widget | shows |",
                "|---|---|",
            )
            yield from (f"| {each.title} | {_shown(each)} |" for each in section.widgets)


def _shown(widget: Widget) -> str:
    match widget:
        case Graph():
            return ", ".join(dict.fromkeys(name for line in widget.lines for name in _metrics(line)))
        case LogTable():
            columns = re.findall(r"(?:by|display) (.+)", " | ".join(widget.query).replace(" | ", "\n"))
            sums = [name_of(each) for each in re.findall(r"\w+\([^)]*\) as \w+", _stats(widget))]
            return f"{', '.join([columns[-1], *sums])}: the first {_rows(widget)} of the lines `{_report(widget)}`"
        case AlarmStates():
            return "the state of every alarm ([runbook](runbook.md))"


def _metrics(line: object) -> Iterator[str]:
    if isinstance(line, Line):
        yield f"`{line.name}`" + (" of " + line.namespace.removeprefix("AWS/") if "AWS/" in line.namespace else "")
    else:
        yield from (f"`{name}`" for name in re.findall(r'MetricName="(\w+)"', str(line)))


def _stats(table: LogTable) -> str:
    return next((each for each in table.query if each.startswith("stats ")), "")


def _rows(table: LogTable) -> str:
    return table.query[-1].removeprefix("limit ")


def _report(table: LogTable) -> str:
    return table.query[0].split('"')[1]


def _prices(drawn: list[Dashboard]) -> Iterator[str]:
    """What dashboards and their tables cost, with the example of the page worked out."""
    read = LINE_BYTES * PAYLOADS_AN_HOUR * OPEN_HOURS / BYTES_IN_GB
    tables = [each for dashboard in drawn for section in dashboard.sections for each in section.widgets]
    of_talkers = sum(isinstance(each, LogTable) and _report(each) == Report.TALKERS for each in tables)
    refresh, written = (
        QUERIED.dollars(read * of_talkers),
        LINE_BYTES * PAYLOADS_AN_HOUR * 24 * DAYS_A_MONTH / BYTES_IN_GB,
    )
    yield from ("## Price", "", "| what | list price | |", "|---|---|---|")
    yield f"| a dashboard | ${DASHBOARDS.dollars(1):.0f} a month | the first three of an account are free |"
    yield f"| log lines of talkers | ${INGESTED.dollars(1):.2f} a GB | about {LINE_BYTES:,} bytes a payload |"
    yield f"| a table, each time it is drawn | ${QUERIED.dollars(1):.3f} a GB | of one report's lines, by an index |"
    example = f"""
        For example 100 interfaces that each log to CloudWatch Logs every minute: {PAYLOADS_AN_HOUR:,} payloads an hour
        write {written:.1f} GB of lines of talkers a month, ${INGESTED.dollars(written):.2f}. Through S3 it is a line
        for each object, a hundredth of that. The dashboard Traffic shows {OPEN_HOURS} hours when it is opened: its
        {of_talkers} tables read {read * of_talkers * 1_024:.0f} MB, ${refresh:.4f} each time they are drawn. Left open
        with auto-refresh every minute that is ${refresh * 60:.2f} an hour, every 15 minutes ${refresh * 4:.4f}; a week
        instead of {OPEN_HOURS} hours reads 56 times as much, ${refresh * 56:.2f}. The lines of findings and flow logs
        are few: cents a month. `top_talkers` sets how many talkers a line names; 0 writes none."""
    contributors = f"""
        Contributor Insights would count the same for ${CONTRIBUTOR_RULES.dollars(1):.2f} a rule and month and for each
        line, whether somebody looks or not, and can't add up a list in a line: so the tables are queries."""
    for paragraph in (example, contributors):
        yield from ("", *wrap(" ".join(paragraph.split()), 120))
