"""What doctor says about log groups and buckets that exist, and about flow logs that write to them."""

from typing import Any

import pytest

from local.doctor.account_state import Bucket, LogGroup
from tests.local.doctor.accounts import (
    ACCOUNT,
    BUCKET,
    LOG_GROUP,
    OTHER_ACCOUNT,
    OTHER_VPC,
    REGION,
    VPC,
    deployment,
    flow_log,
    judged,
    only,
)


@pytest.mark.parametrize(("number", "verdicts"), [(1, []), (2, ["stop"])])
def test_two_subscription_filters_of_others_leave_no_room(number: int, verdicts: list[str]) -> None:
    filters = tuple((f"other-{each}", "arn:aws:lambda:eu-west-1:1:function:other") for each in range(number))
    own = ("own", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:flowsentry-processing-StreamProcessor")
    found = judged(log_groups={LOG_GROUP: LogGroup("STANDARD", (*filters, own))})
    assert [each.level.value for each in found] == verdicts


@pytest.mark.parametrize(
    "destination",
    [
        f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/flowsentry-flow-logs-PayloadStream525ACAD1-xYz",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:flowsentry-processing-StreamProcessor-xYz",
    ],
)
def test_our_own_subscription_filter_beside_another_one_is_not_counted(destination: str) -> None:
    siem = ("siem", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:siem")
    given = deployment(existing_log_groups=[{"name": LOG_GROUP, "kinesis": True}])
    assert judged(given, log_groups={LOG_GROUP: LogGroup("STANDARD", (siem, ("own", destination)))}) == []


def test_the_stream_of_somebody_else_is_counted() -> None:
    filters = tuple((f"f{each}", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/siem-{each}") for each in range(2))
    assert only(judged(log_groups={LOG_GROUP: LogGroup("STANDARD", filters)}))[0] == "stop"


def existing_bucket(prefix: str, **settings: Any) -> Any:
    return deployment(existing_buckets=[{"name": BUCKET, "prefix": prefix}], **settings)


KEYS = f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/"
HIVE_KEYS = f"AWSLogs/aws-account-id={ACCOUNT}/aws-service=vpcflowlogs/aws-region={REGION}/"


@pytest.mark.parametrize(
    ("prefix", "folder", "level"),
    [
        ("", "", ["stop"]),
        ("", "/audit/", ["stop"]),
        ("audit/", "/audit/", ["stop"]),
        ("audit/", "/audit", ["stop"]),
        ("audit/AWSLogs/", "/audit/", ["stop"]),
        ("AWSLogs/", "", ["stop"]),
        (KEYS, "", ["stop"]),
        (HIVE_KEYS, "", ["stop"]),
        (f"{KEYS}2027/", "", ["stop"]),
        ("firehose/", "/audit/", []),
        ("audit/", "", []),
        ("AWSLogs/", "/audit/", []),
        (f"AWSLogs/{OTHER_ACCOUNT}/", "", []),
    ],
)
def test_a_flow_log_into_an_existing_bucket_is_read_twice_only_under_its_prefix(
    prefix: str, folder: str, level: list[str]
) -> None:
    logged = [flow_log("fl-1", VPC, f"arn:aws:s3:::{BUCKET}{folder}")]
    assert [each.level.value for each in judged(existing_bucket(prefix), flow_logs=logged)] == level


@pytest.mark.parametrize(
    ("changed", "level"),
    [
        ({}, ["stop"]),
        ({"except_vpc_ids": [VPC]}, []),
        ({"except_vpc_ids": [OTHER_VPC]}, ["stop"]),
        ({"except_tags": ["flow-logs=none"]}, ["warning"]),
    ],
)
@pytest.mark.parametrize("destination", [f"arn:aws:s3:::{BUCKET}", LOG_GROUP])
def test_a_vpc_that_all_vpcs_logs_and_an_existing_flow_log_too_is_told(
    changed: dict[str, Any], level: list[str], destination: str
) -> None:
    given = deployment(sources=[{"all_vpcs": True, "destination": "s3", **changed}])
    found = judged(given, flow_logs=[flow_log("fl-1", VPC, destination), flow_log("fl-2", VPC)])
    assert [each.level.value for each in found] == level
    assert all("is logged by all_vpcs, and fl-1 writes" in each.finding for each in found)


@pytest.mark.parametrize("groups", [{}, {LOG_GROUP: LogGroup("INFREQUENT_ACCESS")}])
def test_a_log_group_that_is_missing_or_cannot_be_subscribed_stops(groups: Any) -> None:
    assert only(judged(log_groups=groups))[:2] == ("stop", LOG_GROUP)


DENIAL = {"Effect": "Deny", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}
TLS_ONLY = {**DENIAL, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.mark.parametrize(
    ("bucket", "level", "says"),
    [
        (None, "stop", "is no bucket"),
        (Bucket("eu-central-1"), "stop", "its events stay there"),
        (Bucket(REGION, is_own=False), "warning", "another account"),
        (Bucket(REGION, sends_events=False, policy={}), "warning", "does not send its events"),
        (Bucket(REGION, sends_events=True, policy={"Statement": DENIAL}), "stop", "denies s3:GetObject"),
    ],
)
def test_a_bucket_that_is_not_read_is_told(bucket: Bucket | None, level: str, says: str) -> None:
    found = only(judged(buckets={BUCKET: bucket} if bucket else {}))
    assert found[:2] == (level, BUCKET)
    assert says in found[2]


@pytest.mark.parametrize(
    ("prefix", "denied", "level"),
    [
        ("", "private/*", []),
        ("", "*", ["stop"]),
        ("", "AWSLogs/*", ["stop"]),
        ("network/", "network/*", ["stop"]),
        ("network/", "AWSLogs/*", []),
    ],
)
def test_a_denial_stops_only_where_flow_logs_are(prefix: str, denied: str, level: list[str]) -> None:
    policy = {"Statement": {**DENIAL, "Resource": f"arn:aws:s3:::{BUCKET}/{denied}"}}
    buckets = {BUCKET: Bucket(REGION, sends_events=True, policy=policy)}
    assert [each.level.value for each in judged(existing_bucket(prefix), buckets=buckets)] == level


def test_a_bucket_that_requires_tls_is_read() -> None:
    assert judged(buckets={BUCKET: Bucket(REGION, sends_events=True, policy={"Statement": [TLS_ONLY]})}) == []
