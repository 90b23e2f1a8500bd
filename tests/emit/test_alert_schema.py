"""What machines get is what docs/alert.schema.json says, and what docs/alerts.md shows is what is sent."""

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
    told = json.loads(MESSAGES[name].json)
    assert isinstance(told, dict)
    return told


def test_the_schema_is_one_and_is_of_this_version() -> None:
    Draft202012Validator.check_schema(DESCRIBED)
    assert DESCRIBED["title"] == DESCRIBED["$defs"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_as_the_schema_says(name: str) -> None:
    VALIDATOR.validate(sent(name))


@pytest.mark.parametrize("name", MESSAGES)
def test_every_field_is_described(name: str) -> None:
    told, parts = sent(name), DESCRIBED["$defs"]
    findings = [told] if told["type"] == "finding" else told["findings"]
    message = {"finding": "finding_message"}.get(told["type"], told["type"])
    described = {
        *parts[message]["properties"],
        *(parts["finding"]["properties"] if message == "finding_message" else ()),
    }
    assert set(told) <= described
    for finding in findings:
        assert set(finding["details"]) <= set(parts["details"]["properties"])


STORIES = sorted((Path(__file__).parents[1] / "golden" / "stories").glob("*/expected.json"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.parent.name)
def test_what_detectors_find_is_as_the_schema_says(story: Path) -> None:
    for found in json.loads(story.read_text())["findings"]:
        told = json.loads(alert_message(Finding.from_json(json.dumps(found)), RESOURCES).json)
        VALIDATOR.validate(told)
        assert set(told["details"]) <= set(DESCRIBED["$defs"]["details"]["properties"])


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
def test_what_is_otherwise_is_refused(change: dict[str, object]) -> None:
    assert not VALIDATOR.is_valid({**sent("own_machine_scans_own_network"), **change})


def blocks(language: str) -> list[str]:
    page = (DOCS / "alerts.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


def test_the_mail_that_the_page_shows_is_sent() -> None:
    (mail,) = blocks("text")
    assert mail == as_read(MESSAGES["own_machines_kept_apart_and_where_to_look"])


def test_the_json_that_the_page_shows_is_sent() -> None:
    finding, chat = (json.loads(block) for block in blocks("json")[:2])
    assert finding == sent("own_machines_kept_apart_and_where_to_look")
    assert chat == json.loads(MESSAGES["own_machines_kept_apart_and_where_to_look"].chat)


def test_the_page_names_every_attribute() -> None:
    page = (DOCS / "alerts.md").read_text()
    assert all(f"`{name}`" in page for name in MESSAGES["stranger_got_an_answer"].attributes)


def test_patterns_on_the_page_are_json() -> None:
    assert all(json.loads(block) for block in blocks("json"))
