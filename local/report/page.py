"""The report as one HTML file without scripts, to mail or print."""

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flowsentry.emit.plain_text import counted, duration, plain
from local.report.amounts import in_bytes, in_dollars, in_minutes
from local.report.bars import HEIGHT, MOST_BARS, WIDTH, chart_of
from local.report.columns import columns_of
from local.report.found import SEVERITIES
from local.report.report import Report
from local.report.text import LAYERS, TITLES, covered, named, of_rule

TEMPLATE = "report.html"


def page_of(report: Report, title: str, made_at: float) -> str:
    """The HTML of the report. Every text is escaped; `made_at` is the Unix second of the page."""
    columns = columns_of(report.hours, MOST_BARS)
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            report=report,
            title=plain(title),
            made_at=f"{datetime.fromtimestamp(made_at, UTC):%Y-%m-%d %H:%M} UTC",
            covered=covered(report.reading),
            columns=columns,
            charts=(
                ("Traffic that passed", "passed", chart_of(columns, columns.bytes, in_bytes)),
                ("Refused flows", "refused", chart_of(columns, columns.refused, lambda number: f"{number:,}")),
            ),
            width=WIDTH,
            height=HEIGHT,
            severities=SEVERITIES,
            titles=TITLES,
            layers=LAYERS,
        )
    )


def _environment() -> Environment:
    """Jinja2 with autoescape, in which an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = {"bytes": in_bytes, "dollars": in_dollars, "minutes": in_minutes, "counted": counted, "plain": plain}
    environment.filters |= words | {"duration": duration, "named": named, "rule": of_rule, "number": "{:,}".format}
    return environment
