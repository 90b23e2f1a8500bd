"""Reads settings: the context in cdk.json or the file in its place, and `-c flowsentry.<key>=<value>`, which wins."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from stacks.settings.excerpts import cut, escaped, shown
from stacks.settings.problems import problems_of, refusal
from stacks.settings.values import Section

Kind = TypeVar("Kind", bound=Section)
FILE_KEY = "settings"
"""The key of the CDK's context that names a file in the form of cdk.json: its settings replace those in cdk.json."""
MAX_PROBLEMS = 50
"""Problems in the text of an error. More: the first ones scroll away. Fewer: they are mended in more rounds."""
MAX_DEPTH = 20
"""Levels of objects and lists, of which settings need six. Higher: pydantic's parser gives up and names no key."""
ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte order mark that editors of Windows put at the beginning."""
MAX_BITS = 1_000
"""Of a number. More: Python does not write it as text, so no error can show it."""


class SettingsError(Exception):
    """The settings of a deployment are invalid. `problems` has a sentence for each problem, with the key, the value
    that was given, and what is allowed; the text of the error has the first MAX_PROBLEMS.

    A rule between settings of one object (such as alert_emails and digest_emails) is only checked if each of its
    settings is valid, and nothing else is checked if a value cannot be read as JSON. So another problem may show when
    these are mended.
    """

    def __init__(self, section: str, problems: Sequence[str]) -> None:
        lines = [escaped(each) for each in problems[:MAX_PROBLEMS]]
        if len(problems) > MAX_PROBLEMS:
            lines.append(f"and {len(problems) - MAX_PROBLEMS} more")
        super().__init__("\n".join((f"The settings in {section!r} are invalid:", *(f"  {each}" for each in lines))))
        self.problems = list(problems)


def section_in(path: Path, section: str) -> dict[str, Any]:
    """The settings in a file in the form of cdk.json. They are not checked. Raises SettingsError."""
    try:
        settings = json.loads(path.read_text(ENCODING))["context"][section]
    except OSError as error:
        raise SettingsError(section, [f"{path}: {error.strerror}"]) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError(section, [_not_as_in_cdk_json(path, section, error)]) from error
    if not isinstance(settings, dict):
        raise SettingsError(section, [_not_as_in_cdk_json(path, section, shown(settings))])
    return settings


def _not_as_in_cdk_json(path: Path, section: str, found: object) -> str:
    return f'{path} has no "{section}" object in a "context" object, as cdk.json has: {found}'


def read_section(kind: type[Kind], section: str, settings: object, problems: Sequence[str] = ()) -> Kind:
    """The settings of this kind. `section` is what their keys begin with in errors; `problems` are known already.

    Raises SettingsError with the problems.
    """
    if unreadable := list(_unreadable(section, settings)):
        raise SettingsError(section, [*problems, *unreadable])
    try:
        made = kind.model_validate_json(json.dumps(settings))
    except ValidationError as error:
        raise SettingsError(section, [*problems, *problems_of(error, kind, section)]) from error
    if problems:
        raise SettingsError(section, problems)
    return made


def read_context(kind: type[Kind], section: str, context: Mapping[str, Any]) -> Kind:
    """The settings of this kind in the context of a CDK app, or in the file that `-c settings=<file>` names; those of
    the command line win. Raises SettingsError.
    """
    given = {key: _from_command_line(value) for key, value in context.items() if key.startswith(f"{section}.")}
    path = context.get(FILE_KEY)
    given = {section: section_in(Path(str(path)), section) if path else context.get(section, {}), **given}
    if unreadable := [each for key, value in given.items() for each in _unreadable(key, value, key.count("."))]:
        raise SettingsError(section, unreadable)
    settings = json.loads(json.dumps(given.pop(section)))
    problems = [each for key, value in given.items() for each in _put(settings, key.split(".")[1:], value, key)]
    return read_section(kind, section, settings, problems)


def _unreadable(key: str, value: Any, depth: int = 0) -> Iterator[str]:
    """A sentence for each value that JSON cannot hold, or that is nested too deep. The parser would name no key."""
    if depth > MAX_DEPTH or isinstance(value, _TooDeep):
        yield f"{cut(key)} is nested too deep; allowed: at most {MAX_DEPTH} levels of objects and lists"
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _unreadable(f"{key}.{name}", each, depth + 1)
        yield from (f"{cut(f'{key}.{name}')} is no name; allowed: Unicode" for name in value if _is_broken(name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unreadable(f"{key}[{index}]", each, depth + 1)
    elif isinstance(value, int) and value.bit_length() > MAX_BITS:
        yield f"{cut(key)} is a number of {value.bit_length():,} bits; allowed: at most {MAX_BITS:,}"
    elif _is_broken(value):
        yield refusal(key, value, "Unicode, without half a surrogate pair")


def _is_broken(value: Any) -> bool:
    """Whether it is text that has no UTF-8, because of half a surrogate pair."""
    return isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value)


class _TooDeep:
    """A value of the command line whose JSON Python cannot read."""


def _put(target: Any, path: list[str], value: Any, key: str) -> list[str]:
    """Puts a value where its path leads: objects are merged, a list is replaced. Returns the problems."""
    for name in path[:-1]:
        target = target.setdefault(name, {}) if isinstance(target, dict) else None
    if not isinstance(target, dict):
        return [refusal(key, value, f"keys of objects; set {cut(key.rpartition('.')[0])} as a whole, in JSON")]
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
    except RecursionError:
        return _TooDeep()
    except (TypeError, ValueError):
        return value
