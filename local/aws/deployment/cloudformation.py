"""CloudFormation: a way to add the resource types moto skips, and what `cdk deploy` needs of stacks and change sets."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException

from local.aws.clients import client
from local.aws.gaps import fills

TYPES: dict[str, type["ResourceType"]] = {}
_models: list[type[CloudFormationModel]] = []  # moto finds its subclasses by weak references


class ResourceType:
    """One resource of a type that moto's CloudFormation does not know. A subclass is all that it takes to know it."""

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
        """The physical id. Also called when properties change, so it puts rather than adds."""
        raise NotImplementedError

    def delete(self) -> None:
        """Nothing is left of it."""

    def attributes(self) -> Mapping[str, str]:
        """What Fn::GetAtt gives."""
        return {}


def register() -> None:
    """Moto looks again which types there are."""
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()


def _model(resource_type: type[ResourceType]) -> type[CloudFormationModel]:
    """The class by which moto's CloudFormation makes, changes and deletes resources of this type."""
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
    with contextlib.suppress(ClientError):  # what is gone with its parent is deleted too
        self.resource.delete()


class Metadata(ResourceType):
    """CDK's own note of what it was built with; moto warns about it."""

    type_name = "AWS::CDK::Metadata"

    def create(self) -> str:
        return self.name


@fills(parsing, "resource_class_from_type")
def refuse_unknown_types(original: Callable[..., Any], resource_type: str) -> Any:
    """Moto skips types it does not know and calls the stack complete."""
    known = resource_type in parsing.NULL_MODELS or resource_type.startswith("Custom::")
    if not known and resource_type not in parsing.get_model_map():
        raise ValidationError(message=f"Template format error: Unrecognized resource types: [{resource_type}]")
    return original(resource_type)


@fills(CloudFormationBackend, "delete_change_set")
def delete_nothing_twice(original: Callable[..., Any], backend: Any, change_set_name: str) -> None:
    """Moto fails with an UnboundLocalError where a change set does not exist; on AWS that is no error."""
    with contextlib.suppress(UnboundLocalError):
        original(backend, change_set_name)


class ChangeSetNotFound(ServiceException):
    """What AWS answers, and the CDK CLI waits for."""

    code = "ChangeSetNotFound"


@fills(CloudFormationBackend, "describe_change_set")
def miss_change_sets_as_aws_does(original: Callable[..., Any], backend: Any, change_set_name: str) -> Any:
    """Moto answers 500 where a change set does not exist."""
    known = {name for each in backend.change_sets.values() for name in (each.change_set_id, each.change_set_name)}
    if change_set_name not in known:
        raise ChangeSetNotFound(f"ChangeSet [{change_set_name}] does not exist")
    return original(backend, change_set_name)
