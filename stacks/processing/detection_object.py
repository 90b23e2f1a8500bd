"""The S3 object with the settings of detection, which are too long for the environment of a function."""

import tempfile
from dataclasses import fields
from pathlib import Path

from aws_cdk import Stack
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct

from flowsentry.settings import UploadedDetectionSettings
from stacks.settings.deployment import Deployment

FILE_NAME = "detection-settings.json"


class DetectionObject(Construct):
    """The object's URI (`address`, `s3://…`) and ARN; both are empty when all settings have their defaults.

    The CDK uploads it like the code of the functions, before it deploys the stack, to a key with a hash of the content.
    A changed setting is another address in the environment, so it applies from the first invocation after a deploy.
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        text = detection_settings(deployment).to_json()
        self.address, self.arn = self._uploaded(text) if text else ("", "")

    def _uploaded(self, text: str) -> tuple[str, str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / FILE_NAME
            path.write_text(text, encoding="utf-8")
            asset = Asset(self, "Settings", path=str(path))  # copies the file at once
        name = f"{asset.s3_bucket_name}/{asset.s3_object_key}"
        return f"s3://{name}", f"arn:{Stack.of(self).partition}:s3:::{name}"


def detection_settings(deployment: Deployment) -> UploadedDetectionSettings:
    """The settings of detection as the functions read them."""
    names = {each.name for each in fields(UploadedDetectionSettings)} - {"thresholds"}
    given = {name: getattr(deployment, name) for name in names}
    return UploadedDetectionSettings(thresholds=deployment.changed_thresholds, **given)
