"""The detection settings of a deployment, read from the object that it uploaded."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from flowsentry.aws.detection_settings import read_detection_settings
from flowsentry.errors import RetryableError
from flowsentry.inventory.named_services import NamedServices
from flowsentry.settings import FunctionSettingsError, UploadedDetectionSettings

ADDRESS = "s3://assets/0a1b.json"
GIVEN = UploadedDetectionSettings(
    inside_networks=("10.0.0.0/8",), important_services=("orders, old:5432",), thresholds='{"scan": {"min_ports": 9}}'
)


class Bucket:
    """S3 with one object, or one error."""

    def __init__(self, content: str | Exception) -> None:
        self._content = content
        self.asked: list[tuple[str, str]] = []

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.asked.append((Bucket, Key))
        if isinstance(self._content, Exception):
            raise self._content
        return {"Body": io.BytesIO(self._content.encode())}


def refused(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item]


def test_settings_are_read_as_they_were_written() -> None:
    bucket = Bucket(GIVEN.to_json())
    assert read_detection_settings(ADDRESS, bucket) == GIVEN  # type: ignore[arg-type]
    assert bucket.asked == [("assets", "0a1b.json")]


def test_without_an_address_the_settings_have_their_defaults_and_nothing_is_read() -> None:
    bucket = Bucket("")
    assert read_detection_settings("", bucket) == UploadedDetectionSettings()  # type: ignore[arg-type]
    assert bucket.asked == []


def test_defaults_need_no_object() -> None:
    assert UploadedDetectionSettings().to_json() == ""
    assert UploadedDetectionSettings.from_json("") == UploadedDetectionSettings()


def test_256_networks_and_2_000_services_are_read() -> None:
    networks = tuple(f"2001:db8:{number:x}::/48" for number in range(256))
    services = tuple(f"orders-database-{number}.internal.example:5432" for number in range(2_000))
    many = UploadedDetectionSettings(trusted_networks=networks, important_services=services)
    assert len(many.to_json()) > 90_000
    read = read_detection_settings(ADDRESS, Bucket(many.to_json()))  # type: ignore[arg-type]
    assert read == many
    assert len(NamedServices.of(read.important_services).entries) == 2_000


@pytest.mark.parametrize(
    "error", [refused("SlowDown", 503), refused("InternalError", 500), EndpointConnectionError(endpoint_url="s3")]
)
def test_when_s3_cannot_be_reached_reading_is_retried(error: Exception) -> None:
    with pytest.raises(RetryableError, match=f"could not read {ADDRESS}"):
        read_detection_settings(ADDRESS, Bucket(error))  # type: ignore[arg-type]


@pytest.mark.parametrize(("code", "status"), [("NoSuchKey", 404), ("AccessDenied", 403)])
def test_an_object_that_is_missing_or_denied_is_an_error_of_the_deployment(code: str, status: int) -> None:
    with pytest.raises(FunctionSettingsError, match=f"the detection settings at {ADDRESS} can't be read: .*{code}"):
        read_detection_settings(ADDRESS, Bucket(refused(code, status)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", ["{", "[]", "7", json.dumps({"unknown": []}), json.dumps({"inside_networks": 7}), "[" * 100_000]
)
def test_an_invalid_object_is_an_error_of_the_deployment(content: str) -> None:
    with pytest.raises(FunctionSettingsError, match="the detection settings are invalid: "):
        read_detection_settings(ADDRESS, Bucket(content))  # type: ignore[arg-type]
