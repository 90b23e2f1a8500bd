"""The reference pages that say what the code says: fields.md, metrics.md, detectors.md, written beside this file.

`make docs` writes them; tests/test_docs.py fails while one of them is stale.
"""
# ruff: noqa: INP001 - a script beside the pages it writes; nobody imports it but its test

import ast
import json
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import polars as pl

from flowsentry import evidence
from flowsentry.detect import SHAPES, scan_shape, verdict
from flowsentry.detect.scans import SEVERITY, Relation
from flowsentry.fields import DTYPES, FIELDS, Field, Kind
from flowsentry.metric_names import NAMESPACE, PIPELINE_METRICS, TRAFFIC_METRICS, Metric

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
`-` in a record is null. In our columns `-` in a name becomes `_`. A field that is not listed here, since AWS added it
later, is kept as text and counted in the metric `UnknownFields`."""
ABOUT_PIPELINE_METRICS = """\
Stamped with now, by the dimension `service` (the function). Only these alarm, because an alarm judges what was there
when it looked. Where a second dimension is named, the parts are emitted too, by both."""
ABOUT_TRAFFIC_METRICS = """\
Stamped with the minute of the records, by the dimension `vpc`: late records and replays land where they belong. For
dashboards only. A flow inside is logged by both interfaces, and its flows, bytes and packets count once."""
ABOUT_DETECTORS = """\
Each looks for one behaviour; its name is the `kind` of the findings it makes."""
ABOUT_RELATIONS = """\
Who scans whom decides how loud a finding is. A source raises one finding a UTC day, and one more when it gets
louder."""
ABOUT_STORIES = """\
Each is a folder of records with exactly what is found in them, and is run as a test."""
LABELS = ("Why it matters", "Innocent look-alikes", "ATT&CK")
"""Beginnings of lines in a detector's docstring that begin a paragraph."""


def pages() -> dict[Path, str]:
    """The text of each page by its path."""
    made = {"fields.md": fields_page(), "metrics.md": metrics_page(), "detectors.md": detectors_page()}
    return {DOCS / name: "\n".join(lines) + "\n" for name, lines in made.items()}


def fields_page() -> Iterator[str]:
    yield from _opening("Fields", PACKAGE / "fields.py")
    yield from (ABOUT_FIELDS, "")
    yield from _table(("field", "version", "values", "meaning"), (_field_row(field) for field in FIELDS))


def _field_row(field: Field) -> tuple[str, ...]:
    return f"`{field.name}`", str(field.version), _values(field.kind), field.meaning


def _values(kind: Kind) -> str:
    dtype = DTYPES[kind]
    return ", ".join(dtype.categories) if isinstance(dtype, pl.Enum) else TYPES[dtype]


def metrics_page() -> Iterator[str]:
    yield from _opening("Metrics", PACKAGE / "metric_names.py")
    yield f"All are in the namespace `{NAMESPACE}`."
    yield from ("", "## Pipeline metrics", "", ABOUT_PIPELINE_METRICS, "")
    yield from _metric_table(PIPELINE_METRICS.items())
    yield from ("", "## Traffic metrics", "", ABOUT_TRAFFIC_METRICS, "")
    yield from _metric_table(TRAFFIC_METRICS.items())


def _metric_table(metrics: Iterable[tuple[str, Metric]]) -> Iterator[str]:
    rows = ((f"`{name}`", f"`{each.by}`" if each.by else "", each.unit, each.meaning) for name, each in metrics)
    return _table(("metric", "also by", "unit", "meaning"), rows)


def detectors_page() -> Iterator[str]:
    yield from _opening("Detectors", PACKAGE / "detect" / "__init__.py")
    yield ABOUT_DETECTORS
    detectors = _detectors()
    for module in detectors:
        yield from ("", f"## {_kind(module)}", "")
        yield from _described(module)
    yield from ("", "## When a source is a scanner", "")
    _, rule = (verdict.verdict.__doc__ or "").split("\n\n", 1)
    yield from (_one_line(rule), "", ABOUT_RELATIONS, "")
    yield from _table(("relation", "severity"), ((f"`{each}`", SEVERITY[each]) for each in Relation))
    yield from ("", "## Thresholds", "")
    yield "Each says what happens when it is higher, and when it is lower."
    yield ""
    rows = (row for module in (verdict, scan_shape, evidence, *detectors) for row in _thresholds(module))
    yield from _table(("threshold", "value", "what it does"), rows)
    yield from _stories()


def _detectors() -> list[ModuleType]:
    """The modules that describe a behaviour: the shapes of a scan in the order they are tried, then the others."""
    order = [shape.kind for shape in SHAPES]
    names = sorted(path.stem for path in (PACKAGE / "detect").glob("[a-z]*.py"))
    modules = [import_module(f"flowsentry.detect.{name}") for name in names]
    described = [module for module in modules if LABELS[0] in (module.__doc__ or "")]
    return sorted(described, key=lambda module: order.index(_kind(module)) if _kind(module) in order else len(order))


def _kind(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _described(module: ModuleType) -> Iterator[str]:
    first, *rest = re.split(rf"\n(?=(?:{'|'.join(LABELS)})\b)", (module.__doc__ or "").strip())
    yield _one_line(first)
    yield ""
    for paragraph in rest:
        label = next(label for label in LABELS if paragraph.startswith(label))
        yield f"- **{label}:** {_one_line(paragraph[len(label) :].lstrip(': '))}"


def _thresholds(module: ModuleType) -> Iterator[tuple[str, ...]]:
    """The constants of a module that have a sentence of their own under them."""
    body = ast.parse(Path(module.__file__ or "").read_text()).body
    for constant, sentence in pairwise(body):
        match constant, sentence:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                if name.startswith(("MIN_", "MAX_", "MEMORY_", "MOSTLY")):
                    yield f"`{name}` ({_kind(module)})", str(getattr(module, name)), _one_line(text)


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
