"""S3: object events as S3 writes them, sent to queues, topics and functions that admit the bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

import datetime as dt
import itertools
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket

from local.aws.compute.resource_policies import is_admitted, refusal
from local.aws.messaging import event_bridge
from local.aws.moto_patches import replaces

if TYPE_CHECKING:
    from moto.events.utils import EventMessageType

S3 = "s3.amazonaws.com"
TARGETS = {"Topic": "TopicConfiguration", "Queue": "QueueConfiguration", "CloudFunction": "CloudFunctionConfiguration"}
"""The kinds of configurations in moto's form of a notification configuration."""


@replaces(FakeBucket, "set_notification_configuration")
def validate_destinations(original: Callable[..., Any], bucket: Any, notification_config: Any) -> None:
    """Moto accepts destinations whose policies do not admit the bucket, and filters that overlap.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    """
    wanted = [(each[kind], each) for kind, key in TARGETS.items() for each in (notification_config or {}).get(key, [])]
    if any(refusal(S3, bucket.arn, arn) for arn, _configuration in wanted):
        raise S3ClientError("InvalidArgument", "Unable to validate the following destination configurations")
    for (_first, one), (_second, other) in itertools.combinations(wanted, 2):
        if overlap(one, other):
            text = (
                "Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."
            )
            raise S3ClientError("InvalidArgument", f"Configuration is ambiguously defined. {text}")
    original(bucket, notification_config)


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """True if some object could match the filters of both for one event.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """
    prefixes, suffixes = ((_rule(one, name), _rule(other, name)) for name in ("prefix", "suffix"))
    share_prefix = prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])
    share_suffix = suffixes[0].endswith(suffixes[1]) or suffixes[1].endswith(suffixes[0])
    events = ((a.removesuffix("*"), b.removesuffix("*")) for a in one["Event"] for b in other["Event"])
    return share_prefix and share_suffix and any(a.startswith(b) or b.startswith(a) for a, b in events)


def _rule(configuration: Mapping[str, Any], name: str) -> str:
    rules = (configuration.get("Filter") or {}).get("S3Key", {}).get("FilterRule", [])
    return next((str(rule["Value"]) for rule in rules if rule["Name"].lower() == name), "")


@replaces(notifications, "send_event")
def send_to_admitting_destinations(
    _original: Callable[..., Any], account_id: str, event_name: Any, bucket: Any, key: Any
) -> None:
    """Moto sends events to queues, topics and functions whose policies do not admit the bucket."""
    configuration = bucket.notification_configuration
    if configuration is None:
        return
    for notification, send in _destinations(configuration):
        if notification.matches(event_name, key.name) and is_admitted(S3, bucket.arn, notification.arn):
            event = notifications._get_s3_event(event_name, bucket, key, notification.id)  # noqa: SLF001 moto has no public method
            send(account_id, event, notification.arn)
    if configuration.event_bridge is not None:
        notifications._send_event_bridge_message(account_id, bucket, event_name, key)  # noqa: SLF001 moto has no public method


def _destinations(configuration: Any) -> Iterator[tuple[Any, Callable[[str, Any, str], None]]]:
    yield from ((each, _send_to_function) for each in configuration.cloud_function)
    yield from ((each, _send_to_queue) for each in configuration.queue)
    yield from ((each, _send_to_topic) for each in configuration.topic)


def _send_to_function(account_id: str, event: Any, arn: str) -> None:
    notifications._invoke_awslambda(account_id, event, arn, arn.split(":")[3])  # noqa: SLF001 moto has no public method


def _send_to_queue(account_id: str, event: Any, arn: str) -> None:
    region, name = arn.split(":")[3], arn.rsplit(":", maxsplit=1)[-1]
    notifications._send_sqs_message(account_id, event, name, region)  # noqa: SLF001 moto has no public method


def _send_to_topic(account_id: str, event: Any, arn: str) -> None:
    notifications._send_sns_message(account_id, event, arn, arn.split(":")[3])  # noqa: SLF001 moto has no public method


@replaces(notifications, "_get_s3_event")
def complete_object_event(
    original: Callable[..., Any], event_name: Any, bucket: Any, key: Any, notification_id: str
) -> Any:
    """Moto encodes a slash in a key as %2F, which S3 does not, and omits the version id and the sequencer."""
    event = original(event_name, bucket, key, notification_id)
    described = event["Records"][0]["s3"]["object"]
    described["key"] = urllib.parse.quote_plus(key.name, safe="/")
    described["sequencer"] = _sequencer(key)
    if bucket.is_versioned:
        described["versionId"] = key.version_id
    return event


@replaces(notifications, "_send_event_bridge_message")
def send_to_event_bridge(
    _original: Callable[..., Any], account_id: str, bucket: FakeBucket, event_name: str, key: Any
) -> None:
    """Moto misspells `etag`, states a version id for unversioned buckets and a constant sequencer, and hides errors.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    described = {"key": key.name, "size": key.size, "etag": key.etag.strip('"'), "sequencer": _sequencer(key)}
    version = {"version-id": key.version_id} if bucket.is_versioned else {}
    event: EventMessageType = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": notifications._detail_type(event_name),  # noqa: SLF001 moto has no public method
        "source": "aws.s3",
        "account": account_id,
        "time": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {"version": "0", "bucket": {"name": bucket.name}, "object": described | version},
    }
    event_bridge.publish(bucket.region_name, event)


def _sequencer(key: Any) -> str:
    return f"{int(key.last_modified.timestamp() * 1e6):018X}"
