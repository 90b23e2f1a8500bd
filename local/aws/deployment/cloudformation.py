"""CloudFormation: the base class of resource types that moto lacks, and change sets as `cdk deploy` needs them."""

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException

from local.aws.clients import client
from local.aws.moto_patches import adds, replaces

TYPES: dict[str, type["ResourceType"]] = {}
_models: list[type[CloudFormationModel]] = []  # strong references: moto finds the subclasses by weak ones


class ResourceType:
    """A resource of a type that moto's CloudFormation does not support. Each subclass registers its type."""

    type_name: ClassVar[str]
    name_property: ClassVar[str] = ""

    def __init__(self, name: str, properties: Mapping[str, Any], region: str) -> None:
        self.name = name
        self.properties = properties
        self.region = region

    def __init_subclass__(cls) -> None:
        TYPES[cls.type_name] = cls
        _models.append(_model(cls))

    def client(self, service: str) -> Any:
        return client(service, self.region)

    def create(self) -> str:
        """Creates or overwrites the resource; returns its physical id. Also called when properties change."""
        raise NotImplementedError

    def delete(self) -> None:
        """Deletes the resource; by default nothing."""

    def attributes(self) -> Mapping[str, str]:
        """The values of Fn::GetAtt."""
        return {}


def register() -> None:
    """Makes moto list its resource types again."""
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def _model(resource_type: type[ResourceType]) -> type[CloudFormationModel]:
    """The class with which moto's CloudFormation creates, updates and deletes resources of this type."""
    body = {
        "__module__": __name__,
        "resource_type": resource_type,
        "cloudformation_name_type": staticmethod(lambda: resource_type.name_property),
        "cloudformation_type": staticmethod(lambda: resource_type.type_name),
        "has_cfn_attr": classmethod(lambda _cls, _attribute: True),
        "get_cfn_attribute": lambda self, attribute: self.resource.attributes()[attribute],
        "create_from_cloudformation_json": classmethod(_create),
        "update_from_cloudformation_json": classmethod(_update),
        "delete": _delete,
        "is_created": lambda _self: True,
    }
    return type(resource_type.__name__, (CloudFormationModel,), body)


def _make(cls: Any, name: str, template: Mapping[str, Any], region: str) -> Any:
    instance = cls()
    instance.resource = cls.resource_type(name, template.get("Properties", {}), region)
    instance.physical_resource_id = instance.resource.create()
    return instance


def _create(
    cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
) -> Any:
    del account_id
    return _make(cls, resource_name, cloudformation_json, region_name)


def _update(
    cls: Any,
    original_resource: Any,
    new_resource_name: str,
    cloudformation_json: Any,
    account_id: str,
    region_name: str,
) -> Any:
    del account_id
    named = cls.resource_type.name_property in cloudformation_json.get("Properties", {})
    name = new_resource_name if named else original_resource.resource.name
    if name != original_resource.resource.name:
        original_resource.resource.delete()
    return _make(cls, name, cloudformation_json, region_name)


def _delete(self: Any, account_id: str, region_name: str) -> None:
    del account_id, region_name
    with contextlib.suppress(ClientError):  # already deleted with its parent
        self.resource.delete()


class Metadata(ResourceType):
    """The CDK's construct metadata, about which moto warns."""

    type_name = "AWS::CDK::Metadata"

    def create(self) -> str:
        return self.name


@replaces(CloudFormationBackend, "delete_change_set")
def ignore_missing_change_set(original: Callable[..., Any], backend: Any, change_set_name: str) -> None:
    """Moto raises UnboundLocalError if a change set does not exist; on AWS that is no error."""
    with contextlib.suppress(UnboundLocalError):
        original(backend, change_set_name)


class ChangeSetNotFound(ServiceException):
    """The error that AWS returns and the CDK CLI expects."""

    code = "ChangeSetNotFound"


@replaces(CloudFormationBackend, "describe_change_set")
def report_missing_change_set(original: Callable[..., Any], backend: Any, change_set_name: str) -> Any:
    """Moto responds with 500 if a change set does not exist."""
    known = {name for each in backend.change_sets.values() for name in (each.change_set_id, each.change_set_name)}
    if change_set_name not in known:
        raise ChangeSetNotFound(f"ChangeSet [{change_set_name}] does not exist")
    return original(backend, change_set_name)


@adds(CloudTrailResponse, "lookup_events")
def find_no_events(_response: Any) -> str:
    """Moto does not support the action, which the CDK CLI calls to explain a failed deployment."""
    return json.dumps({"Events": []})


MOST_CHARACTERS = {
    "AWS::Events::Rule": 64,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::SQS::Queue": 80,
    "AWS::Kinesis::Stream": 128,
}
"""Of the names of resources: those that CloudFormation generates are cut to fit."""
MOST_CHARACTERS_OF_THE_STACK = 24


@replaces(parsing, "generate_resource_name")
def cut_generated_name(original: Callable[..., Any], resource_type: str, stack_name: str, logical_id: str) -> str:
    """Moto generates names that are longer than the service allows.

    CloudFormation cuts the stack's name and the logical id: both can be missing their end in a generated name.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
    """
    name = str(original(resource_type, stack_name, logical_id))
    most = MOST_CHARACTERS.get(resource_type, len(name))
    if len(name) <= most:
        return name
    suffix = name.rpartition("-")[2]
    room = most - len(suffix) - len("--")
    stack = stack_name[: max(MOST_CHARACTERS_OF_THE_STACK, room - len(logical_id))]
    return f"{stack}-{logical_id[: room - len(stack)]}-{suffix}"
