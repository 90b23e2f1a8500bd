"""Reads settings: the context in cdk.json, and `-c flowsentry.<key>=<value>` on the command line, which wins."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from stacks.settings.problems import problems_of, refusal
from stacks.settings.values import Section

Kind = TypeVar("Kind", bound=Section)


class SettingsError(Exception):
    """The settings of a deployment are invalid. `problems` has a sentence for each, with the key, the value that was
    given, and what is allowed.
    """

    def __init__(self, section: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join((f"The settings in {section!r} are invalid:", *(f"  {each}" for each in problems))))
        self.problems = list(problems)


def read_section(kind: type[Kind], section: str, settings: object, problems: Sequence[str] = ()) -> Kind:
    """The settings of this kind. `section` is what their keys begin with in errors; `problems` are known already.

    Raises SettingsError, which lists every problem.
    """
    try:
        made = kind.model_validate_json(json.dumps(settings))
    except ValidationError as error:
        raise SettingsError(section, [*problems, *problems_of(error, kind, section)]) from error
    if problems:
        raise SettingsError(section, problems)
    return made


def read_context(kind: type[Kind], section: str, context: Mapping[str, Any]) -> Kind:
    """The settings of this kind in the context of a CDK app; the command line wins. Raises SettingsError."""
    problems: list[str] = []
    settings = json.loads(json.dumps(context.get(section, {})))
    for key, value in context.items():
        path = key.split(".")
        if path[0] == section and len(path) > 1:
            problems.extend(_put(settings, path[1:], _from_command_line(value), key))
    return read_section(kind, section, settings, problems)


def _put(target: Any, path: list[str], value: Any, key: str) -> list[str]:
    """Puts a value where its path leads: objects are merged, a list is replaced. Returns the problems."""
    for name in path[:-1]:
        target = target.setdefault(name, {}) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        return [refusal(key, value, f"keys of objects; set {key.rpartition('.')[0]} as a whole, in JSON")]
    _merge(target, {path[-1]: value})
    return []


def _merge(target: dict[str, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(target.get(name), dict) and isinstance(value, dict):
            _merge(target[name], value)
        else:
            target[name] = value


def _from_command_line(value: Any) -> Any:
    """JSON where the value is JSON, otherwise the text. A fraction stays text, because Python 3.10 is not 3.1; settings
    that are fractions accept it as text.
    """
    try:
        return json.loads(value, parse_float=str)
    except (TypeError, ValueError):
        return value
