"""KMS: keys with tags, updated in place. No data is encrypted, so encryption causes no errors."""

import json
from collections.abc import Callable
from typing import Any

from moto.kms.models import Key

from local.aws.moto_patches import adds, replaces


@replaces(Key, "create_from_cloudformation_json")
def convert_tags_and_policy(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto expects a key's tags and policy in the format of the API, not of templates."""
    properties = dict(cloudformation_json["Properties"])
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
    policy = json.dumps(properties["KeyPolicy"])
    return original(
        cls, resource_name, {"Properties": {**properties, "Tags": tags, "KeyPolicy": policy}}, *rest, **more
    )


@adds(Key, "update_from_cloudformation_json", classmethod)
def update_key_in_place(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto loses a key whose properties change."""
    properties = cloudformation_json["Properties"]
    original_resource.policy = json.dumps(properties["KeyPolicy"])
    original_resource.key_rotation_status = properties.get("EnableKeyRotation", False)
    return original_resource
