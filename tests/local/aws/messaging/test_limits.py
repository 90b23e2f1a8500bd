"""Queues, topics, rules and policies that are refused, each limit just below and just above."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from local.aws.messaging.limits import QUEUE_POLICY, TOPIC_POLICY, policy_defects

STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}


def policy(*statements: dict[str, Any], size: int = 0) -> str:
    document = json.dumps({"Statement": list(statements), "Id": ""})
    return json.dumps({"Statement": list(statements), "Id": "x" * max(0, size - len(document))})


def services(number: int) -> dict[str, Any]:
    return {**STATEMENT, "Principal": {"Service": [f"s{index}.amazonaws.com" for index in range(number)]}}


def conditions(number: int) -> dict[str, Any]:
    return {**STATEMENT, "Condition": {"StringEquals": {f"aws:Key{index}": "a" for index in range(number)}}}


def actions(number: int) -> dict[str, Any]:
    return {**STATEMENT, "Action": [f"sqs:Action{index}" for index in range(number)]}


@pytest.mark.parametrize(
    ("limits", "valid", "refused", "message"),
    [
        (QUEUE_POLICY, policy(size=8192), policy(size=8193), "8193 bytes, at most 8192"),
        (QUEUE_POLICY, policy(*[STATEMENT] * 20), policy(*[STATEMENT] * 21), "21 statements, at most 20"),
        (QUEUE_POLICY, policy(services(50)), policy(services(50), STATEMENT), "51 principals, at most 50"),
        (QUEUE_POLICY, policy(conditions(10)), policy(conditions(10), conditions(1)), "11 conditions, at most 10"),
        (QUEUE_POLICY, policy(actions(7)), policy(actions(8)), "8 actions per statement, at most 7"),
        (TOPIC_POLICY, policy(size=30_720), policy(size=30_721), "30721 bytes, at most 30720"),
        (TOPIC_POLICY, policy(*[STATEMENT] * 100), policy(*[STATEMENT] * 101), "101 statements, at most 100"),
    ],
    ids=lambda value: value if isinstance(value, str) and value[0].isdigit() else "",
)
def test_a_policy_is_valid_up_to_the_limit(limits: dict[str, int], valid: str, refused: str, message: str) -> None:
    assert list(policy_defects(valid, limits)) == []
    assert message in next(policy_defects(refused, limits))


def test_a_queue_refuses_a_policy_that_is_over_the_limit(aws: EmbeddedAws) -> None:
    url = aws.client("sqs").create_queue(QueueName=f"queue-{uuid4().hex[:8]}")["QueueUrl"]
    with pytest.raises(ClientError, match="Reason: 21 statements, at most 20 allowed"):
        aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(*[STATEMENT] * 21)})


def test_a_topic_refuses_a_policy_that_is_over_the_limit(aws: EmbeddedAws) -> None:
    arn = aws.client("sns").create_topic(Name=f"topic-{uuid4().hex[:8]}")["TopicArn"]
    with pytest.raises(ClientError, match="Policy Error: 101 statements"):
        aws.client("sns").set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=policy(*[STATEMENT] * 101)
        )


def test_a_queue_keeps_its_policy_when_another_attribute_is_set(aws: EmbeddedAws) -> None:
    url = aws.client("sqs").create_queue(QueueName=f"q-{uuid4().hex[:8]}", Attributes={"Policy": policy(STATEMENT)})
    aws.client("sqs").set_queue_attributes(QueueUrl=url["QueueUrl"], Attributes={"VisibilityTimeout": "60"})
    described = aws.client("sqs").get_queue_attributes(QueueUrl=url["QueueUrl"], AttributeNames=["Policy"])
    assert json.loads(described["Attributes"]["Policy"])["Statement"] == [STATEMENT]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("VisibilityTimeout", 0, 43_200), ("MessageRetentionPeriod", 60, 1_209_600), ("DelaySeconds", 0, 900)],
)
def test_a_queue_attribute_has_a_range(aws: EmbeddedAws, name: str, least: int, most: int) -> None:
    url = aws.client("sqs").create_queue(QueueName=f"queue-{uuid4().hex[:8]}")["QueueUrl"]
    for value in (least, most):
        aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={name: str(value)})
    for value in (least - 1, most + 1):
        with pytest.raises(ClientError, match=f"Invalid value for the parameter {name}"):
            aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={name: str(value)})


def test_names_have_a_limited_length(aws: EmbeddedAws) -> None:
    rule = {"ScheduleExpression": "rate(1 day)", "State": "DISABLED"}
    unique = uuid4().hex
    for put, most in (
        (lambda name: aws.client("sqs").create_queue(QueueName=name), 80),
        (lambda name: aws.client("sns").create_topic(Name=name), 256),
        (lambda name: aws.client("events").put_rule(Name=name, **rule), 64),
    ):
        put(unique.ljust(most, "x"))
        with pytest.raises(ClientError):
            put(unique.ljust(most + 1, "x"))


def test_a_rule_has_5_targets(aws: EmbeddedAws) -> None:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, EventPattern='{"source": ["nobody"]}')
    targets = [{"Id": str(number), "Arn": f"arn:aws:sqs:us-east-1:123456789012:q{number}"} for number in range(6)]
    aws.client("events").put_targets(Rule=name, Targets=targets[:5])
    with pytest.raises(ClientError, match="LimitExceededException"):
        aws.client("events").put_targets(Rule=name, Targets=targets[5:])


def test_the_pattern_of_a_rule_has_2048_characters(aws: EmbeddedAws) -> None:
    name, frame = f"rule-{uuid4().hex[:8]}", '{"source": [""]}'
    pattern = json.dumps({"source": ["x" * (2048 - len(frame))]})
    aws.client("events").put_rule(Name=name, EventPattern=pattern)
    with pytest.raises(ClientError, match="less than or equal to 2048"):
        aws.client("events").put_rule(Name=name, EventPattern=pattern.replace("x", "xx", 1))
