"""CloudFormation: which changes replace a resource, by the resource schemas of the CloudFormation registry.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html; the
schemas are those that cfn-lint ships.
"""

import functools
import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Properties = Mapping[str, Any]


def is_replaced(resource_type: str, old: Properties, new: Properties) -> bool:
    """True if a property differs that cannot be changed after creation (`createOnlyProperties`)."""
    fixed = _schema(resource_type).get("createOnlyProperties", [])
    return any(_value(old, path) != _value(new, path) for path in fixed)


def identifier(resource_type: str, properties: Properties) -> dict[str, Any]:
    """The primary identifier, by schema path; empty if AWS generates a part of it."""
    paths = _schema(resource_type).get("primaryIdentifier", [])
    values = {path: _value(properties, path) for path in paths}
    return values if all(value is not None for value in values.values()) else {}


def _value(properties: Properties, path: str) -> Any:
    value: Any = properties
    for name in _names(path):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _names(path: str) -> Iterable[str]:
    return path.removeprefix("/properties/").split("/")


@functools.cache
def _schema(resource_type: str) -> Mapping[str, Any]:
    """The schema of a type; empty for types that the registry does not know, such as custom resources."""
    name = _schema_names().get(resource_type)
    return json.loads((_folder() / "resources" / f"{name}.json").read_text()) if name else {}


@functools.cache
def _schema_names() -> Mapping[str, str]:
    names: Mapping[str, str] = json.loads((_folder() / "providers" / "us-east-1.json").read_text())
    return names


@functools.cache
def _folder() -> Path:
    """The folder of the schemas; found without importing cfn-lint, which takes a second."""
    found = importlib.util.find_spec("cfnlint")
    if found is None or found.origin is None:
        raise LookupError("cfn-lint is not installed; it comes with moto's server")
    return Path(found.origin).parent / "data" / "schemas"
