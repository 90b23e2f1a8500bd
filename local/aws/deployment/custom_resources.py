"""CloudFormation: custom resources. A stack waits until their function answers, by PUT to the address in its event.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

import queue
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from moto.cloudformation.custom_model import CustomModel
from moto.core.exceptions import ServiceException

from local.aws import clients
from local.aws.compute.lambda_functions import invoke_later
from local.aws.moto_patches import adds, replaces
from local.aws.settings import CONTROL_PATH

ACTION = "custom-resource-answer"
ANSWER_SECONDS = 60.0
"""Longest wait for an answer. AWS: an hour, or `ServiceTimeout`."""

_waiting: dict[str, "queue.Queue[Mapping[str, Any]]"] = {}


class CustomResourceFailed(ServiceException):
    """The function has answered FAILED, or not at all."""

    code = "InvalidRequest"


def receive_answer(answer: Mapping[str, Any]) -> None:
    """Passes an answer of a function on to the operation that waits for it; a second answer is ignored."""
    if waiting := _waiting.pop(answer["RequestId"], None):
        waiting.put(answer)


def request(resource: Any, kind: str, properties: Mapping[str, Any], **more: Any) -> None:
    """Sends a request to the function and waits for its answer; raises CustomResourceFailed."""
    request_id = str(uuid4())
    answers: queue.Queue[Mapping[str, Any]] = queue.Queue()
    _waiting[request_id] = answers
    event = {
        "RequestType": kind,
        "RequestId": request_id,
        "ResponseURL": f"{clients.endpoint_url()}{CONTROL_PATH}{ACTION}",
        "StackId": resource.stack_id,
        "LogicalResourceId": resource.logical_id,
        "ResourceType": resource.resource_type,
        "ServiceToken": properties["ServiceToken"],
        "ResourceProperties": _as_text(properties),
        **more,
    }
    invoke_later(resource.region_name, resource.account_id, properties["ServiceToken"], event)
    try:
        answer = answers.get(timeout=min(ANSWER_SECONDS, float(properties.get("ServiceTimeout", ANSWER_SECONDS))))
    except queue.Empty:
        raise CustomResourceFailed("CloudFormation did not receive a response from your Custom Resource.") from None
    if answer["Status"] != "SUCCESS":
        text = f"Received response status [FAILED] from custom resource. Message returned: {answer.get('Reason', '')}"
        raise CustomResourceFailed(text)
    resource.resource_name = answer["PhysicalResourceId"]
    resource.set_data(answer.get("Data", {}))


def _as_text(value: Any) -> Any:
    """Properties as a function gets them: numbers and truth values are text."""
    if isinstance(value, Mapping):
        return {name: _as_text(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@replaces(CustomModel, "create_from_cloudformation_json")
def create_when_answered(
    _original: Callable[..., Any],
    cls: Any,
    resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
    **kwargs: Any,
) -> Any:
    """Moto does not wait for the answer, and sends it to an address of its own."""
    resource = cls(region_name, "", kwargs["LogicalId"], resource_name)
    resource.account_id, resource.stack_id = account_id, kwargs["StackId"]
    resource.resource_type = kwargs["ResourceType"]
    request(resource, "Create", cloudformation_json["Properties"])
    return resource


@adds(CustomModel, "update_from_cloudformation_json", classmethod)
def update_when_answered(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto does not update custom resources. Another physical id in the answer does not delete the old resource."""
    old, physical_id = original_resource.cf_properties, original_resource.physical_resource_id
    request(
        original_resource,
        "Update",
        cloudformation_json["Properties"],
        PhysicalResourceId=physical_id,
        OldResourceProperties=_as_text(old),
    )
    return original_resource


@adds(CustomModel, "delete")
def delete_when_answered(resource: Any, _account_id: str, _region_name: str) -> None:
    """Moto does not tell the function that its resource is deleted."""
    properties = resource.cf_properties
    request(resource, "Delete", properties, PhysicalResourceId=resource.physical_resource_id)
