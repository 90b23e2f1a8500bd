"""CloudWatch Logs: what makes log groups, filters and resource policies invalid.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from local.aws.compute.resource_policies import key_refusal
from local.aws.monitoring.filter_patterns import InvalidPatternError, require_valid
from local.aws.moto_patches import replaces
from local.aws.refusals import refuse, too_long
from local.aws.settings import ACCOUNT

RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
STANDARD, INFREQUENT_ACCESS, DELIVERY = "STANDARD", "INFREQUENT_ACCESS", "DELIVERY"
MOST_CHARACTERS_OF_A_NAME = 512
MOST_CHARACTERS_OF_A_PATTERN = 1024
MOST_CHARACTERS_OF_A_QUERY = {"name": 255, "queryString": 10_000}
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html"""
MOST_QUERIES = 1000
"""Saved queries of an account and Region.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_Insights-Saving-Queries.html"""
MOST_BYTES_OF_A_POLICY = 5120
MOST_METRIC_FILTERS = 100
INVALID = "InvalidParameterException"


@replaces(LogsBackend, "create_log_group")
def validate_new_group(
    original: Callable[..., Any], backend: Any, log_group_name: str, tags: Any, **properties: Any
) -> Any:
    """Moto accepts every retention, class and key, and ignores class and key in templates."""
    if len(log_group_name) > MOST_CHARACTERS_OF_A_NAME:
        raise too_long("logGroupName", log_group_name, MOST_CHARACTERS_OF_A_NAME, INVALID)
    if not re.fullmatch(r"[.\-_/#A-Za-z0-9]+", log_group_name):
        pattern = "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        text = f"Value '{log_group_name}' at 'logGroupName' failed to satisfy constraint: {pattern}"
        raise refuse(INVALID, f"1 validation error detected: {text}")
    _require_retention(properties.get("RetentionInDays"))
    group_class = properties.get("LogGroupClass") or STANDARD
    if group_class not in {STANDARD, INFREQUENT_ACCESS, DELIVERY}:
        raise refuse(INVALID, f"The log group class {group_class} is invalid")
    key = properties.get("KmsKeyId") or properties.get("kmsKeyId")
    _require_key(backend.region_name, log_group_name, key)
    group = original(backend, log_group_name, tags, **{**properties, "kmsKeyId": key})
    group.log_group_class = group_class
    return group


def _require_retention(days: Any) -> None:
    if days is not None and int(days) not in RETENTION_DAYS:
        text = f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint"
        raise refuse(INVALID, f"{text}: Member must satisfy enum value set: {sorted(RETENTION_DAYS)}")


def _require_key(region: str, log_group: str, key: str | None) -> None:
    """Raises the error of a key whose policy does not allow CloudWatch Logs to use it for this log group.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    arn = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{log_group}"
    context = {"kms:EncryptionContext:aws:logs:arn": arn}
    if key and key_refusal(f"logs.{region}.amazonaws.com", arn, key, region, context):
        text = f"The specified KMS key does not exist or is not allowed to be used with Arn '{arn}'"
        raise refuse(INVALID, text)


@replaces(LogsResponse, "create_log_group")
def store_class(_original: Callable[..., Any], response: Any) -> str:
    """Moto ignores the class of a log group."""
    get = response._get_param  # noqa: SLF001 as moto does
    response.logs_backend.create_log_group(
        get("logGroupName"), get("tags"), kmsKeyId=get("kmsKeyId"), LogGroupClass=get("logGroupClass")
    )
    return ""


@replaces(LogGroup, "to_describe_dict")
def describe_class(original: Callable[..., Any], group: Any) -> Any:
    """Moto does not return the class of a log group."""
    return {**original(group), "logGroupClass": class_of(group)}


def class_of(group: Any) -> str:
    """The class of a log group; groups that services create are of the class STANDARD."""
    return str(getattr(group, "log_group_class", STANDARD))


@replaces(LogGroup, "set_retention_policy")
def validate_retention(original: Callable[..., Any], group: Any, retention_in_days: Any) -> None:
    """Moto accepts every number of days."""
    _require_retention(retention_in_days)
    original(group, retention_in_days)


def require_filters_allowed(backend: Any, log_group_name: str, pattern: str) -> None:
    """Raises the error of a filter whose pattern is too long or invalid, or whose log group's class has no filters.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
    """
    if len(pattern or "") > MOST_CHARACTERS_OF_A_PATTERN:
        raise too_long("filterPattern", pattern, MOST_CHARACTERS_OF_A_PATTERN, INVALID)
    try:
        require_valid(pattern or "")
    except InvalidPatternError as error:
        raise refuse(INVALID, f"Invalid metric filter pattern: {error}") from error
    group = backend.groups.get(log_group_name)
    if group is not None and class_of(group) != STANDARD:
        text = f"The log group {log_group_name} has the class {class_of(group)}, which does not support filters"
        raise refuse("InvalidOperationException", text)


@replaces(LogsBackend, "put_metric_filter")
def validate_metric_filter(
    original: Callable[..., Any], backend: Any, filter_name: str, filter_pattern: str, log_group_name: str, *rest: Any
) -> Any:
    """Moto accepts metric filters without a log group, of every class and number."""
    if log_group_name not in backend.groups:
        raise refuse("ResourceNotFoundException", "The specified log group does not exist.")
    require_filters_allowed(backend, log_group_name, filter_pattern)
    known = [each["filterName"] for each in backend.filters.metric_filters if each["logGroupName"] == log_group_name]
    if filter_name not in known and len(known) >= MOST_METRIC_FILTERS:
        raise refuse("LimitExceededException", "Resource limit exceeded.")
    return original(backend, filter_name, filter_pattern, log_group_name, *rest)


def require_query_allowed(name: str, text: str, known: Collection[Mapping[str, Any]]) -> None:
    """Raises the error of a saved query that is too long, or one too many."""
    for key, value in (("name", name), ("queryString", text)):
        if len(value) > MOST_CHARACTERS_OF_A_QUERY[key]:
            raise too_long(key, value, MOST_CHARACTERS_OF_A_QUERY[key], INVALID)
    if len(known) >= MOST_QUERIES and name not in {each["name"] for each in known}:
        raise refuse("LimitExceededException", "Resource limit exceeded.")


@replaces(LogsBackend, "put_resource_policy")
def limit_resource_policy(original: Callable[..., Any], backend: Any, policy_name: str, policy_doc: Any) -> Any:
    """Moto accepts resource policies of any size; it refuses more than 10 in a Region."""
    document = policy_doc if isinstance(policy_doc, str) else json.dumps(policy_doc)
    if len(document.encode()) > MOST_BYTES_OF_A_POLICY:
        raise refuse("LimitExceededException", f"The policy document exceeds {MOST_BYTES_OF_A_POLICY} bytes.")
    return original(backend, policy_name, document)


def require_same_class(group: Any, properties: Mapping[str, Any]) -> None:
    """Raises the error of an update that changes the class, which CloudWatch Logs does not allow."""
    if (properties.get("LogGroupClass") or STANDARD) != class_of(group):
        raise refuse(INVALID, "The class of a log group cannot be changed after it is created.")
