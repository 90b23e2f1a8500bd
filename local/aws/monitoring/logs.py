"""CloudWatch Logs: log groups of functions, metrics in log events, and the resource types that moto lacks."""

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from local.aws.compute.runtime_interface import Answer
from local.aws.deployment.cloudformation import ResourceType
from local.aws.monitoring import cloudwatch
from local.aws.monitoring.filter_patterns import matches
from local.aws.monitoring.log_limits import require_query_allowed, require_same_class
from local.aws.moto_patches import adds, replaces
from local.aws.settings import ACCOUNT

TAIL_BYTES = 4096


def write(region: str, log_group: str, answer: Answer) -> None:
    """Writes an invocation's lines, with Lambda's START, END and REPORT lines, to the function's log group."""
    backend = logs_backends[ACCOUNT][region]
    backend.ensure_log_group(log_group)
    backend.ensure_log_stream(log_group, answer.log_stream)
    now = int(time.time() * 1000)
    lines = [f"START RequestId: {answer.request_id} Version: $LATEST", *answer.lines, *_platform_lines(answer)]
    backend.put_log_events(log_group, answer.log_stream, [{"timestamp": now, "message": line} for line in lines])


def tail(answer: Answer) -> str:
    """The result of `LogType=Tail`: the last 4 KB of the log, in base64."""
    return base64.b64encode("\n".join(answer.lines).encode()[-TAIL_BYTES:]).decode()


def _platform_lines(answer: Answer) -> Sequence[str]:
    end = f"END RequestId: {answer.request_id}"
    report = f"REPORT RequestId: {answer.request_id}\tDuration: {answer.seconds * 1000:.2f} ms"
    if not answer.is_error:
        return (end, report)
    error = json.loads(answer.payload or b"{}")
    timed_out = re.search(r"Task timed out after .*", str(error.get("errorMessage", "")))
    return (*([f"{answer.request_id} {timed_out.group()}"] if timed_out else []), end, report)


@replaces(LogsBackend, "put_log_events")
def extract_metrics(
    original: Callable[..., Any], backend: LogsBackend, log_group_name: str, log_stream_name: str, log_events: Any
) -> Any:
    """Moto does not extract metrics from log events in embedded metric format, and its metric filters count nothing."""
    accepted = original(backend, log_group_name, log_stream_name, log_events)
    filters = [each for each in backend.filters.metric_filters if each["logGroupName"] == log_group_name]
    for event in log_events:
        cloudwatch.extract(backend.region_name, event["message"], event["timestamp"])
        for each in filters:
            if matches(each["filterPattern"], event["message"]):
                _count(backend.region_name, each["metricTransformations"], event["timestamp"])
    return accepted


def _count(region: str, transformations: Sequence[Mapping[str, str]], timestamp_ms: int) -> None:
    """Stores what metric filters make of a log event, at its time. Values that are fields raise NotImplementedError."""
    for each in transformations:
        if each["metricValue"].startswith("$"):
            raise NotImplementedError(f"the embedded AWS does not support this metric value: {each['metricValue']}")
        value = float(each["metricValue"])
        cloudwatch.put(region, each["metricNamespace"], [cloudwatch.datum_at(each["metricName"], value, timestamp_ms)])


class MetricFilter(ResourceType):
    """Moto's CloudFormation does not support this type."""

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
    """A saved query of Logs Insights, which moto lacks entirely. Here it is stored and described, but cannot be run."""

    type_name = "AWS::Logs::QueryDefinition"
    name_property = "Name"

    def create(self) -> str:
        require_query_allowed(self.name, self.properties["QueryString"], QUERY_DEFINITIONS.values())
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
def describe_query_definitions(_response: Any) -> str:
    """Moto does not support the action."""
    return json.dumps({"queryDefinitions": list(QUERY_DEFINITIONS.values())})


@adds(LogGroup, "update_from_cloudformation_json", classmethod)
def update_log_group_in_place(_cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any) -> Any:
    """Moto loses a log group whose properties change."""
    require_same_class(original_resource, cloudformation_json["Properties"])
    original_resource.set_retention_policy(cloudformation_json["Properties"].get("RetentionInDays"))
    return original_resource


@replaces(LogGroup, "get_cfn_attribute")
def end_arn_with_streams(original: Callable[..., Any], group: Any, attribute_name: str) -> str:
    """Moto's ARN of a log group in templates lacks `:*`, which covers the group's log streams.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    """
    return f"{original(group, attribute_name).removesuffix(':*')}:*"
