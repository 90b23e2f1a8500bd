"""Budgets and models of anomaly detection that CloudFormation creates in the embedded AWS."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local.aws.embedded import EmbeddedAws

MODEL = {"Namespace": "Test", "MetricName": "Flows", "Stat": "Sum", "Dimensions": [{"Name": "vpc", "Value": "vpc-1"}]}


@pytest.fixture
def stack(aws: EmbeddedAws) -> Iterator[str]:
    """The name of a stack, which is deleted."""
    name = f"stack-{uuid4().hex[:8]}"
    yield name
    aws.client("cloudformation").delete_stack(StackName=name)


def create(aws: EmbeddedAws, stack: str, kind: str, properties: dict[str, Any]) -> None:
    template = {"Resources": {"Resource": {"Type": kind, "Properties": properties}}}
    aws.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))


def budget(emails: int) -> dict[str, Any]:
    subscribers = [{"SubscriptionType": "EMAIL", "Address": f"a{number}@example.com"} for number in range(emails)]
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 100,
        "ThresholdType": "PERCENTAGE",
    }
    return {
        "Budget": {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": 50, "Unit": "USD"}},
        "NotificationsWithSubscribers": [{"Notification": notification, "Subscribers": subscribers}],
    }


def budgets_of(aws: EmbeddedAws) -> list[Any]:
    return list(aws.client("budgets").describe_budgets(AccountId=aws.account).get("Budgets", []))


def test_a_budget_exists_until_its_stack_is_deleted(aws: EmbeddedAws, stack: str) -> None:
    create(aws, stack, "AWS::Budgets::Budget", budget(emails=10))
    [made] = budgets_of(aws)
    assert float(made["BudgetLimit"]["Amount"]) == 50
    aws.client("cloudformation").delete_stack(StackName=stack)
    assert budgets_of(aws) == []


def test_a_notification_with_eleven_addresses_is_refused(aws: EmbeddedAws, stack: str) -> None:
    create(aws, stack, "AWS::Budgets::Budget", budget(emails=11))
    [described] = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    assert described["StackStatus"] in {"CREATE_FAILED", "ROLLBACK_COMPLETE"}
    assert budgets_of(aws) == []


def test_a_model_of_anomaly_detection_is_listed_until_its_stack_is_deleted(aws: EmbeddedAws, stack: str) -> None:
    create(aws, stack, "AWS::CloudWatch::AnomalyDetector", {"SingleMetricAnomalyDetector": MODEL})
    described = aws.client("cloudwatch").describe_anomaly_detectors()["AnomalyDetectors"]
    assert [each["SingleMetricAnomalyDetector"] for each in described] == [MODEL]
    aws.client("cloudformation").delete_stack(StackName=stack)
    assert aws.client("cloudwatch").describe_anomaly_detectors()["AnomalyDetectors"] == []
