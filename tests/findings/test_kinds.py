"""A kind of finding is complete: a row, a detector with a description, a narrative, an example."""

import re
from importlib import import_module

import pytest

from docs.detectors_reference import LABELS, description
from flowsentry.detect.scans.shapes import SHAPES
from flowsentry.emit.digest import CHAPTERS
from flowsentry.emit.narratives.by_kind import NARRATIVES
from flowsentry.findings.finding import Severity
from flowsentry.findings.kinds import ALWAYS, KINDS, Chapter, Kind
from tests.emit.findings import FINDINGS
from tests.emit.makers import noise

QUIET = {Severity.LOW, Severity.BACKGROUND}
by_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_every_kind_has_a_narrative_and_an_example_of_its_alert() -> None:
    assert set(NARRATIVES) == set(KINDS)
    assert {finding.kind for finding in [*FINDINGS.values(), *noise(1)]} >= set(KINDS)


def test_every_chapter_of_the_digest_has_a_text_and_the_order_of_the_enum() -> None:
    assert list(CHAPTERS) == list(Chapter)


def test_the_shapes_of_a_scan_are_kinds() -> None:
    assert all(KINDS[shape.kind.name] is shape.kind for shape in SHAPES)


@by_kind
def test_a_kind_that_can_be_quiet_has_a_chapter_of_its_own(kind: Kind) -> None:
    assert (kind.chapter is Chapter.OTHERS) == (not QUIET & set(kind.severities.values()))


@by_kind
def test_the_detector_describes_the_behaviour_and_the_techniques_of_the_row(kind: Kind) -> None:
    import_module(f"flowsentry.{kind.detector}")
    text = description(kind)
    assert all(re.search(rf"^{label}\b", text, flags=re.MULTILINE) for label in LABELS)
    assert all(technique in text for technique in kind.techniques.values())
    assert kind.techniques or "ATT&CK: none" in text


@by_kind
def test_a_row_has_a_summary_a_type_for_security_hub_and_a_severity(kind: Kind) -> None:
    assert kind.summary.endswith(".")
    assert kind.security_hub_types
    assert kind.severities
    assert (ALWAYS in kind.severities) == (len(kind.severities) == 1)
