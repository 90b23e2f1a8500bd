"""CloudFormation: stacks that are created, updated and rolled back, with their statuses and events.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
"""

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Event, Stack
from moto.cloudformation.responses import CloudFormationResponse

from local.aws.deployment.resource_errors import ResourceError
from local.aws.deployment.stack_updates import StackUpdate
from local.aws.deployment.template_limits import limit_request
from local.aws.moto_patches import replaces

_rollback_disabled = contextvars.ContextVar("_rollback_disabled", default=False)
FAILED_CREATION = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
"""Statuses of a stack that can only be deleted."""


def put_resources(stack: Any, kind: str, template: str, parameters: Mapping[str, Any] | None) -> bool:
    """Creates (`kind` CREATE) or updates (UPDATE) the resources of a stack; returns whether that succeeded.

    If AWS refuses a resource, the stack is rolled back, or left as it is if the caller has disabled the rollback.
    """
    parsed = Stack.parse_template(template)
    update = StackUpdate(stack.resource_map, parsed, parameters)
    _report(stack, f"{kind}_IN_PROGRESS", "User Initiated")
    try:
        update.apply()
    except ResourceError as error:
        _report_resource(stack, error, f"{kind}_FAILED")
        _end_failed(stack, kind, error, update)
        return False
    _store(stack, template, parsed, parameters)
    for name in update.clean_up():
        _report_resource(
            stack, ResourceError(name, parsed["Resources"].get(name, {}).get("Type", ""), ""), "DELETE_FAILED"
        )
    _report(stack, f"{kind}_COMPLETE")
    return True


def _store(stack: Any, template: str, parsed: Mapping[str, Any], parameters: Mapping[str, Any] | None) -> None:
    stack.template, stack.template_dict, stack.description = template, parsed, parsed.get("Description")
    if parameters:
        stack.parameters = parameters
    stack.output_map = stack._create_output_map()  # noqa: SLF001 moto has no public method


def _end_failed(stack: Any, kind: str, error: ResourceError, update: StackUpdate) -> None:
    failed = f"The following resource(s) failed to {kind.lower()}: [{error.logical_id}]. "
    if _rollback_disabled.get():
        update.keep()
        _report(stack, f"{kind}_FAILED", failed)
        return
    prefix = "ROLLBACK" if kind == "CREATE" else "UPDATE_ROLLBACK"
    _report(stack, f"{prefix}_IN_PROGRESS", f"{failed}Rollback requested by user.")
    try:
        update.roll_back()
    except ResourceError as second:
        _report_resource(stack, second, "UPDATE_FAILED")
        _report(stack, f"{prefix}_FAILED", f"The following resource(s) failed to update: [{second.logical_id}]. ")
    else:
        _report(stack, f"{prefix}_COMPLETE")


def _report(stack: Any, status: str, reason: str | None = None) -> None:
    stack.status, stack.stack_status_reason = status, reason
    stack._add_stack_event(status, resource_status_reason=reason)  # noqa: SLF001 moto has no public method


def _report_resource(stack: Any, error: ResourceError, status: str) -> None:
    stack.events.append(
        Event(stack.stack_id, stack.name, error.logical_id, "", error.resource_type, status, error.reason, None)
    )


@replaces(Stack, "create_resources")
def create_or_roll_back(_original: Callable[..., Any], stack: Any) -> None:
    """Moto responds with an error if a resource cannot be created, and keeps the resources that it has created."""
    template, parsed = stack.template, stack.template_dict
    tags = {"aws:cloudformation:stack-name": stack.name, "aws:cloudformation:stack-id": stack.stack_id}
    stack.resource_map.tags.update(tags)
    stack.resource_map._template, stack.resource_map._resource_json_map = {}, {}  # noqa: SLF001 nothing exists yet
    stack.template_dict = {}
    stack.output_map = parsing.OutputMap(stack.resource_map, {}, stack.stack_id)
    if not put_resources(stack, "CREATE", template, stack.parameters):
        stack.template_dict = parsed


@replaces(Stack, "update")
def update_or_roll_back(
    _original: Callable[..., Any],
    stack: Any,
    template: str,
    role_arn: str | None = None,
    parameters: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> None:
    """Moto deletes first and does not roll back."""
    stack.role_arn = role_arn
    if put_resources(stack, "UPDATE", template, parameters) and tags is not None:
        stack.tags = tags


@replaces(CloudFormationBackend, "execute_change_set")
def execute_or_roll_back(
    _original: Callable[..., Any], backend: Any, change_set_name: str, stack_name: str | None = None
) -> None:
    """Moto does not roll back, and returns the stack's old template, parameters and outputs afterwards."""
    del stack_name
    change_set: ChangeSet = backend.describe_change_set(change_set_name)
    stack = backend.stacks[change_set.stack_id]
    put_resources(stack, change_set.change_set_type, change_set.template, change_set.parameters)
    change_set.execution_status = "EXECUTE_COMPLETE"


@replaces(CloudFormationResponse, "create_stack")
def create_without_rollback(original: Callable[..., Any], response: Any) -> Any:
    """Moto ignores DisableRollback and OnFailure."""
    return _with_rollback(response, original)


@replaces(CloudFormationResponse, "update_stack")
def update_without_rollback(original: Callable[..., Any], response: Any) -> Any:
    """Moto ignores DisableRollback."""
    return _with_rollback(response, original)


@replaces(CloudFormationResponse, "execute_change_set")
def execute_without_rollback(original: Callable[..., Any], response: Any) -> Any:
    """Moto ignores DisableRollback."""
    return _with_rollback(response, original)


def _with_rollback(response: Any, operation: Callable[[Any], Any]) -> Any:
    limit_request(response)
    is_disabled = response._get_bool_param("DisableRollback", False)  # noqa: SLF001, FBT003 as moto does
    token = _rollback_disabled.set(is_disabled or response._get_param("OnFailure") == "DO_NOTHING")  # noqa: SLF001
    try:
        return operation(response)
    finally:
        _rollback_disabled.reset(token)


@replaces(CloudFormationResponse, "_validate_status")
def refuse_failed_stacks(_original: Callable[..., Any], _response: Any, stack: Any) -> None:
    """Moto knows only one of the statuses in which a stack cannot be updated."""
    if stack.status in FAILED_CREATION:
        text = f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        raise ValidationError(stack.stack_id, message=text)


@replaces(CloudFormationResponse, "_validate_different_update")
def refuse_equal_updates(
    _original: Callable[..., Any], _response: Any, incoming_params: Any, stack_body: str, old_stack: Any
) -> None:
    """Moto refuses an update in which only the value of a Systems Manager parameter has changed, and accepts one
    without any change.
    """
    parameters = {each["ParameterKey"]: each.get("ParameterValue") for each in incoming_params or []}
    is_same = all(value in (None, old_stack.parameters.get(key)) for key, value in parameters.items())
    if not is_same or Stack.parse_template(stack_body) != old_stack.template_dict:
        return
    if not any(_changed_parameters(old_stack.resource_map, old_stack.template_dict)):
        raise ValidationError(old_stack.name, message="No updates are to be performed.")


def _changed_parameters(resources: Any, template: Mapping[str, Any]) -> Any:
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
