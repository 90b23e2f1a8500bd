"""Maps and lists of Logs Insights, which come from jsonParse, and their members.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Unnest.html
"""

import json
from collections.abc import Iterator
from typing import Any

Value = str | float | int | bool | None


class Structure(str):
    """A map or a list, as its JSON text."""

    __slots__ = ()


def parsed(text: Value) -> Value:
    """The structure that a text of JSON is; None for any other text."""
    try:
        return _value(json.loads(str(text)))
    except ValueError:
        return None


def assigned(name: str, value: Value) -> dict[str, Value]:
    """The fields that a query has once a value has this name: itself, and `name.member` of each member of a map."""
    return {name: value} | dict(_members(name, value))


def items_of(value: Value) -> list[Value]:
    """The items of a list; anything else is a list with one item."""
    if isinstance(value, Structure) and isinstance(items := json.loads(value), list):
        return [_value(item) for item in items]
    return [value]


def _members(name: str, value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, Structure) and isinstance(members := json.loads(value), dict):
        for key, member in members.items():
            yield from assigned(f"{name}.{key}", _value(member)).items()


def _value(value: Any) -> Value:
    return Structure(json.dumps(value)) if isinstance(value, dict | list) else value
