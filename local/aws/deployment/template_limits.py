"""CloudFormation: what makes a template invalid before any resource is touched.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse

from local.aws.deployment.stack_updates import in_dependency_order, references
from local.aws.moto_patches import replaces

MOST_BYTES_IN_REQUEST = 51_200
MOST_BYTES_IN_BUCKET = 1_000_000
"""The page says 1 MB; the error message says 1000000 bytes."""
MOST_ENTRIES = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
MOST_CHARACTERS_OF_A_NAME = 255
MOST_BYTES_OF_A_DESCRIPTION = 1024
MOST_BYTES_OF_A_PARAMETER_VALUE = 4096

Template = Mapping[str, Any]


def validate(template: str) -> None:
    """Raises ValidationError if CloudFormation would reject the template."""
    if len(template.encode()) > MOST_BYTES_IN_BUCKET:
        raise ValidationError(message=f"Template may not exceed {MOST_BYTES_IN_BUCKET} bytes in size.")
    parsed = Stack.parse_template(template)
    if defect := next(defects(parsed), None):
        raise ValidationError(message=f"Template format error: {defect}")
    in_dependency_order(parsed.get("Resources", {}))


def defects(template: Template) -> Iterator[str]:
    """What is wrong with a parsed template."""
    for section, most in MOST_ENTRIES.items():
        if (number := len(template.get(section) or {})) > most:
            yield f"Number of {section.lower()}, {number}, is greater than maximum allowed, {most}"
    for section in ("Resources", "Parameters", "Outputs"):
        yield from _wrong_names(section.removesuffix("s"), template.get(section) or {})
    if len(template.get("Description", "").encode()) > MOST_BYTES_OF_A_DESCRIPTION:
        yield f"Template 'Description' length is greater than maximum allowed, {MOST_BYTES_OF_A_DESCRIPTION}"
    yield from _unknown_types(template)
    yield from _unresolved(template)


def _wrong_names(kind: str, entries: Mapping[str, Any]) -> Iterator[str]:
    for name in entries:
        if not (name.isascii() and name.isalnum()):
            yield f"{kind} name {name} is non alphanumeric."
        if len(name) > MOST_CHARACTERS_OF_A_NAME:
            yield f"{kind} name {name} is longer than {MOST_CHARACTERS_OF_A_NAME} characters."


def _unknown_types(template: Template) -> Iterator[str]:
    """CloudFormation knows more types than the embedded AWS, which must not ignore a resource."""
    types = {each.get("Type", "") for each in template.get("Resources", {}).values()}
    known = {*parsing.NULL_MODELS, *parsing.get_model_map()}
    if unknown := sorted(each for each in types - known if not each.startswith("Custom::")):
        yield f"Unrecognized resource types: [{', '.join(unknown)}]"


def _unresolved(template: Template) -> Iterator[str]:
    known = {*template.get("Resources", {}), *(template.get("Parameters") or {})}
    for name, resource in template.get("Resources", {}).items():
        needed = {each for each in references(resource.get("Properties", {})) if not each.startswith("AWS::")}
        if missing := sorted(needed - known):
            yield f"Unresolved resource dependencies {missing} in the Resources block of the template ({name})"


@replaces(Stack, "parse_template")
def parse_json_quickly(original: Callable[..., Any], template: str) -> dict[str, Any]:
    """Moto parses JSON as YAML, which takes seconds for the template of an app."""
    try:
        return dict(json.loads(template))
    except ValueError:
        return dict(original(template))


@replaces(ChangeSet, "_parse_template")
def parse_change_set_quickly(_original: Callable[..., Any], change_set: Any) -> None:
    """Moto parses JSON as YAML."""
    change_set.template_dict = Stack.parse_template(change_set.template)


@replaces(CloudFormationBackend, "create_stack")
def validate_new_stack(
    original: Callable[..., Any], backend: Any, name: str, template: str, *rest: Any, **more: Any
) -> Any:
    """Moto accepts templates of any size, with any names."""
    validate(template)
    return original(backend, name, template, *rest, **more)


@replaces(CloudFormationBackend, "update_stack")
def validate_update(
    original: Callable[..., Any], backend: Any, name: str, template: str, *rest: Any, **more: Any
) -> Any:
    """Moto accepts templates of any size, with any names."""
    validate(template)
    return original(backend, name, template, *rest, **more)


@replaces(CloudFormationBackend, "create_change_set")
def validate_change_set(original: Callable[..., Any], backend: Any, *rest: Any, **more: Any) -> Any:
    """Moto accepts templates of any size, with any names."""
    validate(more["template"])
    return original(backend, *rest, **more)


def limit_request(response: Any) -> None:
    """Raises ValidationError if a request of moto's response class has a larger template or parameter than allowed."""
    body = response._get_param("TemplateBody") or ""  # noqa: SLF001 as moto does
    if len(body.encode()) > MOST_BYTES_IN_REQUEST:
        raise _too_long("templateBody", MOST_BYTES_IN_REQUEST)
    for each in response._get_param("Parameters", []):  # noqa: SLF001 as moto does
        if len(each.get("ParameterValue", "").encode()) > MOST_BYTES_OF_A_PARAMETER_VALUE:
            raise _too_long(f"parameters.{each['ParameterKey']}", MOST_BYTES_OF_A_PARAMETER_VALUE)


def _too_long(name: str, most: int) -> ValidationError:
    text = f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
    return ValidationError(message=f"{text}Member must have length less than or equal to {most}")


@replaces(CloudFormationResponse, "create_change_set")
def limit_change_set(original: Callable[..., Any], response: Any) -> Any:
    """Moto accepts parameters of any size."""
    limit_request(response)
    return original(response)
