"""Chat notifications have the schema of Amazon Q Developer, and untrusted text in them has no effect."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.chat import (
    MAX_DESCRIPTION_LETTERS,
    MAX_ID_LETTERS,
    MAX_STEP_LETTERS,
    MAX_STEPS,
    MAX_TITLE_LETTERS,
    MAX_WORD_LETTERS,
    MAX_WORDS,
    Chat,
    chat_notification,
    chat_text,
)
from tests.emit.examples import messages
from tests.emit.findings import FINDINGS
from tests.emit.makers import RESOURCES

MESSAGES = messages()
SHAPE = {
    "version": str,
    "source": str,
    "id": str,
    "content": {"textType": str, "title": str, "description": str, "nextSteps": list, "keywords": list},
    "metadata": {
        "threadId": str,
        "summary": str,
        "eventType": str,
        "relatedResources": list,
        "additionalContext": dict,
    },
}


def shape_of(value: object) -> object:
    is_inner = isinstance(value, dict) and any(not isinstance(each, str) for each in value.values())
    return {name: shape_of(each) for name, each in value.items()} if is_inner else type(value)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_has_the_shape_of_a_custom_notification(name: str) -> None:
    notification = json.loads(MESSAGES[name].chat)
    assert shape_of(notification) == SHAPE
    assert (notification["version"], notification["source"]) == ("1.0", "custom")
    assert notification["content"]["textType"] == "client-markdown"


def test_a_notification_has_the_content_of_the_mail() -> None:
    content = json.loads(alert_message(FINDINGS["blocked_path_with_rule"], RESOURCES).chat)["content"]
    assert content["title"].startswith("[medium] web-1 (instance i-0abc, 10.0.1.5) can't reach orders (rds database")
    assert "\nDenied by: security group sg-0db orders-db: no inbound rule allows tcp/5432" in content["description"]
    assert content["description"].splitlines()[-1].startswith("<https://eu-west-1.console.aws.amazon.com/")
    assert content["nextSteps"][0].startswith("Should this work?")


def test_findings_of_one_thread_are_shown_in_one_thread() -> None:
    today = FINDINGS["replies_denied_to_internal_client"]
    threads = {
        json.loads(alert_message(each).chat)["metadata"]["threadId"] for each in (today, replace(today, id="tomorrow"))
    }
    assert threads == {today.thread}


def test_a_notification_has_the_context_for_custom_actions() -> None:
    context = json.loads(alert_message(FINDINGS["external_scan_answered"], RESOURCES).chat)["metadata"][
        "additionalContext"
    ]
    assert context["finding"] == "5c1f2e8a90b1c2d3e4f50617"
    assert (context["deployment"], context["region"]) == ("flowsentry", "eu-west-1")


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("web-1 (10.0.1.5)", "web-1 (10.0.1.5)"),
        ("my_web_1", "my_web_1"),
        ("<!channel> <https://evil.example|ok>", "&lt;!channel&gt; &lt;https://evil.example|ok&gt;"),
        ("*bold* ~gone~ `code`", "∗bold∗ ∼gone∼ 'code'"),  # noqa: RUF001
        ("_slanted_ words", "＿slanted＿ words"),  # noqa: RUF001
        ("[click](here)", "[click] (here)"),
        ("@channel @here", "＠channel ＠here"),  # noqa: RUF001
        ("R&D", "R&amp;D"),
    ],
)
def test_markdown_in_a_name_is_shown_and_has_no_effect(given_: str, shown: str) -> None:
    assert chat_text(given_) == shown


texts = st.text(max_size=1_000) | st.text("*_~`@<>&[](a!#", max_size=1_000)
many = st.lists(texts, max_size=60)


@pytest.mark.slow
@given(one=st.tuples(texts, texts, texts, texts), lines=many, steps=many, words=many)
def test_a_notification_of_any_content_is_within_the_limits(
    one: tuple[str, str, str, str], lines: list[str], steps: list[str], words: list[str]
) -> None:
    id_, thread, kind, title = one
    chat = Chat(
        id=id_ or "1",
        thread=thread,
        kind=kind,
        title=title,
        lines=lines,
        link="https://console/" + "x" * 1_900,
        steps=steps,
        keywords=words,
        resources=words,
        context=dict(zip(words, lines, strict=False)),
    )
    assert_within_limits(json.loads(chat_notification(chat)))


def assert_within_limits(notification: dict[str, Any]) -> None:
    content, metadata = notification["content"], notification["metadata"]
    assert len(content["title"]) <= MAX_TITLE_LETTERS
    assert len(content["description"]) <= MAX_DESCRIPTION_LETTERS
    assert len(content["nextSteps"]) <= MAX_STEPS
    assert all(len(step) <= MAX_STEP_LETTERS for step in content["nextSteps"])
    for listed in (content["keywords"], metadata["relatedResources"]):
        assert len(listed) <= MAX_WORDS
        assert all(0 < len(word) <= MAX_WORD_LETTERS for word in listed)
    assert len(metadata["threadId"]) <= MAX_ID_LETTERS


@given(texts)
def test_any_text_is_left_without_markdown(text: str) -> None:
    shown = chat_text(text)
    assert not set("<>*~`@") & set(shown)
    assert "](" not in shown
    assert not re.search(r"&(?!(amp|lt|gt);)", shown)
    assert not re.search(r"(^|[^A-Za-z0-9])_|_([^A-Za-z0-9]|$)", shown)
