"""CloudWatch Logs: functions' log groups, and subscription filters that hand log events to functions."""

import base64
import gzip
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from local.aws import cloudwatch
from local.aws.cloudformation import ResourceType
from local.aws.gaps import adds, fills
from local.aws.runtime_interface import Answer
from local.aws.settings import ACCOUNT

TAIL_BYTES = 4096


def write(region: str, log_group: str, answer: Answer) -> None:
    """The lines of an invocation, Lambda's own around them, are in the function's log group."""
    backend = logs_backends[ACCOUNT][region]
    backend.ensure_log_group(log_group)
    backend.ensure_log_stream(log_group, answer.log_stream)
    now = int(time.time() * 1000)
    lines = [f"START RequestId: {answer.request_id} Version: $LATEST", *answer.lines, *_platform_lines(answer)]
    backend.put_log_events(log_group, answer.log_stream, [{"timestamp": now, "message": line} for line in lines])


def tail(answer: Answer) -> str:
    """What `LogType=Tail` gives: the last 4 KB, as base64."""
    return base64.b64encode("\n".join(answer.lines).encode()[-TAIL_BYTES:]).decode()


def _platform_lines(answer: Answer) -> Sequence[str]:
    end = f"END RequestId: {answer.request_id}"
    report = f"REPORT RequestId: {answer.request_id}\tDuration: {answer.seconds * 1000:.2f} ms"
    if not answer.is_error:
        return (end, report)
    error = json.loads(answer.payload or b"{}")
    timed_out = re.search(r"Task timed out after .*", str(error.get("errorMessage", "")))
    return (*([f"{answer.request_id} {timed_out.group()}"] if timed_out else []), end, report)


@fills(LogsBackend, "put_log_events")
def extract_metrics(
    original: Callable[..., Any], backend: LogsBackend, log_group_name: str, log_stream_name: str, log_events: Any
) -> Any:
    """Moto makes no metrics of log events in embedded metric format."""
    accepted = original(backend, log_group_name, log_stream_name, log_events)
    for event in log_events:
        cloudwatch.extract(backend.region_name, event["message"], event["timestamp"])
    return accepted


@fills(LambdaBackend, "send_log_event")
def hand_to_the_function(
    _original: Callable[..., Any],
    backend: LambdaBackend,
    function_arn: str,
    filter_name: str,
    log_group_name: str,
    log_stream_name: str,
    log_events: Sequence[Mapping[str, Any]],
) -> None:
    """Moto ignores the filter's pattern, numbers events where AWS gives text, and waits for the function."""
    groups = logs_backends[backend.account_id][backend.region_name].groups
    pattern = groups[log_group_name].subscription_filters[filter_name].filter_pattern
    wanted = [event for event in log_events if matches(pattern or "", str(event["message"]))]
    if not wanted:
        return
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": backend.account_id,
        "logGroup": log_group_name,
        "logStream": log_stream_name,
        "subscriptionFilters": [filter_name],
        "logEvents": [{**event, "id": f"{event['id']:056d}"} for event in wanted],
    }
    _send(backend.region_name, function_arn, data)


@fills(LogGroup, "put_subscription_filter")
def probe_the_function(
    original: Callable[..., Any],
    group: LogGroup,
    filter_name: str,
    filter_pattern: str,
    destination_arn: str,
    role_arn: str,
) -> None:
    """Moto sends no control message to a new filter's destination, and refuses to change one of two filters."""
    known = group.subscription_filters.pop(filter_name, None)
    original(group, filter_name, filter_pattern, destination_arn, role_arn)
    if known is None and ":lambda:" in destination_arn and _probes:
        _send(group.region, destination_arn, CONTROL_MESSAGE)


_probes: list[bool] = [True]


def set_probes(*, enabled: bool) -> None:
    _probes[:] = [True] if enabled else []


CONTROL_MESSAGE = {
    "messageType": "CONTROL_MESSAGE",
    "owner": "CloudwatchLogs",
    "logGroup": "",
    "logStream": "",
    "subscriptionFilters": [],
    "logEvents": [
        {
            "id": "",
            "timestamp": 1432826855000,
            "message": "CWL CONTROL MESSAGE: Checking health of destination Lambda function.",
        }
    ],
}


def _send(region: str, function_arn: str, data: Mapping[str, Any]) -> None:
    from local.aws import functions  # noqa: PLC0415 functions write logs, and logs start functions

    compressed = gzip.compress(json.dumps(data, separators=(",", ":")).encode())
    functions.invoke_later(region, ACCOUNT, function_arn, {"awslogs": {"data": base64.b64encode(compressed).decode()}})


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


class MetricFilter(ResourceType):
    """Moto's CloudFormation does not know the type. It is kept and told; it counts nothing here."""

    type_name = "AWS::Logs::MetricFilter"
    name_property = "FilterName"

    def create(self) -> str:
        transformations = [
            {key[0].lower() + key[1:]: value for key, value in wanted.items()}
            for wanted in self.properties["MetricTransformations"]
        ]
        self.client("logs").put_metric_filter(
            filterName=self.name,
            logGroupName=self.properties["LogGroupName"],
            filterPattern=self.properties["FilterPattern"],
            metricTransformations=transformations,
        )
        return self.name

    def delete(self) -> None:
        self.client("logs").delete_metric_filter(filterName=self.name, logGroupName=self.properties["LogGroupName"])


class QueryDefinition(ResourceType):
    """A saved query of Logs Insights: moto has no such thing at all. This keeps them and tells them; no query runs."""

    type_name = "AWS::Logs::QueryDefinition"
    name_property = "Name"

    def create(self) -> str:
        known = (id_ for id_, each in QUERY_DEFINITIONS.items() if each["name"] == self.name)
        id_ = next(known, str(uuid.uuid4()))
        QUERY_DEFINITIONS[id_] = {
            "queryDefinitionId": id_,
            "name": self.name,
            "queryString": self.properties["QueryString"],
            "logGroupNames": self.properties.get("LogGroupNames", []),
            "lastModified": int(time.time() * 1000),
        }
        return id_

    def delete(self) -> None:
        for id_ in [id_ for id_, each in QUERY_DEFINITIONS.items() if each["name"] == self.name]:
            del QUERY_DEFINITIONS[id_]


QUERY_DEFINITIONS: dict[str, dict[str, Any]] = {}


@adds(LogsResponse, "describe_query_definitions")
def tell_query_definitions(_response: Any) -> str:
    """Moto does not know the action."""
    return json.dumps({"queryDefinitions": list(QUERY_DEFINITIONS.values())})


@adds(LogGroup, "update_from_cloudformation_json", classmethod)
def change_the_retention(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto forgets a log group whose properties change."""
    original_resource.set_retention_policy(cloudformation_json["Properties"].get("RetentionInDays"))
    return original_resource
