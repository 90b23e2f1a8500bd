"""Generates the reference pages from the code: fields.md, metrics.md, detectors.md, the kinds of finding in
suppressions.schema.json, analytics.md, log-queries.md, the tables in settings.md, and settings.schema.json, all beside
this file.

`make docs` writes them; tests/test_docs.py fails while one of them is stale.
"""
# ruff: noqa: INP001 - a script beside the pages it writes; only its test imports it

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import chain, pairwise
from pathlib import Path
from textwrap import wrap
from types import ModuleType

import polars as pl

from docs.analytics_reference import analytics_page
from docs.log_queries_reference import log_queries_page
from docs.settings_reference import schema_text, with_tables
from flowsentry.detect.scans import criteria, source_evidence
from flowsentry.findings import bounds, evidence
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.kinds import Kind as FindingKind
from flowsentry.findings.thresholds import Thresholds, known_thresholds
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

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PACKAGE = ROOT / "layers" / "flowsentry" / "python" / "flowsentry"
STORIES = ROOT / "tests" / "golden" / "stories"

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
Stamped with the current time, by the dimension `service` (the function). Alarms use only these, because an alarm is not
evaluated again when late data arrives. Where a second dimension is named, the parts are emitted too, by both."""
ABOUT_TRAFFIC_METRICS = """\
Stamped with the minute of the records, by the dimension `vpc` or `transit_gateway`: late records and replays land where
they belong. For dashboards only. A flow inside a VPC is logged by both interfaces, and a flow through a transit gateway
where it enters and where it leaves: its flows, bytes and packets count once. In the log line of a minute in which a
gateway lost packets, `worst_attachment` says where most of them were lost."""
ABOUT_DETECTORS = """\
A detector finds one behaviour; its name is the `kind` of its findings. Where the severity depends on who does it to
whom, a source raises one finding per UTC day, and one more when the severity rises. High and medium are a message each,
low and background a line in the digest."""
ABOUT_THRESHOLDS = """\
Each says what happens when it is higher, and when it is lower. To change one, name it under `thresholds` in `cdk.json`:
`"thresholds": {"scan": {"min_endpoints": 20}}`. To see first which findings that adds and removes, run `flowsentry
replay --set scan.min_endpoints=20` on past logs."""
ABOUT_CONSTANTS = """\
These are part of the design and can only be changed in the code."""
ABOUT_STORIES = """\
Each is a folder of flow log records with the findings expected in them, and runs as a test."""
LABELS = ("Why it matters", "Innocent look-alikes", "ATT&CK")
"""Line beginnings that start a paragraph in a detector's docstring."""


def pages() -> dict[Path, str]:
    """The text of each page by its path."""
    made = {"fields.md": fields_page(), "metrics.md": metrics_page(), "detectors.md": detectors_page()}
    made["suppressions.schema.json"] = suppressions_schema()
    made["log-queries.md"] = chain(_opening("Log queries", ROOT / "stacks" / "log_queries"), log_queries_page())
    made["analytics.md"] = chain(_opening("Analytics", ROOT / "stacks" / "analytics"), analytics_page())
    texts = {DOCS / name: "\n".join(lines) + "\n" for name, lines in made.items()}
    settings = DOCS / "settings.md"
    schema = schema_text(json.loads(texts[DOCS / "suppressions.schema.json"]))
    return texts | {settings: with_tables(settings.read_text()), DOCS / "settings.schema.json": schema}


def suppressions_schema() -> Iterator[str]:
    """The schema, with the current kinds of finding."""
    schema = json.loads((DOCS / "suppressions.schema.json").read_text())
    schema["properties"]["suppressions"]["items"]["properties"]["kinds"]["items"]["enum"] = list(KINDS)
    yield json.dumps(schema, indent=2)


def fields_page() -> Iterator[str]:
    yield from _opening("Fields", PACKAGE / "records" / "fields.py")
    yield from (ABOUT_FIELDS, "")
    header = ("field", "version", "flow logs", "values", "Parquet", "meaning")
    yield from _table(header, (_field_row(field) for field in FIELDS))
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
    yield from _table(("value", "means"), ((str(code), word) for code, word in words.items()))


def _default_format(title: str, names: Sequence[str]) -> Iterator[str]:
    yield from ("", f"### {title}", "", "```")
    yield from wrap(" ".join(f"${{{name}}}" for name in names), 120, break_on_hyphens=False)
    yield "```"


def _values(kind: Kind) -> str:
    dtype = DTYPES[kind]
    return ", ".join(dtype.categories) if isinstance(dtype, pl.Enum) else TYPES[dtype]


def metrics_page() -> Iterator[str]:
    yield from _opening("Metrics", PACKAGE / "metric_names.py")
    yield f"All are in the namespace `{namespace_of('<name>')}`, where `<name>` is the name of the deployment."
    yield from ("", "## Pipeline metrics", "", ABOUT_PIPELINE_METRICS, "")
    yield from _metric_table(PIPELINE_METRICS.items())
    yield from ("", "## Traffic metrics", "", ABOUT_TRAFFIC_METRICS, "")
    yield from _table(("metric", "by", "unit", "meaning"), map(_traffic_row, TRAFFIC_METRICS))


def _traffic_row(name: TrafficMetric) -> tuple[str, ...]:
    dimensions = ", ".join(f"`{by}`" for by, names in TRAFFIC_METRICS_BY.items() if name in names)
    metric = TRAFFIC_METRICS[name]
    return f"`{name}`", dimensions, metric.unit, metric.meaning


def _metric_table(metrics: Iterable[tuple[str, Metric]]) -> Iterator[str]:
    rows = ((f"`{name}`", f"`{each.by}`" if each.by else "", each.unit, each.meaning) for name, each in metrics)
    return _table(("metric", "also by", "unit", "meaning"), rows)


def detectors_page() -> Iterator[str]:
    yield from _opening("Detectors", PACKAGE / "findings" / "kinds.py")
    yield from (ABOUT_DETECTORS, "")
    yield from _table(("kind", "severity", "ATT&CK", "what is found"), map(_kind_row, KINDS.values()))
    for kind in KINDS.values():
        yield from ("", f"## {kind.name}", "")
        yield from _described(kind)
        yield f"- **Severity:** {_severities(kind)}."
        yield f"- **Security Hub:** {', '.join(f'`{each}`' for each in kind.security_hub_types)}."
    yield from ("", "## When a source is a scanner", "")
    _, rule = (criteria.detected_scan.__doc__ or "").split("\n\n", 1)
    yield _one_line(rule)
    yield from ("", "## Thresholds", "", ABOUT_THRESHOLDS, "")
    defaults = Thresholds().to_json()
    yield from _table(("threshold", "default", "allowed", "what it does"), _threshold_rows(json.loads(defaults)))
    yield from ("", "## Constants", "", ABOUT_CONSTANTS, "")
    modules = dict.fromkeys((*_PARTS, *(import_module(f"flowsentry.{kind.detector}") for kind in KINDS.values())))
    yield from _table(("constant", "value", "what it does"), (row for module in modules for row in _constants(module)))
    yield from _stories()


_PARTS = (import_module("flowsentry.detect.scans.scan_findings"), criteria, source_evidence, bounds, evidence)
"""Modules with constants, in addition to the detectors; `scan_findings` is also the name of a function."""


def _kind_row(kind: FindingKind) -> tuple[str, ...]:
    severities = ", ".join(dict.fromkeys(kind.severities.values()))
    return f"[`{kind.name}`](#{kind.name})", severities, ", ".join(kind.techniques.values()), kind.summary


def _threshold_rows(defaults: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, ...]]:
    for name, allowed_values in known_thresholds().items():
        section, _, own_name = name.partition(".")
        allowed = f"{allowed_values.low} to {allowed_values.high}"
        yield f"`{name}`", str(defaults[section][own_name]), allowed, _one_line(allowed_values.meaning)


def _described(kind: FindingKind) -> Iterator[str]:
    first, *rest = re.split(rf"\n(?=(?:{'|'.join(LABELS)})\b)", description(kind).strip())
    yield _one_line(first)
    yield ""
    for paragraph in rest:
        label = next(label for label in LABELS if paragraph.startswith(label))
        yield f"- **{label}:** {_one_line(paragraph[len(label) :].lstrip(': '))}"


def description(kind: FindingKind) -> str:
    """The docstring of the constant with the kind's name in the detector's module, if any; else that of the module."""
    module = import_module(f"flowsentry.{kind.detector}")
    return dict(_texts_under(module)).get(kind.name.upper()) or module.__doc__ or ""


def _severities(kind: FindingKind) -> str:
    """`low (outside tries), high (outside got in, inside tries)`, or the only severity."""
    cases: dict[str, list[str]] = {}
    for case, severity in kind.severities.items():
        cases.setdefault(severity, []).append(case.replace("_", " "))
    return ", ".join(f"{severity} ({', '.join(of)})" if any(of) else severity for severity, of in cases.items())


def _constants(module: ModuleType) -> Iterator[tuple[str, ...]]:
    """The constants of a module that have a docstring."""
    for name, text in _texts_under(module):
        if name.startswith(("MIN_", "MAX_", "MEMORY_", "MAINTENANCE_")):
            yield f"`{name}` ({module.__name__.rpartition('.')[2]})", str(getattr(module, name)), _one_line(text)


def _texts_under(module: ModuleType) -> Iterator[tuple[str, str]]:
    """Each constant of a module with a docstring, and the docstring."""
    for constant, sentence in pairwise(ast.parse(Path(module.__file__ or "").read_text()).body):
        match constant, sentence:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, text


def _stories() -> Iterator[str]:
    yield from ("", "## Stories", "", ABOUT_STORIES)
    found = {story: _found(story) for story in sorted(STORIES.iterdir()) if story.is_dir()}
    for title, has_findings in (("Something is found", True), ("Nothing is found", False)):
        yield from ("", f"### {title}", "")
        for story, kinds in found.items():
            if bool(kinds) == has_findings:
                name = f"[{story.name.replace('_', ' ')}](../{story.relative_to(ROOT)})"
                yield f"- {name}{': ' + ', '.join(kinds) if kinds else ''}"


def _found(story: Path) -> list[str]:
    findings = json.loads((story / "expected.json").read_text())["findings"]
    return sorted({f"`{each['kind']}` ({each['severity']})" for each in findings})


def _opening(title: str, source: Path) -> Iterator[str]:
    path = source.relative_to(ROOT)
    yield from (f"# {title}", "", f"Generated from [{path}](../{path}) by `make docs`.", "")


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = tuple(header)
    for cells in (names, ("---",) * len(names), *rows):
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    for path, page in pages().items():
        path.write_text(page)
