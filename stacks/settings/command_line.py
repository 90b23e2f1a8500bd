"""Settings given on the command line, `-c flowsentry.<key>=<value>`, over those of cdk.json."""

import json
from collections.abc import Mapping
from typing import Any

from stacks.settings.allowed import Problems


def with_overrides(settings: object, section: str, context: Mapping[str, Any], problems: Problems) -> object:
    """The settings of a section of cdk.json with those of the command line over them: an object is merged, a list
    replaced.
    """
    merged = json.loads(json.dumps(settings))
    for key, value in context.items():
        path = key.split(".")
        if path[0] == section and len(path) > 1:
            _put(merged, path[1:], _from_command_line(value), key, problems)
    return merged


def _put(target: Any, path: list[str], value: Any, key: str, problems: Problems) -> None:
    for name in path[:-1]:
        target = target.setdefault(name, {}) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        problems.refuse(key, value, f"keys of objects; set {key.rpartition('.')[0]} as a whole, in JSON")
    elif isinstance(target.get(path[-1]), dict) and isinstance(value, dict):
        _merge(target[path[-1]], value)
    else:
        target[path[-1]] = value


def _merge(target: dict[str, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(target.get(name), dict) and isinstance(value, dict):
            _merge(target[name], value)
        else:
            target[name] = value


def _from_command_line(value: Any) -> Any:
    """JSON where it is JSON, else the text. A fraction stays text: no setting is one, and Python 3.10 is not 3.1."""
    try:
        return json.loads(value, parse_float=str)
    except (TypeError, ValueError):
        return value
