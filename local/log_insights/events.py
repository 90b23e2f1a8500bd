"""Log events, and the fields that Logs Insights discovers in them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.log_insights.structures import Value

VPC_FLOW_LOG_FIELDS = (
    *("version", "accountId", "interfaceId", "srcAddr", "dstAddr", "srcPort", "dstPort", "protocol", "packets"),
    *("bytes", "startTime", "endTime", "action", "logStatus"),
)
"""The discovered fields of a VPC flow log of the default format, in the order of its values. A custom format has none:
https://repost.aws/knowledge-center/cloudwatch-vpc-flow-logs"""
_DEFAULT_RECORD = re.compile(
    r"2 (?:\d{12}|unknown) (?:eni-\S+|-)(?: \S+){9} (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)"
)
MOST_FIELDS = 200
"""Fields of a JSON line that are discovered."""


@dataclass(frozen=True)
class Event:
    """A log event."""

    message: str
    timestamp: int = 0
    log_stream: str = ""
    log: str = ""


def discovered(event: Event) -> dict[str, Value]:
    """The fields of an event: those of the system, and those of a flow log record of the default format or of JSON."""
    system: dict[str, Value] = {
        "@message": event.message,
        "@timestamp": event.timestamp,
        "@ingestionTime": event.timestamp,
        "@logStream": event.log_stream,
        "@log": event.log,
    }
    if _DEFAULT_RECORD.fullmatch(event.message):
        return system | dict(zip(VPC_FLOW_LOG_FIELDS, event.message.split(" "), strict=True))
    return system | dict(list(_of_json(event.message))[:MOST_FIELDS])


def _of_json(message: str) -> Iterator[tuple[str, Value]]:
    try:
        line = json.loads(message)
    except ValueError:
        return
    if isinstance(line, dict):
        yield from _flattened(line)


def _flattened(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Value]]:
    """Names with dots: `a.b` of an object, `a.0` of a list."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield from _flattened({str(number): each for number, each in enumerate(value)}, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
