"""CloudWatch: what makes alarms and dashboards invalid.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import EmptyResult

from local.aws.monitoring.log_limits import MOST_CHARACTERS_OF_A_QUERY
from local.aws.moto_patches import adds, replaces
from local.aws.refusals import refuse, too_long

MOST_CHARACTERS = {"alarmName": 255, "alarmDescription": 1024, "alarmRule": 10_240}
MOST_ACTIONS = 5
MOST_DIMENSIONS = 30
MOST_CHILDREN = 100
"""Alarms that the rule of a composite alarm refers to:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"""
MOST_SECONDS_EVALUATED = 86_400
"""Of an alarm with a period below an hour; seven days with longer periods."""
HOUR, WEEK = 3600, 604_800
MOST_WIDGETS = 500
MOST_METRICS_OF_A_WIDGET = 500
MOST_METRICS_OF_A_DASHBOARD = 2500
MOST_BYTES_OF_A_DASHBOARD = 1_048_576
MOST_ALARMS_OF_A_WIDGET = 100
MOST_LOG_GROUPS_OF_A_QUERY = 50
REQUIRED = {"text": ("markdown",), "metric": ("region",), "log": ("query", "region"), "alarm": ("alarms",)}
"""Properties of a widget of each type that must be there."""


@replaces(CloudWatchBackend, "put_metric_alarm")
def validate_alarm(original: Callable[..., Any], backend: Any, *arguments: Any, **keywords: Any) -> Any:
    """Moto accepts alarms of any size, and composite alarms of alarms that do not exist."""
    wanted = inspect.signature(original).bind(backend, *arguments, **keywords).arguments
    texts = {
        "alarmName": wanted["name"],
        "alarmDescription": wanted.get("description"),
        "alarmRule": wanted.get("rule"),
    }
    for name, most in MOST_CHARACTERS.items():
        if len(texts[name] or "") > most:
            raise too_long(name, texts[name], most)
    for name in ("alarm_actions", "ok_actions", "insufficient_data_actions"):
        if len(wanted.get(name) or []) > MOST_ACTIONS:
            raise refuse("ValidationError", f"{name}: Member must have length less than or equal to {MOST_ACTIONS}")
    if len(wanted.get("dimensions") or []) > MOST_DIMENSIONS:
        raise refuse("ValidationError", f"dimensions: Member must have length less than or equal to {MOST_DIMENSIONS}")
    if wanted.get("rule"):
        _require_children(backend, wanted["rule"])
    elif wanted.get("period"):
        _require_evaluated(int(wanted["period"]), int(wanted["evaluation_periods"]))
    return original(backend, *arguments, **keywords)


def children_of(rule: str) -> set[str]:
    """The names of the alarms in the rule of a composite alarm; ARNs are shortened to names."""
    named = re.findall(r"\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)\s]*))\s*\)", rule)
    return {next(each for each in match if each).rpartition(":alarm:")[2] for match in named if any(match)}


def _require_children(backend: Any, rule: str) -> None:
    children = children_of(rule)
    if len(children) > MOST_CHILDREN:
        raise refuse("ValidationError", f"AlarmRule must not contain more than {MOST_CHILDREN} alarms: {len(children)}")
    if missing := sorted(children - set(backend.alarms)):
        text = f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        raise refuse("ValidationError", text)


def _require_evaluated(period: int, periods: int) -> None:
    most = MOST_SECONDS_EVALUATED if period < HOUR else WEEK
    if period * periods > most:
        text = "Metrics cannot be checked across more than"
        raise refuse("ValidationError", f"{text} {most} seconds (EvaluationPeriods * Period must be <= {most})")


@adds(CloudWatchResponse, "put_composite_alarm")
def put_composite_alarm(response: Any) -> EmptyResult:
    """Moto does not support the action."""
    get = response._get_param  # noqa: SLF001 as moto does
    response.cloudwatch_backend.put_metric_alarm(
        name=get("AlarmName"),
        namespace=None,
        metric_name=None,
        comparison_operator=None,
        evaluation_periods=None,
        period=None,
        threshold=None,
        statistic=None,
        description=get("AlarmDescription"),
        dimensions=[],
        alarm_actions=get("AlarmActions", []),
        ok_actions=get("OKActions", []),
        insufficient_data_actions=get("InsufficientDataActions", []),
        actions_enabled=get("ActionsEnabled", True),
        rule=get("AlarmRule"),
        tags=get("Tags", []),
    )
    return EmptyResult()


@replaces(CloudWatchBackend, "put_dashboard")
def validate_dashboard(original: Callable[..., Any], backend: Any, name: str, body: str) -> Any:
    """Moto accepts every dashboard."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        text = "can contain only A-Z, a-z, 0-9, _ and -, and has at most 255 characters"
        raise refuse("InvalidParameterInput", f"The dashboard name {name} is invalid: it {text}")
    if found := list(dashboard_defects(body)):
        text = f"The field DashboardBody must be a valid dashboard body, there are {len(found)} validation errors"
        raise refuse("InvalidParameterInput", f"{text}: {'; '.join(found[:5])}")
    return original(backend, name, body)


def dashboard_defects(body: str) -> Iterator[str]:
    """What is wrong with the body of a dashboard.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    """
    if len(body.encode()) > MOST_BYTES_OF_A_DASHBOARD:
        yield f"the body has more than {MOST_BYTES_OF_A_DASHBOARD} bytes"
    try:
        widgets = json.loads(body).get("widgets", [])
    except (ValueError, AttributeError):
        yield "the body is not JSON"
        return
    if len(widgets) > MOST_WIDGETS:
        yield f"{len(widgets)} widgets; at most {MOST_WIDGETS} are allowed"
    metrics = [len(each.get("properties", {}).get("metrics", [])) for each in widgets]
    yield from (f"a widget has {number} metrics" for number in metrics if number > MOST_METRICS_OF_A_WIDGET)
    if sum(metrics) > MOST_METRICS_OF_A_DASHBOARD:
        yield f"{sum(metrics)} metrics; at most {MOST_METRICS_OF_A_DASHBOARD} are allowed"
    for number, widget in enumerate(widgets):
        yield from (f"widget {number}: {defect}" for defect in _widget_defects(widget))


def _widget_defects(widget: Mapping[str, Any]) -> Iterator[str]:
    if "type" not in widget:
        yield "type is missing"
    properties = widget.get("properties", {})
    required = REQUIRED.get(widget.get("type", ""), ())
    yield from (f"{name} is missing" for name in required if not properties.get(name))
    yield from _property_defects(properties)
    ranges = {"x": (0, 23), "y": (0, 100_000), "width": (1, 24), "height": (1, 1000)}
    for name, (least, most) in ranges.items():
        if name in widget and not least <= widget[name] <= most:
            yield f"{name} is {widget[name]}; {least} to {most} are allowed"


def _property_defects(properties: Mapping[str, Any]) -> Iterator[str]:
    query, most = properties.get("query", ""), MOST_CHARACTERS_OF_A_QUERY["queryString"]
    if len(query) > most:
        yield f"the query has {len(query)} characters; at most {most} are allowed"
    if (groups := query.count("SOURCE '")) > MOST_LOG_GROUPS_OF_A_QUERY:
        yield f"the query reads {groups} log groups; at most {MOST_LOG_GROUPS_OF_A_QUERY} are allowed"
    if (alarms := len(properties.get("alarms", ()))) > MOST_ALARMS_OF_A_WIDGET:
        yield f"{alarms} alarms; at most {MOST_ALARMS_OF_A_WIDGET} are allowed"
