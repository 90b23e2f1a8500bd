"""CloudFormation: updates that change what has to change, in the order it has to, and nothing else."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse

from local.aws.gaps import fills


@fills(parsing.ResourceMap, "__getitem__")
def create_what_it_depends_on_first(original: Callable[..., Any], resources: Any, key: str) -> Any:
    """Moto heeds DependsOn when a stack is created at once, not when a change set or an update adds resources."""
    if key not in resources._parsed_resources:  # noqa: SLF001 moto has no other way
        waits_for = (resources._resource_json_map.get(key) or {}).get("DependsOn", [])  # noqa: SLF001
        for other in [waits_for] if isinstance(waits_for, str) else waits_for:
            _ = resources[other]
    return original(resources, key)


@fills(parsing, "parse_resource")
def leave_the_template_alone(original: Callable[..., Any], resource: Any, resources: Any) -> Any:
    """Moto writes into the template it was given, so that the next deploy finds changes where there are none."""
    return original(copy.deepcopy(resource), resources)


@fills(parsing, "parse_and_update_resource")
def replace_what_cannot_change(
    original: Callable[..., Any], logical_id: str, resource: Any, resources: Any, account_id: str, region_name: str
) -> Any:
    """Moto forgets a changed resource of a type it cannot update. AWS makes a new one, then deletes the old."""
    if not _is_replaced(resource["Type"]):
        return original(logical_id, resource, resources, account_id, region_name)
    old = resources[logical_id]
    new: Any = parsing.parse_and_create_resource(logical_id, resource, resources, account_id, region_name)
    resources._delete_resource(old, resource)  # noqa: SLF001 moto has no other way
    return new


@fills(parsing.ResourceMap, "build_resource_diff")
def change_what_refers_to_what_changes(
    original: Callable[..., Any], resources: Any, other_template: Any, *rest: Any, **more: Any
) -> Any:
    """Moto compares the text of templates: a function keeps its old layer, and everybody a parameter's old value.

    What refers to a replaced resource, or to a parameter of Systems Manager with another value, changes too, after it.
    """
    actions = original(resources, other_template, *rest, **more)
    new, changed = other_template["Resources"], actions["Modify"]
    kept = [name for name in new if name not in actions["Add"]]
    for parameter in _changed_parameters(resources, other_template):
        changed += [name for name in kept if name not in changed and _refers(new[name], parameter)]
    for name in changed:  # and it grows meanwhile
        if _is_replaced(new[name]["Type"]):
            changed += [other for other in kept if other not in changed and _refers(new[other], name)]
    changed.sort(key=lambda name: not _is_replaced(new[name]["Type"]))
    return actions


def _refers(resource: Mapping[str, Any], name: str) -> bool:
    return f'"{name}"' in json.dumps(resource)


def _changed_parameters(resources: Any, template: Mapping[str, Any]) -> Iterator[str]:
    for name, parameter in template.get("Parameters", {}).items():
        kind, path = parameter["Type"], resources.input_parameters.get(name, parameter.get("Default"))
        is_looked_up = kind.startswith("AWS::SSM::Parameter::Value") and name in resources.resolved_parameters
        if is_looked_up and _value(resources, path, kind) != resources.resolved_parameters[name]:
            yield name


def _value(resources: Any, path: str, kind: str) -> Any:
    try:
        return resources.parse_ssm_parameter(path, kind)
    except ValidationError:
        return None


@fills(parsing.ResourceMap, "parse_ssm_parameter")
def name_the_parameter_that_is_missing(
    original: Callable[..., Any], resources: Any, value: str, value_type: str
) -> Any:
    """Moto answers 500 where a parameter of Systems Manager does not exist."""
    try:
        return original(resources, value, value_type)
    except AttributeError:
        raise ValidationError(message=f"Unable to fetch parameters [{value}] from parameter store") from None


def _is_replaced(resource_type: str) -> bool:
    model: Any = parsing.resource_class_from_type(resource_type)
    return model is not None and hasattr(model.update_from_cloudformation_json, "__isabstractmethod__")


@fills(CloudFormationResponse, "_validate_different_update")
def look_behind_parameters(
    original: Callable[..., Any], response: Any, incoming_params: Any, stack_body: str, old_stack: Any
) -> None:
    """Moto sees no update where only a parameter of Systems Manager has another value."""
    if not any(_changed_parameters(old_stack.resource_map, old_stack.template_dict)):
        original(response, incoming_params, stack_body, old_stack)


@fills(parsing.ResourceMap, "update")
def forget_what_was_removed(original: Callable[..., Any], resources: Any, *rest: Any, **more: Any) -> None:
    """Moto remembers a resource that an earlier update removed, and does not make it when it comes back."""
    for name, resource in list(resources._parsed_resources.items()):  # noqa: SLF001 moto has no other way
        if hasattr(resource, "logical_resource_id") and name not in resources._resource_json_map:  # noqa: SLF001
            del resources._parsed_resources[name]  # noqa: SLF001
    original(resources, *rest, **more)


@fills(parsing.ResourceMap, "_delete_resource")
def keep_what_is_to_be_retained(
    original: Callable[..., Any], resources: Any, resource: Any, resource_json: Mapping[str, Any]
) -> None:
    """Moto heeds DeletionPolicy when a stack is deleted, not when an update removes a resource."""
    if resource_json.get("DeletionPolicy") != "Retain":
        original(resources, resource, resource_json)


@fills(ChangeSet, "apply")
def remember_the_template(original: Callable[..., Any], change_set: Any) -> None:
    """After a change set moto still tells the stack's old template, parameters and outputs."""
    stack = change_set.stack
    stack.template = change_set.template
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    original(change_set)
    stack.output_map = stack._create_output_map()  # noqa: SLF001 moto has no other way


@fills(CloudFormationBackend, "_resolve_update_parameters")
def fall_back_to_defaults(
    original: Callable[..., Any], backend: Any, instance: Any, incoming_params: list[dict[str, Any]]
) -> Any:
    """Moto fails where the previous value of a parameter is to be used, and that was its default."""
    known = [
        each
        for each in incoming_params
        if not each.get("UsePreviousValue", False) or each["ParameterKey"] in instance.parameters
    ]
    return original(backend, instance=instance, incoming_params=known)
