"""AWS in memory (moto) with the functions' resources: tables, buckets, queue, topic, log format parameter."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from flowsentry.aws import clients
from flowsentry.records.fields import DEFAULT_LOG_FORMAT

REGION: Literal["eu-central-1"] = "eu-central-1"
EVIDENCE_TABLE = "evidence"
FINDINGS_TABLE = "findings"
IDEMPOTENCY_TABLE = "idempotency"
LOG_BUCKET = "flow-logs"
OUTPUT_BUCKET = "output"
LOG_GROUP = "/flowsentry/flow-logs/default"
LOG_FORMATS_PARAMETER = "/flowsentry/log-formats"
INVENTORY_KEY = "inventory/snapshot.zip"
COVERAGE_PARAMETER = "/flowsentry/flow-log-coverage"
TARGETS_PARAMETER = "/flowsentry/inventory-targets"

CLIENTS = (
    clients.dynamodb,
    clients.ec2,
    clients.event_bridge,
    clients.load_balancing,
    clients.logs,
    clients.s3,
    clients.security_hub,
    clients.sns,
    clients.sqs,
    clients.ssm,
)


def forget_clients() -> None:
    """Clients made for other tests, or for other places, are not used here, nor these elsewhere."""
    for client in CLIENTS:
        client.cache_clear()


_call_action, _one_call_at_a_time = DynamoHandler.call_action, threading.RLock()


def one_at_a_time(handler: DynamoHandler) -> Any:
    """The answer of moto, which checks a condition and then writes: two threads can both find the condition true."""
    with _one_call_at_a_time:
        return _call_action(handler)


@contextmanager
def aws_in_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Moto for the time of a test, and no account anywhere near. Clients outlive it: making one takes longer."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setattr(DynamoHandler, "call_action", one_at_a_time)
    with mock_aws():
        yield


def make_evidence_table(name: str = EVIDENCE_TABLE) -> None:
    clients.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "source", "KeyType": "HASH"}, {"AttributeName": "day", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "source", "AttributeType": "S"},
            {"AttributeName": "day", "AttributeType": "N"},
        ],
    )


def make_findings_table(name: str = FINDINGS_TABLE) -> None:
    clients.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "unpublished", "AttributeType": "S"},
            {"AttributeName": "thread", "AttributeType": "S"},
            {"AttributeName": "found_at", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [
                    {"AttributeName": attribute, "KeyType": "HASH"},
                    {"AttributeName": "found_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, attribute in (("unpublished", "unpublished"), ("by_thread", "thread"))
        ],
    )


def make_idempotency_table(name: str = IDEMPOTENCY_TABLE) -> None:
    clients.dynamodb().create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )


def make_bucket(name: str) -> None:
    clients.s3().create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def make_queue(name: str) -> str:
    return clients.sqs().create_queue(QueueName=name)["QueueUrl"]


def make_log_formats(formats: Mapping[str, object] | None = None) -> None:
    value = json.dumps({LOG_GROUP: DEFAULT_LOG_FORMAT} if formats is None else formats)
    clients.ssm().put_parameter(Name=LOG_FORMATS_PARAMETER, Value=value, Type="String", Overwrite=True)


def make_targets(**places: object) -> None:
    """Where the inventory looks, beside the own account and region."""
    value = json.dumps({"regions": [], "roles": [], "clusters": [], **places})
    clients.ssm().put_parameter(Name=TARGETS_PARAMETER, Value=value, Type="String", Overwrite=True)


def make_coverage(*destinations: str, resources: Sequence[str] = ()) -> None:
    """Which flow logs the deployment reads."""
    value = json.dumps({"destinations": destinations, "resources": resources})
    clients.ssm().put_parameter(Name=COVERAGE_PARAMETER, Value=value, Type="String", Overwrite=True)


def make_flow_log(log_group: str, log_format: str = DEFAULT_LOG_FORMAT, resource_id: str = "") -> str:
    """The id of a flow log of this VPC, or of a new one, that writes to this log group."""
    vpc_id = resource_id or clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = clients.ec2().create_flow_logs(
        ResourceIds=[vpc_id],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName=log_group,
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/flow-logs",
        LogFormat=log_format,
    )
    return made["FlowLogIds"][0]


def items_of(table: str) -> list[dict[str, Any]]:
    return clients.dynamodb().scan(TableName=table)["Items"]


def keys_in(bucket: str, prefix: str = "") -> list[str]:
    return [entry["Key"] for entry in clients.s3().list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def object_in(bucket: str, key: str) -> bytes:
    return clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read()


def messages_in(queue_url: str) -> list[dict[str, Any]]:
    answer = clients.sqs().receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
    )
    return [dict(message) for message in answer.get("Messages", [])]
