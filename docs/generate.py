"""Generates the reference pages beside this file from the code: cost.md, dashboards.md, fields.md, metrics.md,
detectors.md, log-queries.md, analytics.md, command-line.md, console-api.md, the entries of runbook.md, the policy in
replay.md, the tables in settings.md, settings.schema.json, and the kinds of finding in suppressions.schema.json; and
the sums of cost.md in README.md, comparison.md and the page of the examples.

`make docs` writes them; tests/test_docs.py fails while one of them is stale.
"""
# ruff: noqa: INP001 - a script beside the pages it writes; only its test imports it

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from textwrap import wrap

import polars as pl

from docs.analytics_reference import analytics_page
from docs.command_line_reference import command_line_page
from docs.console_api_reference import console_api_page
from docs.cost_reference import cost_page
from docs.costs_elsewhere import with_costs
from docs.dashboards_reference import dashboards_page
from docs.detectors_reference import detectors_page
from docs.log_queries_reference import log_queries_page
from docs.markdown import DOCS, PACKAGE, ROOT, opening, table
from docs.replay_reference import with_policy
from docs.runbook_entries import with_entries
from docs.settings_reference import schema_text, with_tables
from flowsentry.findings.kinds import KINDS
from flowsentry.metric_names import (
    PIPELINE_METRICS,
    TRAFFIC_METRICS,
    TRAFFIC_METRICS_BY,
    Metric,
    TrafficMetric,
    namespace_of,
)
from flowsentry.records.code_names import ENCRYPTION_STATUSES, TRAFFIC_PATHS, tcp_flags_in_words
from flowsentry.records.fields import (
    DEFAULT_NAMES,
    DTYPES,
    FIELDS,
    TRANSIT_GATEWAY_NAMES,
    VPC_NAMES,
    Field,
    Kind,
)

TYPES: dict[pl.DataType, str] = {
    pl.Categorical(): "text",
    pl.UInt16(): "0 to 65535",
    pl.UInt8(): "0 to 255",
    pl.Int64(): "number",
}
ABOUT_FIELDS = """\
`-` in a record is null. In column names, `-` becomes `_`. *Values* are the possible values of a column, *Parquet* is
its type in a Parquet file that AWS writes (for the protocol of transit gateways, AWS documents INT_64 in one place).
*Flow logs* says which have the field: those of VPCs, subnets and network interfaces (VPC), of transit gateways, or
both. `flowsentry parse --readable` shows protocols, flags, paths and encryption statuses in the words below,
protocols by [IANA's names](https://www.iana.org/assignments/protocol-numbers)."""
ABOUT_TCP_FLAGS = """\
The bitwise OR of the flags in the interval. VPC flow logs report only FIN, SYN, RST and SYN-ACK, so 0 is traffic in the
middle of a connection; transit gateways report the other flags too, but 0 for packets with ACK only."""
WITH_COSTS = (ROOT / "README.md", ROOT / "examples" / "README.md", DOCS / "comparison.md")
SHOWN_FLAGS = (0, 1, 2, 3, 4, 6, 7, 8, 16, 18, 19, 22, 32, 64, 128)
ABOUT_TRAFFIC_PATHS = """\
For egress traffic only. 1 is also the local gateway of an Outpost. 7 and 8 are reported for Nitro instances; for
others, 2 covers both."""
ABOUT_ENCRYPTION = """\
If VPC encryption controls are on. 2 is inferred from port 443 of endpoints and from a service's settings, not from
packets."""
ABOUT_DEFAULTS = """\
The fields that AWS writes, in this order, for a flow log without a custom format."""
ABOUT_CLOUD_WAN = """\
[Cloud WAN](https://docs.aws.amazon.com/network-manager/latest/cloudwan/cwan-flow-logs.html) writes a record at each
attachment where traffic enters or leaves the core network. `INCOMPLETEDATA` as its `log-status` means that the two
could not be matched: the traffic is real and counts like any other, but fields about the far side may be empty.
Fields that only Cloud WAN has are unknown fields here."""
ABOUT_UNKNOWN = """\
A field that is not listed because AWS added it later is kept as text under its own name, also in enriched Parquet, and
counted in the metric `UnknownFields`. The file's header or the log format gives its position, so the fields around it
are read as usual."""
ABOUT_PIPELINE_METRICS = """\
Stamped with the current time, by the dimension `service` (the function). Alarms use only these, because late data of
periods that an alarm reads no more change nothing; those on surges of rejected flows read traffic metrics in periods
that late data still reach. Where a second dimension is named, the parts are emitted too, by both."""
ABOUT_TRAFFIC_METRICS = """\
Stamped with the minute of the records, by the dimension `vpc` or `transit_gateway`: late records and replays land where
they belong. For dashboards, and for the alarm `reject-surge`. A flow inside a VPC is logged by both interfaces, and a
flow through a transit gateway where it enters and where it leaves: its flows, bytes and packets count once. One through
a NAT gateway counts on each side of it, as the host's flow and as the gateway's. In the
log line of a minute in which a gateway lost packets, `worst_attachment` says where. `ChargedBytes`: see [the traffic
bill](traffic-bill.md)."""


def pages() -> dict[Path, str]:
    """The text of each page by its path."""
    made = {"fields.md": fields_page(), "metrics.md": metrics_page(), "detectors.md": detectors_page()}
    made |= {"suppressions.schema.json": suppressions_schema(), "cost.md": cost_page()}
    made["log-queries.md"] = chain(opening("Log queries", ROOT / "stacks" / "log_queries"), log_queries_page())
    made["analytics.md"] = chain(opening("Analytics", ROOT / "stacks" / "analytics"), analytics_page())
    made["command-line.md"] = chain(opening("Command line", ROOT / "local" / "cli.py"), command_line_page())
    made["console-api.md"] = chain(opening("Console API", ROOT / "local" / "console" / "pages"), console_api_page())
    source = ROOT / "stacks" / "monitoring" / "dashboards"
    made["dashboards.md"] = chain(opening("Dashboards", source), dashboards_page())
    texts = {DOCS / name: "\n".join(lines) + "\n" for name, lines in made.items()}
    settings = DOCS / "settings.md"
    schema = schema_text(json.loads(texts[DOCS / "suppressions.schema.json"]))
    runbook, replay = DOCS / "runbook.md", DOCS / "replay.md"
    texts |= {page: with_costs(page.read_text()) for page in WITH_COSTS}
    texts |= {settings: with_tables(settings.read_text())}
    texts |= {runbook: with_entries(runbook.read_text()), replay: with_policy(replay.read_text())}
    return texts | {DOCS / "settings.schema.json": schema}


def suppressions_schema() -> Iterator[str]:
    """The schema, with the current kinds of finding."""
    schema = json.loads((DOCS / "suppressions.schema.json").read_text())
    schema["properties"]["suppressions"]["items"]["properties"]["kinds"]["items"]["enum"] = list(KINDS)
    yield json.dumps(schema, indent=2)


def fields_page() -> Iterator[str]:
    yield from opening("Fields", PACKAGE / "records" / "fields.py")
    yield from (ABOUT_FIELDS, "")
    header = ("field", "version", "flow logs", "values", "Parquet", "meaning")
    yield from table(header, (_field_row(field) for field in FIELDS))
    flags = {flags: tcp_flags_in_words(flags) for flags in SHOWN_FLAGS}
    yield from _codes("tcp-flags", ABOUT_TCP_FLAGS, flags)
    yield from _codes("traffic-path", ABOUT_TRAFFIC_PATHS, TRAFFIC_PATHS)
    yield from _codes("encryption-status", ABOUT_ENCRYPTION, ENCRYPTION_STATUSES)
    yield from ("", "## Default formats", "", ABOUT_DEFAULTS)
    yield from _default_format("VPCs, subnets, interfaces", DEFAULT_NAMES)
    yield from _default_format("Transit gateways", TRANSIT_GATEWAY_NAMES)
    yield from ("", "## Cloud WAN", "", ABOUT_CLOUD_WAN)
    yield from ("", "## Unknown fields", "", ABOUT_UNKNOWN)


def _field_row(field: Field) -> tuple[str, ...]:
    name, values = f"`{field.name}`", _values(field.kind)
    return name, str(field.version), _flow_logs(field.name), values, field.parquet_type, field.meaning


def _flow_logs(name: str) -> str:
    if name not in TRANSIT_GATEWAY_NAMES:
        return "VPC"
    return "both" if name in VPC_NAMES else "transit gateway"


def _codes(title: str, about: str, words: Mapping[int, str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", about, "")
    yield from table(("value", "means"), ((str(code), word) for code, word in words.items()))


def _default_format(title: str, names: Sequence[str]) -> Iterator[str]:
    yield from ("", f"### {title}", "", "```")
    yield from wrap(" ".join(f"${{{name}}}" for name in names), 120, break_on_hyphens=False)
    yield "```"


def _values(kind: Kind) -> str:
    dtype = DTYPES[kind]
    return ", ".join(dtype.categories) if isinstance(dtype, pl.Enum) else TYPES[dtype]


def metrics_page() -> Iterator[str]:
    yield from opening("Metrics", PACKAGE / "metric_names.py")
    yield f"All are in the namespace `{namespace_of('<name>')}`, where `<name>` is the name of the deployment."
    yield from ("", "## Pipeline metrics", "", ABOUT_PIPELINE_METRICS, "")
    yield from _metric_table(PIPELINE_METRICS.items())
    yield from ("", "## Traffic metrics", "", ABOUT_TRAFFIC_METRICS, "")
    yield from table(("metric", "by", "unit", "meaning"), map(_traffic_row, TRAFFIC_METRICS))


def _traffic_row(name: TrafficMetric) -> tuple[str, ...]:
    dimensions = ", ".join(f"`{by}`" for by, names in TRAFFIC_METRICS_BY.items() if name in names)
    metric = TRAFFIC_METRICS[name]
    return f"`{name}`", dimensions, metric.unit, metric.meaning


def _metric_table(metrics: Iterable[tuple[str, Metric]]) -> Iterator[str]:
    rows = ((f"`{name}`", f"`{each.by}`" if each.by else "", each.unit, each.meaning) for name, each in metrics)
    return table(("metric", "also by", "unit", "meaning"), rows)


if __name__ == "__main__":
    for path, page in pages().items():
        path.write_text(page)
