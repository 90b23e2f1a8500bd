"""SQS, SNS and EventBridge: what makes queues, topics, rules and their policies invalid."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.events.models import EventsBackend
from moto.sns.models import SNSBackend
from moto.sqs.models import Queue

from local.aws.compute.policy_documents import listed
from local.aws.moto_patches import replaces
from local.aws.refusals import count_conditions, count_principals, refuse, too_long

QUEUE_POLICY = {"bytes": 8192, "statements": 20, "principals": 50, "conditions": 10, "actions per statement": 7}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html"""
TOPIC_POLICY = {"bytes": 30_720, "statements": 100, "principals": 200}
"""https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html and its quotas"""
QUEUE_RANGES = {
    "VisibilityTimeout": (0, 43_200),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, 1_048_576),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""
MOST_TARGETS, MOST_CHARACTERS_OF_A_PATTERN = 5, 2048
"""The second is the default quota, which AWS raises to 4,096 on request.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""
MOST_CHARACTERS_OF_A_RULE_DESCRIPTION = 512


def policy_defects(document: str, limits: Mapping[str, int]) -> Iterator[str]:
    """What of a resource policy is more than allowed."""
    statements = listed(json.loads(document or "{}").get("Statement", []))
    actual = {
        "bytes": len(document.encode()),
        "statements": len(statements),
        "principals": count_principals(statements),
        "conditions": count_conditions(statements),
        "actions per statement": max((len(listed(each.get("Action", []))) for each in statements), default=0),
    }
    yield from (
        f"{actual[name]} {name}, at most {most} allowed" for name, most in limits.items() if actual[name] > most
    )


@replaces(Queue, "_set_attributes")
def validate_attributes(
    original: Callable[..., Any], queue: Any, attributes: Mapping[str, Any], now: Any = None
) -> None:
    """Moto accepts attributes out of their range and policies of any size, and removes a queue's policy when another
    attribute is set.
    """
    for name, (least, most) in QUEUE_RANGES.items():
        if name in attributes and not least <= int(attributes[name]) <= most:
            text = f"Invalid value for the parameter {name}. Reason: Must be between {least} and {most}, if provided."
            raise refuse("InvalidAttributeValue", text)
    policy = attributes.get("Policy") or "{}"
    document = policy if isinstance(policy, str) else json.dumps(policy)
    if defect := next(policy_defects(document, QUEUE_POLICY), None):
        raise refuse("OverLimit", f"Invalid value for the parameter Policy. Reason: {defect}.")
    kept = getattr(queue, "policy", None)
    original(queue, attributes, now)
    if "Policy" not in attributes:
        queue.policy = kept


@replaces(SNSBackend, "set_topic_attribute")
def validate_topic_attribute(
    original: Callable[..., Any], backend: Any, topic_arn: str, attribute_name: str, attribute_value: str
) -> None:
    """Moto accepts policies of any size."""
    is_policy = attribute_name.lower() == "policy"
    if is_policy and (defect := next(policy_defects(attribute_value, TOPIC_POLICY), None)):
        raise refuse("InvalidParameter", f"Invalid parameter: Policy Error: {defect}")
    original(backend, topic_arn, attribute_name, attribute_value)


@replaces(EventsBackend, "put_rule")
def validate_rule(original: Callable[..., Any], backend: Any, name: str, *rest: Any, **more: Any) -> Any:
    """Moto accepts every name."""
    if not re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", name):
        text = f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint"
        raise refuse("ValidationException", f"{text}: Member must have length less than or equal to 64")
    texts = {"description": MOST_CHARACTERS_OF_A_RULE_DESCRIPTION, "event_pattern": MOST_CHARACTERS_OF_A_PATTERN}
    for key, most in texts.items():
        if len(str(more.get(key) or "")) > most:
            raise too_long(key, str(more[key]), most, "ValidationException")
    return original(backend, name, *rest, **more)


@replaces(EventsBackend, "put_targets")
def validate_targets(
    original: Callable[..., Any], backend: Any, name: str, event_bus_arn: Any, targets: list[dict[str, Any]]
) -> Any:
    """Moto accepts every number of targets."""
    rule = backend.describe_rule(name, event_bus_arn)
    ids = {each["Id"] for each in [*rule.targets, *targets]}
    if len(ids) > MOST_TARGETS:
        raise refuse("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    return original(backend, name, event_bus_arn, targets)
