"""Generates docs/log-queries.md from the saved queries and filter patterns in stacks/log_queries."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

from collections.abc import Iterator

from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from stacks.log_queries.filter_patterns import conditions_of, pattern_of
from stacks.log_queries.queries import EXAMPLE_ADDRESS, EXAMPLE_PORT, QUERIES, SavedQuery
from stacks.log_queries.record_fields import RecordFields
from stacks.settings.logged.formats import GATEWAY_LOG_FORMAT, log_format_of
from stacks.settings.logged.log_queries import MetricFilter

V5 = log_format_of("v5", of_gateway=False)
SHOWN_FORMATS = {
    DEFAULT_LOG_FORMAT: "In the default format",
    V5: "In the format `v5`",
    GATEWAY_LOG_FORMAT: "In the format of transit gateways",
}
"""The formats that a query is shown for: the first of them that has an answer."""
SHOWN_FILTERS = (
    ("SSH", MetricFilter(name="ssh", port=22)),
    ("RDP that was accepted", MetricFilter(name="rdp", port=3389, action="ACCEPT")),
    ("rejects", MetricFilter(name="rejects", action="REJECT")),
)
ABOUT = f"""\
For each log group of flow logs the app saves the queries below in CloudWatch Logs Insights: *Logs Insights, Saved and
sample queries*, folder `Flowsentry/<name>/<source>`. A source is called by its name, or by its first resource; an
existing log group by its name, with `-` for `/`, if `log_formats` gives its formats. Each query selects its log group:
choose the time, and run it. In queries about one address, replace `{EXAMPLE_ADDRESS}`, and the port `{EXAMPLE_PORT}`.

Saving costs nothing, and running $0.005 for each GB in the time that is chosen, whatever is found. `saved_queries`
([settings](settings.md#log-queries)) leaves them out. Enriched records have the owners too, and Athena reads only the
columns that a query names."""
ABOUT_FORMATS = """\
Logs Insights knows the fields of the default format, and calls them `srcAddr`, `dstPort` and so on. It [knows no other
format](https://repost.aws/knowledge-center/cloudwatch-vpc-flow-logs), so a query begins with a `parse` that has a `*`
for each field of the log format, in its order. That of `v5`, which is left out in the queries below:"""
ABOUT_MIXED = """\
In an existing log group with several formats there is a folder for each, `format-1` and so on. Its queries read only
lines with as many values as the format has fields. Formats with the same number of fields can't be told apart: they
have no queries.

A query that a format can't answer is left out; `cdk synth` says which, and the fields that it would need. A flow inside
is logged by both its interfaces: sums of pairs count the larger of the two, if the format has `interface-id`; a number
of records counts both."""
ABOUT_FILTERS = """\
[Metric filters](settings.md#a-metric-filter) count records as they arrive; none are made by default. A pattern has a
name for each field, so it matches only lines with as many values. In the default format:"""


def log_queries_page() -> Iterator[str]:
    """The lines of the page below its title."""
    yield from (ABOUT, "", "| query | answer | fields |", "|---|---|---|")
    for query in QUERIES:
        yield f"| [{query.name}](#{_anchor(query)}) | {query.about} | {', '.join(_needed(query))} |"
    yield from ("", "## Formats", "", ABOUT_FORMATS, "")
    yield from _block(_fields(V5).prelude[0])
    yield from ("", ABOUT_MIXED)
    for query in QUERIES:
        yield from ("", f"## {query.name}", "")
        yield from _example(query)
    yield from ("", "## Filter patterns", "", ABOUT_FILTERS)
    for title, wanted in SHOWN_FILTERS:
        yield from ("", f"{title}:", "")
        yield from _block(pattern_of(DEFAULT_LOG_FORMAT, conditions_of(wanted)))


def _anchor(query: SavedQuery) -> str:
    return query.name.lower().replace(" ", "-")


def _needed(query: SavedQuery) -> Iterator[str]:
    yield from (" or ".join(f"`{name}`" for name in names) for names in query.needs)


def _fields(log_format: str) -> RecordFields:
    fields = RecordFields.of(log_format)
    assert fields is not None  # noqa: S101 - for the type checker; a format has its fields to itself
    return fields


def _example(query: SavedQuery) -> Iterator[str]:
    able = [each for each in SHOWN_FORMATS if query.applies_to(_fields(each)) and not query.missing(_fields(each))]
    fields = _fields(able[0])
    text = query.text(fields, PRIVATE_NETWORKS)
    shown = text.replace(f"{fields.prelude[0]}\n| ", "") if fields.prelude else text
    yield from (f"{SHOWN_FORMATS[able[0]]}:", "")
    yield from _block(shown)


def _block(text: str) -> Iterator[str]:
    yield from ("```", text, "```")
