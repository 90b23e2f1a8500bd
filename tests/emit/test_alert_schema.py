"""JSON conforms to docs/alert.schema.json, and the examples in docs/alerts.md are current."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.machine_json import SCHEMA
from flowsentry.findings.finding import Finding
from tests.emit.examples import as_read, messages
from tests.emit.makers import RESOURCES

DOCS = Path(__file__).parents[2] / "docs"
DESCRIBED = json.loads((DOCS / "alert.schema.json").read_text())
VALIDATOR = Draft202012Validator(DESCRIBED)
MESSAGES = messages()


def sent(name: str) -> dict[str, Any]:
    payload = json.loads(MESSAGES[name].json)
    assert isinstance(payload, dict)
    return payload


def test_the_schema_is_valid_and_has_the_current_version() -> None:
    Draft202012Validator.check_schema(DESCRIBED)
    assert DESCRIBED["title"] == DESCRIBED["$defs"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_conforms_to_the_schema(name: str) -> None:
    VALIDATOR.validate(sent(name))


@pytest.mark.parametrize("name", MESSAGES)
def test_the_schema_describes_every_field(name: str) -> None:
    payload, parts = sent(name), DESCRIBED["$defs"]
    findings = [payload] if payload["type"] == "finding" else payload["findings"]
    message = {"finding": "finding_message"}.get(payload["type"], payload["type"])
    described = {
        *parts[message]["properties"],
        *(parts["finding"]["properties"] if message == "finding_message" else ()),
    }
    assert set(payload) <= described
    for finding in findings:
        assert set(finding["details"]) <= set(parts["details"]["properties"])


STORIES = sorted((Path(__file__).parents[1] / "golden" / "stories").glob("*/expected.json"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.parent.name)
def test_the_findings_of_every_story_conform_to_the_schema(story: Path) -> None:
    for found in json.loads(story.read_text())["findings"]:
        payload = json.loads(alert_message(Finding.from_json(json.dumps(found)), RESOURCES).json)
        VALIDATOR.validate(payload)
        assert set(payload["details"]) <= set(DESCRIBED["$defs"]["details"]["properties"])


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "flowsentry.alert/2"},
        {"type": "rumour"},
        {"severity": "critical"},
        {"first_seen": "yesterday"},
        {"investigation": {}},
        {"audience": ""},
        {"details": {"refusal": {}}},
    ],
)
def test_a_message_that_deviates_from_the_schema_is_rejected(change: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid({**sent("inside_scan"), **change})


def blocks(language: str) -> list[str]:
    page = (DOCS / "alerts.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


def test_the_page_shows_the_mail_as_it_is_sent() -> None:
    (mail,) = blocks("text")
    assert mail == as_read(MESSAGES["blocked_path_with_links"])


def test_the_page_shows_the_json_as_it_is_sent() -> None:
    finding, chat = (json.loads(block) for block in blocks("json")[:2])
    assert finding == sent("blocked_path_with_links")
    assert chat == json.loads(MESSAGES["blocked_path_with_links"].chat)


def test_the_page_names_every_attribute() -> None:
    page = (DOCS / "alerts.md").read_text()
    assert all(f"`{name}`" in page for name in MESSAGES["external_scan_answered"].attributes)


def test_every_json_block_of_the_page_is_valid() -> None:
    assert all(json.loads(block) for block in blocks("json"))
