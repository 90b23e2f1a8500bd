"""CloudWatch Logs subscription filters, which deliver log events to functions and data streams."""

import base64
import gzip
import hashlib
import json
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
from local.aws.compute.permissions import Call, is_allowed, trusts
from local.aws.compute.resource_policies import is_admitted, refusal
from local.aws.deployment.cloudformation import ResourceType
from local.aws.monitoring.filter_patterns import matches
from local.aws.monitoring.log_limits import require_filters_allowed
from local.aws.moto_patches import replaces
from local.aws.settings import ACCOUNT

Event = Mapping[str, Any]
LOGS = "logs.amazonaws.com"


@replaces(LambdaBackend, "send_log_event")
def deliver_to_function(
    _original: Callable[..., Any],
    backend: LambdaBackend,
    function_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: Sequence[Event],
) -> None:
    """Moto ignores the filter pattern, sends event ids as numbers instead of strings, and waits for the function."""
    subscription = _filter(backend.region_name, log_group_name, filter_name)
    if data := _data(subscription, log_stream_name, log_events):
        _send(backend.region_name, log_group_name, function_arn, data)


@replaces(KinesisBackend, "send_log_event")
def deliver_to_stream(
    _original: Callable[..., Any],
    backend: KinesisBackend,
    stream_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: Sequence[Event],
) -> None:
    """Moto ignores the filter pattern and the distribution, and sends event ids as numbers instead of strings."""
    subscription = _filter(backend.region_name, log_group_name, filter_name)
    if data := _data(subscription, log_stream_name, log_events):
        _put(backend.region_name, stream_arn, data, _partition_key(subscription, log_stream_name))


def _filter(region: str, log_group: str, name: str) -> Filter:
    return logs_backends[ACCOUNT][region].groups[log_group].subscription_filters[name]


def _data(subscription: Filter, log_stream: str, events: Sequence[Event]) -> dict[str, Any] | None:
    """The payload for the log events that match the filter; None if none match."""
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
    """The partition key: a hash of the log stream (one shard per log stream), or random (records over all shards).

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
    """
    if distribution_of(subscription) == RANDOM:
        return uuid.uuid4().hex
    return hashlib.md5(log_stream.encode(), usedforsecurity=False).hexdigest()


def _send(region: str, log_group: str, function_arn: str, data: Mapping[str, Any]) -> None:
    source_arn = _arn(region, log_group)
    event = {"awslogs": {"data": base64.b64encode(_compressed(data)).decode()}}
    if is_admitted(LOGS, source_arn, function_arn):
        lambda_functions.invoke_later(region, ACCOUNT, function_arn, event)


def _arn(region: str, log_group: str) -> str:
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{log_group}:*"


def _put(region: str, stream_arn: str, data: Mapping[str, Any], partition_key: str) -> None:
    stream = kinesis_backends[ACCOUNT][region].describe_stream(stream_arn, None)
    stream.put_record(partition_key, "", base64.b64encode(_compressed(data)).decode())


def _compressed(data: Mapping[str, Any]) -> bytes:
    return gzip.compress(json.dumps(data, separators=(",", ":")).encode())


@replaces(LogsBackend, "put_subscription_filter")
def check_destination(
    original: Callable[..., Any],
    backend: LogsBackend,
    log_group_name: str,
    filter_name: str,
    filter_pattern: str,
    *destination: str | None,
) -> None:
    """Moto accepts a stream without a role that may write to it, a function with a role, and one that does not admit
    the log group: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html.
    """
    require_filters_allowed(backend, log_group_name, filter_pattern)
    destination_arn, role_arn = str(destination[0]), destination[1]
    vendor = destination_arn.split(":")[2]
    if (vendor == "kinesis") != bool(role_arn):
        preposition = "with" if role_arn else "without"
        raise InvalidParameterException(f"destinationArn for vendor {vendor} cannot be used {preposition} roleArn")
    if vendor == "lambda" and refusal(LOGS, _arn(backend.region_name, log_group_name), destination_arn):
        text = "Make sure you have given CloudWatch Logs permission to execute your function."
        raise InvalidParameterException(f"Could not execute the lambda function. {text}")
    if role_arn and not trusts(role_arn, LOGS):
        raise InvalidParameterException(f"CloudWatch Logs cannot assume the role {role_arn}.")
    if role_arn and not is_allowed(role_arn, Call("kinesis:PutRecord", destination_arn)):
        raise InvalidParameterException("Could not deliver test message to specified Kinesis stream.")
    original(backend, log_group_name, filter_name, filter_pattern, *destination)


@replaces(LogGroup, "put_subscription_filter")
def send_control_message(
    original: Callable[..., Any],
    group: LogGroup,
    filter_name: str,
    filter_pattern: str,
    destination_arn: str,
    role_arn: str,
) -> None:
    """Moto sends no control message to a filter's new destination, and rejects changes if a group has two filters."""
    known = group.subscription_filters.pop(filter_name, None)
    original(group, filter_name, filter_pattern, destination_arn, role_arn)
    if not _control_messages or (known is not None and known.destination_arn == destination_arn):
        return
    if ":lambda:" in destination_arn:
        _send(group.region, group.name, destination_arn, control_message("Lambda function"))
    elif ":kinesis:" in destination_arn:
        _put(group.region, destination_arn, control_message("Kinesis stream"), uuid.uuid4().hex)


_control_messages: list[bool] = [True]


def set_control_messages(*, enabled: bool) -> None:
    """Whether a filter with a new destination sends a CONTROL_MESSAGE to it."""
    _control_messages[:] = [True] if enabled else []


def control_message(destination: str) -> dict[str, Any]:
    """The payload with which CloudWatch Logs checks a new destination."""
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
    """How the filter spreads records over shards: `ByLogStream` (default) or `Random`."""
    return str(getattr(subscription, "distribution", BY_LOG_STREAM))


@replaces(LogsResponse, "put_subscription_filter")
def store_distribution(original: Callable[..., Any], response: Any) -> Any:
    """Moto does not store the distribution of a subscription filter."""
    answer = original(response)
    group, name = response._get_param("logGroupName"), response._get_param("filterName")  # noqa: SLF001 as moto does
    subscription: Any = _filter(response.region, group, name)
    subscription.distribution = response._get_param("distribution") or BY_LOG_STREAM  # noqa: SLF001
    return answer


@replaces(Filter, "to_json")
def describe_distribution(original: Callable[..., Any], subscription: Filter) -> Any:
    """Moto always returns the default distribution."""
    return {**original(subscription), "distribution": distribution_of(subscription)}


class SubscriptionFilter(ResourceType):
    """moto's CloudFormation does not support this type."""

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
