"""Systems Manager: parameters with tags."""

from collections.abc import Callable, Mapping
from typing import Any

from moto.ssm.models import Parameter

from local.aws.moto_patches import replaces


@replaces(Parameter, "create_from_cloudformation_json")
def convert_tags(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto expects a parameter's tags as a list; in templates they are a map, unlike those of other resources. It fails
    for parameters whose name CloudFormation generates.
    """
    properties = {"Name": resource_name, **cloudformation_json["Properties"]}
    if isinstance(properties.get("Tags"), Mapping):
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in properties["Tags"].items()]
    return original(cls, resource_name, {**cloudformation_json, "Properties": properties}, *rest, **more)
