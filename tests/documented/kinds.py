"""What a block is, and the test that runs or checks blocks of that kind."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.documented.blocks import Block

SHELL = ("flowsentry", ".venv/bin/flowsentry", ".venv/bin/python", "make", "aws", "cdk", "curl", "zcat", "get()")
ABOUT_ALERTS = ({"audience", "severity"}, {"content", "metadata"}, {"source", "detail-type"})
"""Keys that say that an object is an alert, a card for a chat, or a pattern of events."""


def is_shell(block: Block) -> bool:
    return block.language in {"", "sh"} and block.commands[0].split()[0] in SHELL


def json_of(block: Block) -> Any:
    """The block as JSON, with the braces that a fragment such as `"sources": […]` lacks; None if it is none."""
    text = block.text.strip()
    try:
        return json.loads(f"{{{text}}}" if text.startswith('"') else text)
    except json.JSONDecodeError:
        return None


def keys_of(block: Block) -> set[str]:
    """The keys of the block as a JSON object; none of another block."""
    document = json_of(block)
    return set(document) if isinstance(document, dict) else set()


def is_policy(block: Block) -> bool:
    """Whether it is a policy, a statement or several."""
    document = json_of(block)
    statements = document.get("Statement", [document]) if isinstance(document, dict) else document or [None]
    return all(isinstance(each, dict) and {"Effect", "Action"} <= set(each) for each in statements)


def is_about_alerts(block: Block) -> bool:
    return any(keys <= keys_of(block) for keys in ABOUT_ALERTS)


def is_suppressions(block: Block) -> bool:
    return keys_of(block) == {"suppressions"}


def is_settings(block: Block) -> bool:
    return bool(keys_of(block)) and not (is_policy(block) or is_about_alerts(block) or is_suppressions(block))


def is_drawing(block: Block) -> bool:
    return "─▶" in block.text


def is_log_query(block: Block) -> bool:
    return block.page == "docs/log-queries.md"


def is_log_format(block: Block) -> bool:
    return block.page == "docs/fields.md" and block.text.startswith("${")


def is_output(block: Block) -> bool:
    return block.language == "text" or block.text.startswith("sg-0a1b2c web")


KINDS: Mapping[str, tuple[Callable[[Block], bool], str]] = {
    "commands": (is_shell, "tests/documented/test_commands.py"),
    "settings": (is_settings, "tests/documented/test_settings_examples.py"),
    "suppressions": (is_suppressions, "tests/documented/test_settings_examples.py"),
    "policies": (is_policy, "tests/documented/test_settings_examples.py"),
    "SQL": (lambda block: block.language == "sql", "tests/local/query/test_answers.py"),
    "log queries": (is_log_query, "tests/stacks/log_queries/test_queries.py"),
    "log formats": (is_log_format, "tests/test_docs.py"),
    "alerts, cards and patterns": (is_about_alerts, "tests/emit/test_alert_schema.py"),
    "output": (is_output, "tests/test_docs.py"),
    "drawings": (is_drawing, "tests/test_docs.py"),
}
"""By kind of block: whether a block is of it, and where such blocks are tested."""


def kinds_of(block: Block) -> list[str]:
    return [name for name, (is_of, _) in KINDS.items() if is_of(block)]
