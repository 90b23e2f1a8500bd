"""Validates lines in embedded metric format. CloudWatch drops the metrics of an invalid line without an error.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_EVENT_BYTES = 256 * 1_024
"""Limit of a log event in CloudWatch Logs until 2025; the limit today is 1 MB."""
MAX_DIMENSIONS, MAX_METRICS, MAX_VALUES = 30, 100, 100
MAX_NAME_LETTERS, MAX_VALUE_LETTERS = 255, 1_024
LARGEST = 2.0**360
MAX_AGE_MS, MAX_LEAD_MS = 14 * 86_400_000, 2 * 3_600_000
NAMESPACE = re.compile(r"[A-Za-z0-9._\-/#: ]{1,255}")
PRINTABLE = re.compile(r"[ -~]+")
UNITS = frozenset({"Count", "Bytes", "Seconds", "Milliseconds", "None", "Percent", "Count/Second"})


def defects_of(line: Mapping[str, Any], now_ms: float | None = None) -> list[str]:
    """The defects of a line, a message each; empty if CloudWatch accepts it. The timestamp's age is checked if
    `now_ms` is given.
    """
    metadata = line.get("_aws")
    if not isinstance(metadata, Mapping):
        return ["_aws is not an object"]
    stamp = metadata.get("Timestamp")
    defects = [] if isinstance(stamp, int) and not isinstance(stamp, bool) else [f"Timestamp is {stamp!r}"]
    if not defects and now_ms is not None and not now_ms - MAX_AGE_MS <= metadata["Timestamp"] <= now_ms + MAX_LEAD_MS:
        defects.append(f"Timestamp {stamp} is too old or too new")
    directives = metadata.get("CloudWatchMetrics")
    if not isinstance(directives, list):
        return [*defects, "CloudWatchMetrics is not a list"]
    return defects + [each for directive in directives for each in _of_directive(line, directive)]


def _of_directive(line: Mapping[str, Any], directive: Mapping[str, Any]) -> Iterator[str]:
    namespace = directive.get("Namespace")
    if not isinstance(namespace, str) or not NAMESPACE.fullmatch(namespace) or namespace.startswith("AWS/"):
        yield f"Namespace is {namespace!r}"
    metrics = directive.get("Metrics", [])
    if len(metrics) > MAX_METRICS:
        yield f"{len(metrics)} metrics"
    for names in directive.get("Dimensions", []):
        yield from _of_dimensions(line, names)
    for metric in metrics:
        yield from _of_metric(line, metric)


def _of_dimensions(line: Mapping[str, Any], names: Any) -> Iterator[str]:
    if len(names) > MAX_DIMENSIONS or len(set(names)) != len(names):
        yield f"{len(names)} dimensions"
    for name in names:
        value = line.get(name)
        if not _is_text(name, MAX_NAME_LETTERS):
            yield f"dimension {name!r}"
        if not _is_text(value, MAX_VALUE_LETTERS):
            yield f"dimension {name} is {str(value)[:100]!r}"


def _is_text(value: Any, max_letters: int) -> bool:
    """True for printable ASCII within the limit that is not blank and does not begin with a colon."""
    return (
        isinstance(value, str)
        and len(value) <= max_letters
        and PRINTABLE.fullmatch(value) is not None
        and bool(value.strip())
        and not value.startswith(":")
    )


def _of_metric(line: Mapping[str, Any], metric: Mapping[str, Any]) -> Iterator[str]:
    name, unit = metric.get("Name"), metric.get("Unit", "None")
    if not _is_text(name, MAX_NAME_LETTERS):
        yield f"metric {name!r}"
    if unit not in UNITS:
        yield f"unit {unit!r} of {name}"
    value = line.get(str(name))
    values = value if isinstance(value, list) else [value]
    if not 0 < len(values) <= MAX_VALUES:
        yield f"{len(values)} values of {name}"
    yield from (f"{name} is {each!r}" for each in values if not _is_number(each))


def _is_number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and abs(value) <= LARGEST
