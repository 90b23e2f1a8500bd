"""Stories: traffic and the exact findings in it.

Each folder is a story, named after its result. `flows*.log` are objects in the order of arrival. `inventory.json`, if
present, has the owners, the trusted networks and the public login services. `expected.json` is reviewed like code:
write it with FLOWSENTRY_WRITE_EXPECTED=1 and read the difference.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flowsentry.decode import object_texts, subscription, subscription_text
from flowsentry.findings.finding import Finding
from flowsentry.frames import LogText
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.pipeline import Outcome
from tests.builders import Watch, payload

STORIES = sorted(folder for folder in (Path(__file__).parent / "stories").iterdir() if folder.is_dir())
LINES_A_PAYLOAD = 40
by_name = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


def watch_of(story: Path) -> Watch:
    path = story / "inventory.json"
    values = json.loads(path.read_text()) if path.exists() else {}
    inventory = _inventory(values) if "interfaces" in values else None
    return Watch(inventory, values.get("trusted_networks", ()), values.get("public_login_services", ()))


def _inventory(values: dict[str, Any]) -> Inventory:
    """An inventory that is valid at any time, from the file of a story."""
    fields = ({key: _as_tuple(value) for key, value in row.items()} for row in values["interfaces"])
    return Inventory.of((Interface(**each) for each in fields), values["networks"], _rules(values))


def _rules(values: dict[str, Any]) -> Rules | None:
    return Rules.from_json(values["rules"]) if "rules" in values else None


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def objects(story: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(story.glob("*.log"))]


def counts(outcome: Outcome) -> dict[str, object]:
    counted = {"lines": outcome.lines, "accepted_records": outcome.accepted_records}
    counted |= {"nodata": outcome.nodata, "skipdata": outcome.skipdata}
    return counted | {"rejected": dict(sorted(outcome.rejected.counts.items()))}


@dataclass(frozen=True)
class Delivered:
    """The outcomes of all objects, their findings, and the outcomes of a second delivery."""

    outcomes: list[Outcome]
    findings: list[Finding]
    second_outcomes: list[Outcome]


@cache
def delivered(story: Path) -> Delivered:
    """A story's objects, processed once for all tests."""
    watch = watch_of(story)
    outcomes = watch.see(*objects(story))
    return Delivered(outcomes, list(watch.found), watch.see(*objects(story)))


@by_name
def test_a_story_has_the_expected_findings(story: Path) -> None:
    seen = delivered(story)
    actual = {"objects": [counts(each) for each in seen.outcomes], "findings": [asdict(each) for each in seen.findings]}
    expected = story / "expected.json"
    if os.environ.get("FLOWSENTRY_WRITE_EXPECTED"):
        expected.write_text(json.dumps(actual, indent=1) + "\n")
    assert json.loads(json.dumps(actual)) == json.loads(expected.read_text())


def payloads(data: bytes) -> Iterator[LogText]:
    """The same records as CloudWatch Logs delivers them: a few lines at a time, without a header."""
    header, *lines = data.decode().splitlines()
    log_format = " ".join(f"${{{name}}}" for name in header.split())
    for first in range(0, len(lines), LINES_A_PAYLOAD):
        seen = subscription(payload(lines[first : first + LINES_A_PAYLOAD]))
        yield subscription_text(seen, log_format)


def severities(findings: Sequence[Finding]) -> set[tuple[str, str, str]]:
    return {(each.id, each.subject, each.severity) for each in findings}


@by_name
def test_payloads_of_forty_lines_have_the_same_findings_as_objects(story: Path) -> None:
    as_payloads = watch_of(story)
    for data in objects(story):
        for text in payloads(data):
            as_payloads.see_texts([text])
    assert severities(as_payloads.found) == severities(delivered(story).findings)


@by_name
def test_a_repeated_story_has_no_new_findings(story: Path) -> None:
    again = delivered(story).second_outcomes
    assert [outcome.findings for outcome in again] == [[]] * len(again)


@by_name
def test_objects_and_chunks_have_the_same_findings(story: Path) -> None:
    chunked = watch_of(story)
    for data in objects(story):
        chunked.see_texts(chunk for text in object_texts([data]) for chunk in in_chunks(text))
    assert [each.to_json() for each in chunked.found] == [each.to_json() for each in delivered(story).findings]


def in_chunks(text: LogText) -> Iterator[LogText]:
    lines = text.text.splitlines(keepends=True)
    return (LogText(text.names, b"".join(lines[at : at + 5]), text.first_line + at) for at in range(0, len(lines), 5))
