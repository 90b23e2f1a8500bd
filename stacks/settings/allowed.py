"""What a setting may be: a sentence for people, and the reading of a value, which notes what is not allowed."""

import dataclasses
import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from flowsentry.records.fields import DEFAULT_LOG_FORMAT, names_in_log_format

REFUSED: Any = None
"""Stands where a refused value would be; whoever sees it knows that a problem has been noted."""


class SettingsError(Exception):
    """Settings that can't be used; the message lists every problem with its key, its value and what is allowed."""


class Problems(list[str]):
    """What is wrong with the settings, a sentence each."""

    def refuse(self, key: str, value: object, allowed: str) -> Any:
        self.append(f"{key} is {json.dumps(value)}; allowed: {allowed}")
        return REFUSED


@dataclasses.dataclass(frozen=True)
class Allowed:
    """What is allowed, in words, and how a value is read: (key, value, problems) → the value, or REFUSED."""

    words: str
    read: Callable[[str, Any, Problems], Any]


def setting(allowed: Allowed, **default: Any) -> Any:
    """A dataclass field that a user may set."""
    return dataclasses.field(metadata={"allowed": allowed}, **default)


def _checked(words: str, read: Callable[[Any], Any]) -> Allowed:
    """Allowed is what `read` takes; it raises ValueError or TypeError for the rest."""

    def read_or_refuse(key: str, value: Any, problems: Problems) -> Any:
        try:
            return read(value)
        except (TypeError, ValueError):
            return problems.refuse(key, value, words)

    return Allowed(words, read_or_refuse)


def one_of(*choices: str) -> Allowed:
    """One of these words; a number that reads like one of them (Python 3.14) is that word."""

    def read(value: Any) -> str:
        return choices[choices.index(str(value))]

    return _checked(f"one of {', '.join(choices)}", read)


def whole_number(low: int, high: int, unit: str) -> Allowed:
    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError
        return value

    return _checked(f"a whole number of {unit} from {low} to {high}", read)


def one_of_numbers(*choices: int) -> Allowed:
    def read(value: Any) -> int:
        if type(value) is not int:
            raise TypeError
        return choices[choices.index(value)]

    return _checked(f"one of {', '.join(map(str, choices))}", read)


def yes_or_no() -> Allowed:
    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError
        return value

    return _checked("true or false", read)


def text(pattern: str, words: str) -> Allowed:
    def read(value: Any) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError
        return str(value)

    return _checked(words, read)


def day() -> Allowed:
    def read(value: Any) -> str:
        if date.fromisoformat(value).isoformat() != value:
            raise ValueError
        return str(value)

    return _checked("a day such as 2026-12-31", read)


def network() -> Allowed:
    def read(value: Any) -> str:
        if not isinstance(value, str) or "/" not in value:
            raise ValueError
        return str(ipaddress.ip_network(value))

    return _checked("a network such as 10.0.0.0/8, without host bits", read)


def flow_log_format() -> Allowed:
    """`default`, or what EC2 takes as LogFormat."""
    words = '"default" (the 14 fields of version 2), or fields such as "${version} ${srcaddr}"'

    def read(key: str, value: Any, problems: Problems) -> Any:
        if value == "default":
            return DEFAULT_LOG_FORMAT
        try:
            names_in_log_format(value)
        except TypeError:
            return problems.refuse(key, value, words)
        except ValueError as error:
            return problems.refuse(key, value, f"{words} ({error})")
        return value

    return Allowed(words, read)


def list_of(
    item: Allowed, at_least: int = 0, together: Callable[[Sequence[Any]], Iterable[str]] | None = None
) -> Allowed:
    """A list, read into a tuple; `together` names what is wrong between items that are right by themselves."""
    words = f"a list{' that is not empty' if at_least else ''}, each item {item.words}"

    def read(key: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, list) or len(value) < at_least:
            return problems.refuse(key, value, words)
        items = tuple(item.read(f"{key}[{index}]", each, problems) for index, each in enumerate(value))
        good = [each for each in items if each is not REFUSED]
        problems.extend(f"{key}: {problem}" for problem in (together(good) if together else ()))
        return items

    return Allowed(words, read)


def section(kind: type[Any]) -> Allowed:
    """An object with the settings of a dataclass. A class may have `problems()`: what is wrong between its settings."""
    known = {field.name: field for field in dataclasses.fields(kind)}
    words = f"an object with {', '.join(known)}"

    def read(key: str, value: Any, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            return problems.refuse(key, value, words)
        before = len(problems)
        problems.extend(_unknown(key, name, value[name], list(known)) for name in value if name not in known)
        values = {name: _read_field(key, field, value, problems) for name, field in known.items()}
        if len(problems) > before:
            return REFUSED
        made = kind(**values)
        problems.extend(f"{key}: {problem}" for problem in getattr(made, "problems", list)())
        return made if len(problems) == before else REFUSED

    return Allowed(words, read)


def _unknown(key: str, name: str, value: object, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{key}.{name} is {json.dumps(value)}, but there is no such setting; {hint}allowed: {', '.join(known)}"


def _read_field(key: str, field: dataclasses.Field[Any], values: Mapping[str, Any], problems: Problems) -> Any:
    allowed: Allowed = field.metadata["allowed"]
    if field.name in values:
        return allowed.read(f"{key}.{field.name}", values[field.name], problems)
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    problems.append(f"{key}.{field.name} is missing; allowed: {allowed.words}")
    return REFUSED
