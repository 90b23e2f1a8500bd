"""CloudFormation: stack updates that change the right resources, in the right order."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse

from local.aws.moto_patches import replaces


@replaces(parsing.ResourceMap, "__getitem__")
def create_dependencies_first(original: Callable[..., Any], resources: Any, key: str) -> Any:
    """Moto applies DependsOn when a stack is created directly, not when a change set or an update adds resources."""
    if key not in resources._parsed_resources:  # noqa: SLF001 moto has no public method
        waits_for = (resources._resource_json_map.get(key) or {}).get("DependsOn", [])  # noqa: SLF001
        for other in [waits_for] if isinstance(waits_for, str) else waits_for:
            _ = resources[other]
    return original(resources, key)


@replaces(parsing, "parse_resource")
def copy_the_template(original: Callable[..., Any], resource: Any, resources: Any) -> Any:
    """Moto modifies the given template, so the next deployment finds changes that do not exist."""
    return original(copy.deepcopy(resource), resources)


@replaces(parsing, "parse_and_update_resource")
def replace_immutable_resource(
    original: Callable[..., Any], logical_id: str, resource: Any, resources: Any, account_id: str, region_name: str
) -> Any:
    """Moto loses a changed resource of a type that it cannot update. AWS creates a new one, then deletes the old."""
    if not _is_replaced(resource["Type"]):
        return original(logical_id, resource, resources, account_id, region_name)
    old = resources[logical_id]
    new: Any = parsing.parse_and_create_resource(logical_id, resource, resources, account_id, region_name)
    resources._delete_resource(old, resource)  # noqa: SLF001 moto has no public method
    return new


@replaces(parsing.ResourceMap, "build_resource_diff")
def update_dependents(
    original: Callable[..., Any], resources: Any, other_template: Any, *rest: Any, **more: Any
) -> Any:
    """Moto compares templates only, so a function keeps its old layer, and resources keep a parameter's old value.

    Here resources that refer to a replaced resource, or to a Systems Manager parameter with a new value, are updated
    after it.
    """
    actions = original(resources, other_template, *rest, **more)
    new, changed = other_template["Resources"], actions["Modify"]
    kept = [name for name in new if name not in actions["Add"]]
    for parameter in _changed_parameters(resources, other_template):
        changed += [name for name in kept if name not in changed and _refers(new[name], parameter)]
    for name in changed:  # the list grows in the loop
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


@replaces(parsing.ResourceMap, "parse_ssm_parameter")
def report_missing_parameter(original: Callable[..., Any], resources: Any, value: str, value_type: str) -> Any:
    """Moto responds with 500 if a Systems Manager parameter does not exist."""
    try:
        return original(resources, value, value_type)
    except AttributeError:
        raise ValidationError(message=f"Unable to fetch parameters [{value}] from parameter store") from None


def _is_replaced(resource_type: str) -> bool:
    model: Any = parsing.resource_class_from_type(resource_type)
    return model is not None and hasattr(model.update_from_cloudformation_json, "__isabstractmethod__")


@replaces(CloudFormationResponse, "_validate_different_update")
def compare_parameter_values(
    original: Callable[..., Any], response: Any, incoming_params: Any, stack_body: str, old_stack: Any
) -> None:
    """Moto rejects an update in which only the value of a Systems Manager parameter has changed."""
    if not any(_changed_parameters(old_stack.resource_map, old_stack.template_dict)):
        original(response, incoming_params, stack_body, old_stack)


@replaces(parsing.ResourceMap, "update")
def drop_removed_resources(original: Callable[..., Any], resources: Any, *rest: Any, **more: Any) -> None:
    """Moto keeps resources that an earlier update removed, and does not create them if they are added again."""
    for name, resource in list(resources._parsed_resources.items()):  # noqa: SLF001 moto has no public method
        if hasattr(resource, "logical_resource_id") and name not in resources._resource_json_map:  # noqa: SLF001
            del resources._parsed_resources[name]  # noqa: SLF001
    original(resources, *rest, **more)


@replaces(parsing.ResourceMap, "_delete_resource")
def keep_retained_resources(
    original: Callable[..., Any], resources: Any, resource: Any, resource_json: Mapping[str, Any]
) -> None:
    """Moto applies DeletionPolicy when a stack is deleted, not when an update removes a resource."""
    if resource_json.get("DeletionPolicy") != "Retain":
        original(resources, resource, resource_json)


@replaces(ChangeSet, "apply")
def store_new_template(original: Callable[..., Any], change_set: Any) -> None:
    """Moto returns the stack's old template, parameters and outputs after a change set was executed."""
    stack = change_set.stack
    stack.template = change_set.template
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    original(change_set)
    stack.output_map = stack._create_output_map()  # noqa: SLF001 moto has no public method


@replaces(CloudFormationBackend, "_resolve_update_parameters")
def use_default_values(
    original: Callable[..., Any], backend: Any, instance: Any, incoming_params: list[dict[str, Any]]
) -> Any:
    """Moto fails with UsePreviousValue if the parameter's previous value was its default."""
    known = [
        each
        for each in incoming_params
        if not each.get("UsePreviousValue", False) or each["ParameterKey"] in instance.parameters
    ]
    return original(backend, instance=instance, incoming_params=known)
