"""Log groups, filters and resource policies that CloudWatch Logs refuses, each limit just below and just above."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.deployment.assembly import put_stack
from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws
from local.aws.monitoring import log_limits
from local.aws.refusals import Refusal
from tests.local.aws.conftest import FunctionFactory

INFREQUENT = {"logGroupClass": "INFREQUENT_ACCESS"}
METRIC = [{"metricName": "Errors", "metricNamespace": "Test", "metricValue": "1"}]


def group(aws: EmbeddedAws, **more: Any) -> str:
    name = f"group-{uuid4().hex[:8]}"
    aws.client("logs").create_log_group(logGroupName=name, **more)
    return name


def subscribe(aws: EmbeddedAws, log_group: str, arn: str, name: str = "all", pattern: str = "") -> None:
    aws.client("logs").put_subscription_filter(
        logGroupName=log_group, filterName=name, filterPattern=pattern, destinationArn=arn
    )


def count(aws: EmbeddedAws, log_group: str, name: str = "errors") -> None:
    aws.client("logs").put_metric_filter(
        logGroupName=log_group, filterName=name, filterPattern="ERROR", metricTransformations=METRIC
    )


def test_a_log_group_has_two_subscription_filters(aws: EmbeddedAws, function: FunctionFactory) -> None:
    log_group, arn = group(aws), function().arn
    subscribe(aws, log_group, arn, "first")
    subscribe(aws, log_group, arn, "second")
    subscribe(aws, log_group, arn, "second", pattern="changed")
    with pytest.raises(ClientError, match=r"LimitExceededException.*Resource limit exceeded"):
        subscribe(aws, log_group, arn, "third")


def test_a_filter_pattern_has_1024_characters(aws: EmbeddedAws, function: FunctionFactory) -> None:
    log_group, arn = group(aws), function().arn
    subscribe(aws, log_group, arn, pattern="x" * 1024)
    with pytest.raises(ClientError, match="'filterPattern' failed to satisfy constraint"):
        subscribe(aws, log_group, arn, pattern="x" * 1025)


def test_a_log_group_of_infrequent_access_has_no_filters(aws: EmbeddedAws, function: FunctionFactory) -> None:
    log_group, arn = group(aws, **INFREQUENT), function().arn
    [described] = aws.client("logs").describe_log_groups(logGroupNamePrefix=log_group)["logGroups"]
    assert described["logGroupClass"] == "INFREQUENT_ACCESS"
    with pytest.raises(ClientError, match="INFREQUENT_ACCESS, which does not support filters"):
        subscribe(aws, log_group, arn)
    with pytest.raises(ClientError, match="INFREQUENT_ACCESS, which does not support filters"):
        count(aws, log_group)


def test_a_log_group_has_a_limited_number_of_metric_filters(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_limits, "MOST_METRIC_FILTERS", 2)
    log_group = group(aws)
    count(aws, log_group, "first")
    count(aws, log_group, "second")
    with pytest.raises(ClientError, match="LimitExceededException"):
        count(aws, log_group, "third")


@pytest.mark.parametrize("days", [1, 400, 3653])
def test_some_retention_times_are_allowed(aws: EmbeddedAws, days: int) -> None:
    log_group = group(aws)
    aws.client("logs").put_retention_policy(logGroupName=log_group, retentionInDays=days)
    with pytest.raises(ClientError, match=f"Value '{days + 1}' at 'retentionInDays' failed to satisfy constraint"):
        aws.client("logs").put_retention_policy(logGroupName=log_group, retentionInDays=days + 1)


def test_a_log_group_name_has_512_characters(aws: EmbeddedAws) -> None:
    name = f"/{uuid4().hex}/".ljust(512, "x")
    aws.client("logs").create_log_group(logGroupName=name)
    for wrong in (f"{name}x", "with spaces"):
        with pytest.raises(ClientError, match="'logGroupName' failed to satisfy constraint"):
            aws.client("logs").create_log_group(logGroupName=wrong)


def test_a_region_has_10_resource_policies_of_5120_bytes(aws: EmbeddedAws) -> None:
    put = aws.client("logs").put_resource_policy
    smallest = len(json.dumps({"Statement": ""}))
    with pytest.raises(ClientError, match="exceeds 5120 bytes"):
        put(policyName="large", policyDocument=json.dumps({"Statement": "x" * (5121 - smallest)}))
    for number in range(10):
        put(policyName=f"{number}", policyDocument=json.dumps({"Statement": "x" * (5120 - smallest)}))
    with pytest.raises(ClientError, match="LimitExceededException"):
        put(policyName="10", policyDocument="{}")


def key(aws: EmbeddedAws, log_group: str) -> str:
    """The ARN of a key that CloudWatch Logs may use for this log group."""
    condition = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{log_group}"}
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{aws.region}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"ArnEquals": condition},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    return str(aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def test_a_key_must_admit_the_log_group(aws: EmbeddedAws) -> None:
    arn = key(aws, "encrypted-group")
    aws.client("logs").create_log_group(logGroupName="encrypted-group", kmsKeyId=arn)
    with pytest.raises(ClientError, match="The specified KMS key does not exist or is not allowed to be used with Arn"):
        aws.client("logs").create_log_group(logGroupName="another-group", kmsKeyId=arn)


def test_the_class_of_a_log_group_cannot_be_changed_by_a_template(aws: EmbeddedAws) -> None:
    name = f"stack-{uuid4().hex[:8]}"

    def put(**properties: object) -> None:
        put_stack(
            aws, name, json.dumps({"Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": properties}}})
        )

    put(LogGroupClass="INFREQUENT_ACCESS", RetentionInDays=3)
    put(LogGroupClass="INFREQUENT_ACCESS", RetentionInDays=5)
    with pytest.raises(DeployError, match="class of a log group cannot be changed"):
        put(LogGroupClass="STANDARD", RetentionInDays=5)
    with pytest.raises(DeployError, match="'retentionInDays' failed to satisfy constraint"):
        put(LogGroupClass="INFREQUENT_ACCESS", RetentionInDays=6)


def test_an_invalid_filter_pattern_is_refused(aws: EmbeddedAws) -> None:
    log_group = group(aws)
    with pytest.raises(ClientError, match="Invalid metric filter pattern: this is no name and no condition: dst port"):
        aws.client("logs").put_metric_filter(
            logGroupName=log_group, filterName="ports", filterPattern="[a, dst port]", metricTransformations=METRIC
        )


def test_a_metric_filter_counts_what_it_matches_at_the_time_of_the_log_event(aws: EmbeddedAws) -> None:
    logs, log_group, now = aws.client("logs"), group(aws), int(time.time() * 1000)
    metric = [{"metricName": "ssh", "metricNamespace": f"Test/{log_group}", "metricValue": "1"}]
    logs.put_metric_filter(
        logGroupName=log_group, filterName="ssh", filterPattern="[source, port = 22]", metricTransformations=metric
    )
    logs.create_log_stream(logGroupName=log_group, logStreamName="eni-0a")
    lines = ("192.0.2.1 22", "192.0.2.1 222", "192.0.2.2 22", "- -", "192.0.2.1 22 more")
    events = [{"timestamp": now - 60_000, "message": line} for line in lines]
    logs.put_log_events(logGroupName=log_group, logStreamName="eni-0a", logEvents=events)
    statistics = aws.client("cloudwatch").get_metric_statistics(
        Namespace=f"Test/{log_group}",
        MetricName="ssh",
        StartTime=now / 1000 - 120,
        EndTime=now / 1000 - 1,
        Period=300,
        Statistics=["Sum"],
    )
    assert [each["Sum"] for each in statistics["Datapoints"]] == [2]


@pytest.mark.parametrize(("key", "most"), log_limits.MOST_CHARACTERS_OF_A_QUERY.items())
def test_a_saved_query_has_a_bounded_name_and_text(key: str, most: int) -> None:
    texts = {"name": "n", "queryString": "q"}
    log_limits.require_query_allowed(*{**texts, key: "x" * most}.values(), [])
    with pytest.raises(Refusal, match=f"'{key}' failed to satisfy constraint"):
        log_limits.require_query_allowed(*{**texts, key: "x" * (most + 1)}.values(), [])


def test_an_account_has_1000_saved_queries() -> None:
    known = [{"name": f"query {number}"} for number in range(1000)]
    log_limits.require_query_allowed("new", "limit 1", known[:999])
    log_limits.require_query_allowed("query 1", "limit 1", known)
    with pytest.raises(Refusal, match="Resource limit exceeded"):
        log_limits.require_query_allowed("new", "limit 1", known)
