"""Reads the detection settings of a deployment from the S3 object that it uploaded."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from flowsentry.aws.service_errors import retryable
from flowsentry.settings import FunctionSettingsError, UploadedDetectionSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def read_detection_settings(address: str, client: "S3Client") -> UploadedDetectionSettings:
    """The settings in the object at `s3://bucket/key`; the defaults for an empty address.

    Call it once per process: the key contains a hash of the content, so the object never changes, and a deployment with
    other settings changes the address, which starts new processes.

    Raises RetryableError when S3 can't be reached, and FunctionSettingsError when the object is missing, denied or
    invalid: with defaults instead, logins from trusted networks would be reported.
    """
    if not address:
        return UploadedDetectionSettings()
    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        with retryable(f"read {address}"):
            content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise FunctionSettingsError(f"the detection settings at {address} can't be read: {error}") from error
    return UploadedDetectionSettings.from_json(content)
