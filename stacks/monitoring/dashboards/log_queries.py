"""Logs Insights queries of the dashboards' tables, over the lines that flowsentry.emit.log_lines writes.

The first command of each query reads, and pays for, the lines of one report: the log groups have an index of it. A
query is a sequence of commands, to be put between pipes. A column of a table is written `expression as name`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

from collections.abc import Sequence

from flowsentry.emit.log_lines.report import REPORT, Report

MAX_ROWS = 10
"""Rows of a table. More: a table needs a scroll bar. Fewer: less is seen at once."""
Query = tuple[str, ...]


def known(field: str, column: str) -> str:
    """A column with the value of a field that a line leaves out where it is unknown."""
    return f'coalesce({field}, "-") as {column}'


def items_of(report: Report, items: str, key: str) -> Query:
    """Each item of a list in the lines of a report as a record of its own, with its properties as `row.…`. An item has
    the property `key`; a line without the list has no record.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Unnest.html
    """
    parsed = "fields jsonParse(@message) as line"
    return (_lines_of(report), parsed, f"unnest line.{items} into row", f"filter ispresent(row.{key})")


def sums_by(columns: Sequence[str], *sums: str) -> Query:
    """A row for each combination of the columns, with these sums; those with the most of the first sum."""
    by, first = ", ".join(map(name_of, columns)), name_of(sums[0])
    return (
        f"fields {', '.join(columns)}",
        f"stats {', '.join(sums)} by {by}",
        f"sort {first} desc",
        f"limit {MAX_ROWS}",
    )


def findings_of(kinds: Sequence[str]) -> Query:
    """The lines of the findings of these kinds."""
    names = ", ".join(f'"{kind}"' for kind in kinds)
    return (_lines_of(Report.FINDING), f"filter kind in [{names}]")


def newest(*columns: str) -> Query:
    """The newest lines, with their time and these columns."""
    names = ", ".join(map(name_of, columns))
    return (
        f"fields {', '.join(columns)}",
        "sort @timestamp desc",
        f"display @timestamp, {names}",
        f"limit {MAX_ROWS}",
    )


def lines_of(report: Report) -> Query:
    """The lines of a report."""
    return (_lines_of(report),)


def name_of(column: str) -> str:
    return column.rpartition(" as ")[2]


def _lines_of(report: Report) -> str:
    return f'filter {REPORT} = "{report}"'
