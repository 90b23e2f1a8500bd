"""KMS: keys with tags, that change in place. Nothing is encrypted, so that encryption gets in nobody's way."""

import json
from collections.abc import Callable
from typing import Any

from moto.kms.models import Key

from local.aws.gaps import adds, fills


@fills(Key, "create_from_cloudformation_json")
def take_what_templates_write(
    original: Callable[..., Any], cls: Any, resource_name: str, cloudformation_json: Any, *rest: Any, **more: Any
) -> Any:
    """Moto takes a key's tags and policy as its interface writes them, not as templates do."""
    properties = dict(cloudformation_json["Properties"])
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
    policy = json.dumps(properties["KeyPolicy"])
    return original(
        cls, resource_name, {"Properties": {**properties, "Tags": tags, "KeyPolicy": policy}}, *rest, **more
    )


@adds(Key, "update_from_cloudformation_json", classmethod)
def change_the_policy(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto forgets a key whose properties change."""
    properties = cloudformation_json["Properties"]
    original_resource.policy = json.dumps(properties["KeyPolicy"])
    original_resource.key_rotation_status = properties.get("EnableKeyRotation", False)
    return original_resource
