"""A fake of the AWS calls of the demo, and a company of two networks without hosts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from flowsentry.findings.finding import Finding, Severity
from local.aws.embedded import EmbeddedAws
from local.demo.account import DeployedFlowLog
from local.demo.sending import Sending
from local.traffic.company.network import Company, DeliveryPath, Network
from local.traffic.delivery import FlowLog
from local.traffic.expectation import ExpectedAlert
from local.traffic.generation import Traffic
from local.traffic.records import ALL_NAMES, Record

ACCOUNT, REGION = "123456789012", "us-east-1"
NOON = 1_767_268_800
"""2026-01-01 12:00 UTC."""

OFFICE = Network("office", "vpc-0aaaaaaa", "10.20.0.0/16", REGION, DeliveryPath.CLOUDWATCH_LOGS, ())
SHOP = Network("shop", "vpc-0bbbbbbb", "10.30.0.0/16", REGION, DeliveryPath.S3, ())
COMPANY = Company(ACCOUNT, REGION, (OFFICE, SHOP))
FLOW_LOGS = [
    DeployedFlowLog(FlowLog("fl-1", ACCOUNT, REGION, ALL_NAMES), OFFICE.vpc_id, "flow-logs", None),
    DeployedFlowLog(FlowLog("fl-2", ACCOUNT, REGION, ALL_NAMES), SHOP.vpc_id, None, "flow-log-bucket"),
]


class AlreadyExistsError(Exception):
    """The error of CloudWatch Logs for a log stream that already exists."""


@dataclass
class FakeAws:
    """Stands for every boto3 client. `delivered` are the put messages of a log stream, or an object, in order."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    background: int = 0
    failed: Sequence[str] = ()
    delivered: list[tuple[str, list[str] | bytes]] = field(default_factory=list)
    streams: set[str] = field(default_factory=set)
    waiting_since: dict[str, int] = field(default_factory=dict)
    """What the findings were dated back to, by id, when the schedules fired."""
    pending: dict[str, int] = field(default_factory=dict)

    class exceptions:  # noqa: N801 - boto3's name
        ResourceAlreadyExistsException = AlreadyExistsError

    def client(self, _service: str) -> "FakeAws":
        return self

    def failures(self) -> list[str]:
        return list(self.failed)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803 - boto3's names
        assert (Bucket, ContentType) == ("flow-log-bucket", "application/octet-stream")
        self.delivered.append((Key, Body))

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803 - boto3's names
        assert logGroupName == "flow-logs"
        if logStreamName in self.streams:
            raise AlreadyExistsError
        self.streams.add(logStreamName)

    def put_log_events(self, **call: Any) -> dict[str, Any]:
        assert call["logStreamName"] in self.streams
        self.delivered.append((call["logStreamName"], [event["message"] for event in call["logEvents"]]))
        return {}

    def list_tables(self) -> dict[str, list[str]]:
        return {"TableNames": ["state-Evidence", "state-Findings"]}

    def get_paginator(self, operation: str) -> "FakeAws":
        assert operation == "scan"
        return self

    def paginate(self, *, TableName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's name
        assert TableName == "state-Findings"
        severities = [*[Severity.BACKGROUND] * self.background, Severity.HIGH]
        found = [finding("203.0.113.1", severity=severity) for severity in severities]
        items = [
            {"id": {"S": each.id}, "finding": {"S": each.to_json()}, "found_at": {"N": "1770000000"}} for each in found
        ]
        yield {"Items": [*items, {"id": {"S": "rate-limit#urgent"}}]}

    def update_item(self, **call: Any) -> None:
        assert (call["TableName"], call["UpdateExpression"]) == ("state-Findings", "SET waiting_since = :since")
        self.pending[call["Key"]["id"]["S"]] = int(call["ExpressionAttributeValues"][":since"]["N"])

    def fire_schedules(self) -> None:
        self.waiting_since = dict(self.pending)

    def wait_until_quiet(self, _seconds: float) -> None:
        assert self.waiting_since == self.pending

    def get_metric_data(self, **call: Any) -> dict[str, Any]:
        """Returns half of each metric for each function."""
        asked = [query["MetricStat"]["Metric"]["MetricName"] for query in call["MetricDataQueries"]]
        return {"MetricDataResults": [{"Values": [self.metrics.get(name, 0) / len(asked)]} for name in asked]}


def embedded(aws: FakeAws) -> EmbeddedAws:
    return cast("EmbeddedAws", aws)


def sending(aws: FakeAws, expected: Sequence[ExpectedAlert] = (), **records: list[Record]) -> Sending:
    """The sending of these records, by the name of the network."""
    traffic = Traffic({network.name: records.get(network.name, []) for network in COMPANY.networks}, tuple(expected))
    return Sending(embedded(aws), COMPANY, FLOW_LOGS, traffic)


def record(network: Network, end: int, interface_id: str = "eni-1") -> Record:
    values = {"vpc-id": network.vpc_id, "interface-id": interface_id, "log-status": "OK", "action": "ACCEPT"}
    return {**values, "start": str(end - 50), "end": str(end)}


def finding(subject: str, kind: str = "port_scan", severity: Severity = Severity.HIGH, **values: Any) -> Finding:
    fields = {"scope": OFFICE.vpc_id, "first_seen": NOON, "last_seen": NOON + 60, **values}
    return Finding(f"id-of-{subject}-{kind}", kind, severity, f"{subject} does a {kind}", subject, **fields)
