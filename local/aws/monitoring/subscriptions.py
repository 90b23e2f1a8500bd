"""CloudWatch Logs subscriptions: filters that hand log events to functions and data streams."""

import base64
import gzip
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.kinesis.models import KinesisBackend, kinesis_backends
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.models import SubscriptionFilter as Filter
from moto.logs.responses import LogsResponse

from local.aws.compute import lambda_functions
from local.aws.compute.permissions import Call, is_allowed
from local.aws.deployment.cloudformation import ResourceType
from local.aws.gaps import fills
from local.aws.settings import ACCOUNT

Event = Mapping[str, Any]


@fills(LambdaBackend, "send_log_event")
def hand_to_the_function(
    _original: Callable[..., Any],
    backend: LambdaBackend,
    function_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: Sequence[Event],
) -> None:
    """Moto ignores the filter's pattern, numbers events where AWS gives text, and waits for the function."""
    subscription = _filter(backend.region_name, log_group_name, filter_name)
    if data := _data(subscription, log_stream_name, log_events):
        _send(backend.region_name, function_arn, data)


@fills(KinesisBackend, "send_log_event")
def put_into_the_stream(
    _original: Callable[..., Any],
    backend: KinesisBackend,
    stream_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: Sequence[Event],
) -> None:
    """Moto ignores the filter's pattern and distribution, and numbers events where AWS gives text."""
    subscription = _filter(backend.region_name, log_group_name, filter_name)
    if data := _data(subscription, log_stream_name, log_events):
        _put(backend.region_name, stream_arn, data, _partition_key(subscription, log_stream_name))


def _filter(region: str, log_group: str, name: str) -> Filter:
    return logs_backends[ACCOUNT][region].groups[log_group].subscription_filters[name]


def _data(subscription: Filter, log_stream: str, events: Sequence[Event]) -> dict[str, Any] | None:
    """What is delivered of log events; nothing when the filter lets none through."""
    wanted = [event for event in events if matches(subscription.filter_pattern or "", str(event["message"]))]
    if not wanted:
        return None
    return {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": subscription.log_group_name,
        "logStream": log_stream,
        "subscriptionFilters": [subscription.name],
        "logEvents": [{**event, "id": f"{event['id']:056d}"} for event in wanted],
    }


def _partition_key(subscription: Filter, log_stream: str) -> str:
    """By log stream one shard gets all of it; by chance every shard some.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    """
    if distribution_of(subscription) == RANDOM:
        return uuid.uuid4().hex
    return hashlib.md5(log_stream.encode(), usedforsecurity=False).hexdigest()


def _send(region: str, function_arn: str, data: Mapping[str, Any]) -> None:
    event = {"awslogs": {"data": base64.b64encode(_compressed(data)).decode()}}
    lambda_functions.invoke_later(region, ACCOUNT, function_arn, event)


def _put(region: str, stream_arn: str, data: Mapping[str, Any], partition_key: str) -> None:
    stream = kinesis_backends[ACCOUNT][region].describe_stream(stream_arn, None)
    stream.put_record(partition_key, "", base64.b64encode(_compressed(data)).decode())


def _compressed(data: Mapping[str, Any]) -> bytes:
    return gzip.compress(json.dumps(data, separators=(",", ":")).encode())


@fills(LogsBackend, "put_subscription_filter")
def look_at_the_role(
    original: Callable[..., Any],
    backend: LogsBackend,
    log_group_name: str,
    filter_name: str,
    filter_pattern: str,
    *destination: str | None,
) -> None:
    """Moto asks for no role that may put records into a stream, and takes one for a function."""
    destination_arn, role_arn = str(destination[0]), destination[1]
    vendor = destination_arn.split(":")[2]
    if (vendor == "kinesis") != bool(role_arn):
        how = "with" if role_arn else "without"
        raise InvalidParameterException(f"destinationArn for vendor {vendor} cannot be used {how} roleArn")
    if role_arn and not is_allowed(role_arn, Call("kinesis:PutRecord", destination_arn)):
        raise InvalidParameterException("Could not deliver test message to specified Kinesis stream.")
    original(backend, log_group_name, filter_name, filter_pattern, *destination)


@fills(LogGroup, "put_subscription_filter")
def probe_the_destination(
    original: Callable[..., Any],
    group: LogGroup,
    filter_name: str,
    filter_pattern: str,
    destination_arn: str,
    role_arn: str,
) -> None:
    """Moto sends no control message to a filter's new destination, and refuses to change one of two filters."""
    known = group.subscription_filters.pop(filter_name, None)
    original(group, filter_name, filter_pattern, destination_arn, role_arn)
    if not _probes or (known is not None and known.destination_arn == destination_arn):
        return
    if ":lambda:" in destination_arn:
        _send(group.region, destination_arn, control_message("Lambda function"))
    elif ":kinesis:" in destination_arn:
        _put(group.region, destination_arn, control_message("Kinesis stream"), uuid.uuid4().hex)


_probes: list[bool] = [True]


def set_probes(*, enabled: bool) -> None:
    _probes[:] = [True] if enabled else []


def control_message(destination: str) -> dict[str, Any]:
    """What CloudWatch Logs sends to see whether a destination takes it."""
    text = f"CWL CONTROL MESSAGE: Checking health of destination {destination}."
    return {
        "messageType": "CONTROL_MESSAGE",
        "owner": "CloudwatchLogs",
        "logGroup": "",
        "logStream": "",
        "subscriptionFilters": [],
        "logEvents": [{"id": "", "timestamp": 1432826855000, "message": text}],
    }


BY_LOG_STREAM, RANDOM = "ByLogStream", "Random"


def distribution_of(subscription: Filter) -> str:
    return str(getattr(subscription, "distribution", BY_LOG_STREAM))


@fills(LogsResponse, "put_subscription_filter")
def remember_the_distribution(original: Callable[..., Any], response: Any) -> Any:
    """Moto forgets how records are to be spread over the shards of a stream."""
    answer = original(response)
    group, name = response._get_param("logGroupName"), response._get_param("filterName")  # noqa: SLF001 its own way
    subscription: Any = _filter(response.region, group, name)
    subscription.distribution = response._get_param("distribution") or BY_LOG_STREAM  # noqa: SLF001
    return answer


@fills(Filter, "to_json")
def tell_the_distribution(original: Callable[..., Any], subscription: Filter) -> Any:
    """Moto tells the default."""
    return {**original(subscription), "distribution": distribution_of(subscription)}


def matches(pattern: str, message: str) -> bool:
    """Whether a filter pattern of plain terms (`a "b c" -d ?e`) lets the message through; no pattern lets all through.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html; the syntax for JSON and for
    fields by position is not here, and is refused rather than guessed.
    """
    if pattern.strip().startswith(("{", "[", "%")):
        raise NotImplementedError(f"the embedded AWS does not know this filter pattern: {pattern}")
    terms = [(sign, quoted or plain) for sign, quoted, plain in re.findall(r'([-?]?)(?:"([^"]*)"|(\S+))', pattern)]
    optional = [term for sign, term in terms if sign == "?"]
    return (
        all(term in message for sign, term in terms if sign == "")
        and all(term not in message for sign, term in terms if sign == "-")
        and (not optional or any(term in message for term in optional))
    )


class SubscriptionFilter(ResourceType):
    """moto's CloudFormation does not know the type."""

    type_name = "AWS::Logs::SubscriptionFilter"
    name_property = "FilterName"

    def create(self) -> str:
        optional = {"RoleArn": "roleArn", "Distribution": "distribution"}
        self.client("logs").put_subscription_filter(
            filterName=self.name,
            logGroupName=self.properties["LogGroupName"],
            filterPattern=self.properties["FilterPattern"],
            destinationArn=self.properties["DestinationArn"],
            **{api: self.properties[key] for key, api in optional.items() if key in self.properties},
        )
        return self.name

    def delete(self) -> None:
        self.client("logs").delete_subscription_filter(
            filterName=self.name, logGroupName=self.properties["LogGroupName"]
        )
