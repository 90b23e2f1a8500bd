"""Sentences for people: what a setting may be, and what is wrong with one. Made from the models' JSON schema."""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stacks.settings.excerpts import cut, shown
from stacks.settings.values import BrokenRulesError, Section

Schema = Mapping[str, Any]


def refusal(key: str, value: object, allowed: str) -> str:
    """`flowsentry.digest_minutes is 0; allowed: a whole number from 1 to 1440`."""
    return f"{cut(key)} is {shown(value)}; allowed: {allowed}"


def problems_of(error: ValidationError, kind: type[Section], section: str) -> Iterator[str]:
    """A sentence for each problem with settings of this kind; `section` is what their keys begin with."""
    schema = schema_of(kind)
    for each in error.errors(include_url=False):
        if each["type"] == "too_short" and len(each["input"]) >= each["ctx"]["min_length"]:
            continue  # only valid items were counted, and the others have a problem of their own
        yield from _sentences(each, schema, section)


@cache
def schema_of(kind: type[Section]) -> Schema:
    """The JSON schema of settings of this kind."""
    return kind.model_json_schema()


def _sentences(error: ErrorDetails, schema: Schema, section: str) -> Iterator[str]:
    key = cut(section + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]))
    raised = error.get("ctx", {}).get("error")
    match error["type"], raised:
        case "missing", _:
            yield f"{key} is missing; allowed: {allowed(_at(error['loc'], schema), schema)}"
        case "extra_forbidden", _:
            known = list(_at(error["loc"][:-1], schema)["properties"])
            yield _unknown(key, cut(str(error["loc"][-1])), error["input"], known)
        case "json_invalid", _:
            yield f"{section}: {error['msg']}"
        case _, BrokenRulesError():
            yield from (f"{key}{rule}" if rule.startswith(("[", " ")) else f"{key}: {rule}" for rule in raised.args)
        case _:
            words = allowed(_at(error["loc"], schema), schema)
            reason = f" ({cut(str(raised))})" if raised and str(raised) and str(raised) != words else ""
            yield refusal(key, error["input"], words + reason)


def _unknown(key: str, name: str, value: object, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{key} is {shown(value)}, but there is no such setting; {hint}allowed: {', '.join(known)}"


def _at(path: tuple[int | str, ...], schema: Schema) -> Schema:
    """The part of a JSON schema that a path leads to."""
    part = schema
    for step in path:
        part = resolved(part, schema)
        part = part["items"] if isinstance(step, int) else _named(step, part)
    return resolved(part, schema)


def _named(name: str, part: Schema) -> Schema:
    """What an object has under this name: a setting, or one of any number of values, such as a tag."""
    of_any_name: Schema = part.get("additionalProperties") or {}
    known: Mapping[str, Schema] = part.get("properties", {})
    return known.get(name, of_any_name)


def resolved(part: Schema, schema: Schema) -> Schema:
    """The part itself, what it refers to, or the alternative that is not null."""
    if "anyOf" in part:
        part = next(each for each in part["anyOf"] if each.get("type") != "null")
    return schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def allowed(part: Schema, schema: Schema) -> str:
    """What a part of a JSON schema allows, in words."""
    part = resolved(part, schema)
    if "enum" in part or "const" in part:
        return f"one of {', '.join(map(str, part.get('enum', [part.get('const')])))}"
    match part["type"]:
        case "boolean":
            return "true or false"
        case "integer" | "number" as kind:
            number = "a whole number" if kind == "integer" else "a number"
            return f"{number} from {part['minimum']:g} to {part['maximum']:g}"
        case "array":
            return f"a list{_size(part)}, each item {allowed(part['items'], schema)}"
        case "object":
            return " with ".join(("an object", *_listed(part)))
        case _:
            return " such as ".join((part.get("title", "text"), *part.get("examples", ())[:1]))


def _listed(part: Schema) -> tuple[str, ...]:
    """The keys of an object in one text, if they are known, or what its values are."""
    if "properties" in part:
        return (", ".join(part["properties"]),)
    values = part.get("additionalProperties")
    return (f"values that are {allowed(values, part)}",) if isinstance(values, dict) else ()


def _size(part: Schema) -> str:
    if "maxItems" in part:
        return f" of {part.get('minItems', 0)} to {part['maxItems']} items"
    return " that is not empty" if part.get("minItems") else ""
