"""The text of detectors.md: each kind of finding, the thresholds, the constants, and the stories of the tests."""
# ruff: noqa: INP001 - a script beside the pages it writes; only the scripts here import it

import ast
import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

from docs.markdown import PACKAGE, ROOT, one_line, opening, table
from flowsentry.detect.scans import criteria, source_evidence
from flowsentry.findings import bounds, evidence
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.kinds import Kind as FindingKind
from flowsentry.findings.thresholds import Thresholds, known_thresholds

STORIES = ROOT / "tests" / "golden" / "stories"
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


def detectors_page() -> Iterator[str]:
    yield from opening("Detectors", PACKAGE / "findings" / "kinds.py")
    yield from (ABOUT_DETECTORS, "")
    yield from table(("kind", "severity", "ATT&CK", "what is found"), map(_kind_row, KINDS.values()))
    for kind in KINDS.values():
        yield from ("", f"## {kind.name}", "")
        yield from _described(kind)
        yield f"- **Severity:** {_severities(kind)}."
        yield f"- **Security Hub:** {', '.join(f'`{each}`' for each in kind.security_hub_types)}."
    yield from ("", "## When a source is a scanner", "")
    _, rule = (criteria.detected_scan.__doc__ or "").split("\n\n", 1)
    yield one_line(rule)
    yield from ("", "## Thresholds", "", ABOUT_THRESHOLDS, "")
    defaults = Thresholds().to_json()
    yield from table(("threshold", "default", "allowed", "what it does"), _threshold_rows(json.loads(defaults)))
    yield from ("", "## Constants", "", ABOUT_CONSTANTS, "")
    modules = dict.fromkeys((*_PARTS, *(import_module(f"flowsentry.{kind.detector}") for kind in KINDS.values())))
    yield from table(("constant", "value", "what it does"), (row for module in modules for row in _constants(module)))
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
        yield f"`{name}`", str(defaults[section][own_name]), allowed, one_line(allowed_values.meaning)


def _described(kind: FindingKind) -> Iterator[str]:
    first, *rest = re.split(rf"\n(?=(?:{'|'.join(LABELS)})\b)", description(kind).strip())
    yield one_line(first)
    yield ""
    for paragraph in rest:
        label = next(label for label in LABELS if paragraph.startswith(label))
        yield f"- **{label}:** {one_line(paragraph[len(label) :].lstrip(': '))}"


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
            yield f"`{name}` ({module.__name__.rpartition('.')[2]})", str(getattr(module, name)), one_line(text)


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
