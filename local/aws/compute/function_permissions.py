"""Lambda: permissions of templates, which are statements of the resource policy of a function."""

import json
from collections.abc import Callable
from typing import Any

from moto.awslambda.models import Permission
from moto.awslambda.utils import get_backend

from local.aws.moto_patches import adds, replaces


@replaces(Permission, "create_from_cloudformation_json")
def create_statement(
    _original: Callable[..., Any],
    cls: Any,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **_: Any,
) -> Any:
    """Moto forgets which statement a permission is, so that it cannot be deleted."""
    properties = dict(cloudformation_json["Properties"])
    permission = cls(region=region_name)
    permission.function_name, permission.statement_id = properties["FunctionName"], resource_name
    function = get_backend(account_id, region_name).get_function(permission.function_name)
    function.policy.add_statement(raw=json.dumps({**properties, "StatementId": resource_name}))
    return permission


@adds(Permission, "delete")
def delete_statement(permission: Any, account_id: str, region_name: str) -> None:
    """Moto keeps the statement of a deleted permission."""
    get_backend(account_id, region_name).remove_permission(permission.function_name, permission.statement_id)


@adds(Permission, "physical_resource_id", property)
def permission_id(permission: Any) -> str:
    """Moto does not list permissions among a stack's resources, because they have no physical id."""
    return str(permission.logical_resource_id)
