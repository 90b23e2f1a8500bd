"""Custom resources of CloudFormation: their functions are also told when a stack or an update deletes them."""

import json
from collections.abc import Callable
from typing import Any

from moto import settings
from moto.awslambda.utils import get_backend
from moto.cloudformation.custom_model import CustomModel

from local.aws import clients
from local.aws.compute.lambda_functions import running
from local.aws.moto_patches import adds, replaces


@replaces(settings, "moto_server_host")
def answer_here(_original: Callable[..., Any]) -> str:
    """Moto expects functions in containers, which reach it by another name."""
    return "http://localhost"


@replaces(settings, "moto_server_port")
def answer_at_this_port(_original: Callable[..., Any]) -> str:
    """Moto takes the port from the environment of its own server."""
    return clients.endpoint_url().rpartition(":")[2]


@replaces(CustomModel, "create_from_cloudformation_json")
def keep_the_request(original: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Moto forgets the properties, which are part of the request to delete."""
    resource = original(*arguments, **keywords)
    template = next(each for each in (*arguments, *keywords.values()) if isinstance(each, dict))
    resource.requested, resource.stack_id = template["Properties"], keywords["StackId"]
    return resource


@adds(CustomModel, "delete")
def request_deletion(resource: Any, account_id: str, region_name: str) -> None:
    """Moto does not tell the function of a custom resource that it is deleted. The deletion waits for the function,
    which may be deleted next.
    """
    function = get_backend(account_id, region_name).get_function(resource.requested["ServiceToken"])
    host = f"{settings.moto_server_host()}:{settings.moto_server_port()}"
    event = {
        "RequestType": "Delete",
        "ServiceToken": resource.requested["ServiceToken"],
        "ResponseURL": f"{host}/cloudformation_{region_name}/cfnresponse?stack={resource.stack_id}",
        "StackId": resource.stack_id,
        "RequestId": resource.request_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_resource_id,
        "ResourceProperties": resource.requested,
    }
    running().invoke(function, json.dumps(event).encode())
