"""KMS: keys that change in place. Nothing is encrypted, so that encryption gets in nobody's way."""

from typing import Any

from moto.kms.models import Key

from local.aws.gaps import adds


@adds(Key, "update_from_cloudformation_json", classmethod)
def change_the_policy(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto forgets a key whose properties change."""
    properties = cloudformation_json["Properties"]
    original_resource.policy = properties["KeyPolicy"]
    original_resource.key_rotation_status = properties.get("EnableKeyRotation", False)
    return original_resource
