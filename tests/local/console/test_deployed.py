"""A deployment as the subject of the console: what its pages show is what AWS has."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
import polars as pl
import pytest

from flowsentry.aws import clients
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.aws.findings.table import FindingTable
from flowsentry.findings.finding import Finding, Severity
from flowsentry.findings.known_services import Answer, Outage, Service
from flowsentry.findings.triage import State
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import pack
from local.aws import moto_patches
from local.aws.monitoring import metric_data  # noqa: F401 patches moto
from local.console.console_data import DataError, LogEvent, Metric, MetricStat, Series
from local.console.inbox.message import Message
from local.console.span import Span
from local.console.subjects import enriched_objects
from local.console.subjects.deployed import Deployed
from tests.builders import NOON
from tests.explain.company import API
from tests.local.snapshots import NETWORKS
from tests.moto_world import (
    EVIDENCE_TABLE,
    FINDINGS_TABLE,
    INVENTORY_KEY,
    OUTPUT_BUCKET,
    REGION,
    aws_in_memory,
    forget_clients,
    make_bucket,
    make_evidence_table,
    make_findings_table,
)

if TYPE_CHECKING:
    from local.aws.embedded import EmbeddedAws

NAMESPACE = "Flowsentry/flowsentry"
FLOWS = Metric(NAMESPACE, "Flows", (("vpc", "vpc-1"),))
SPAN = Span(NOON, NOON + 3_600)


@dataclass
class InMemory:
    """Stands for the embedded AWS."""

    account: str = "123456789012"
    region: str = REGION

    def client(self, service: str) -> Any:
        return _client(service)


@cache
def _client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget_clients()
    moto_patches.apply_all()
    with aws_in_memory(monkeypatch):
        for name, value in (("findings", FINDINGS_TABLE), ("evidence", EVIDENCE_TABLE)):
            clients.ssm().put_parameter(Name=f"/flowsentry/{name}-table-name", Value=value, Type="String")
        clients.ssm().put_parameter(Name="/flowsentry/output-bucket-name", Value=OUTPUT_BUCKET, Type="String")
        yield
    moto_patches.restore_all()
    forget_clients()


@pytest.fixture
def deployed() -> Deployed:
    return Deployed(cast("EmbeddedAws", InMemory()))


def put(metric: Metric, at: int, value: float) -> None:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    datum = {"MetricName": metric.name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
    _client("cloudwatch").put_metric_data(Namespace=metric.namespace, MetricData=[datum])


def test_dashboards_are_the_deployments_own_in_the_order_of_their_documentation(deployed: Deployed) -> None:
    for name in ("flowsentry-pipeline", "flowsentry-mine", "flowsentry-traffic", "other-traffic"):
        body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": name}}]})
        _client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    bodies = deployed.dashboards()
    assert list(bodies) == ["flowsentry-traffic", "flowsentry-pipeline", "flowsentry-mine"]
    assert bodies["flowsentry-mine"]["widgets"][0]["properties"]["markdown"] == "flowsentry-mine"


def test_series_are_those_of_get_metric_data_by_period(deployed: Deployed) -> None:
    for minute, value in ((0, 1.0), (1, 2.0), (7, 4.0)):
        put(FLOWS, NOON + minute * 60, value)
    put(Metric(NAMESPACE, "Flows"), NOON, 100.0)
    wanted = [MetricStat(FLOWS, "Sum", period) for period in (300, 3_600)]
    assert deployed.series([*wanted, MetricStat(FLOWS, "Maximum", 300)], SPAN) == [
        Series([NOON, NOON + 300], [3.0, 4.0]),
        Series([NOON], [7.0]),
        Series([NOON, NOON + 300], [2.0, 4.0]),
    ]
    assert deployed.series([MetricStat(Metric("AWS/SQS", "None"), "Sum", 300)], SPAN) == [Series([], [])]


def test_metrics_are_listed_once_each(deployed: Deployed) -> None:
    for minute in range(3):
        put(FLOWS, NOON + minute * 60, 1)
    put(Metric(NAMESPACE, "Flows"), NOON, 1)
    assert deployed.metrics() == [Metric(NAMESPACE, "Flows"), FLOWS]


def test_alarms_have_their_state_and_what_they_mean(deployed: Deployed) -> None:
    _client("cloudwatch").put_metric_alarm(
        AlarmName="dead-letters",
        AlarmDescription="Objects that could not be read",
        Namespace=NAMESPACE,
        MetricName="Flows",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    _client("cloudwatch").set_alarm_state(AlarmName="dead-letters", StateValue="ALARM", StateReason="one")
    [alarm] = deployed.alarms()
    assert (alarm.name, alarm.state, alarm.reason) == ("dead-letters", "ALARM", "one")
    assert alarm.description == "Objects that could not be read"


def test_log_events_are_those_of_the_time_range_and_none_of_an_unknown_group(deployed: Deployed) -> None:
    logs = _client("logs")
    logs.create_log_group(logGroupName="/one")
    logs.create_log_stream(logGroupName="/one", logStreamName="a")
    now = recently()
    events = [{"timestamp": (now + seconds) * 1_000, "message": str(seconds)} for seconds in (0, 10, 20)]
    logs.put_log_events(logGroupName="/one", logStreamName="a", logEvents=events)
    assert deployed.log_events("/one", Span(now, now + 20)) == [
        LogEvent("0", now * 1_000),
        LogEvent("10", (now + 10) * 1_000),
    ]
    assert deployed.log_events("/none", SPAN) == []


def recently() -> int:
    """A recent second: CloudWatch Logs refuses events of long ago."""
    return int(time.time()) - 60


def test_an_alert_has_the_message_that_was_delivered_and_its_triage_is_kept_in_the_table(deployed: Deployed) -> None:
    make_findings_table()
    found = Finding("0" * 23 + "a", "port_scan", Severity.HIGH, "a scan", "10.0.0.9", "vpc-1", NOON, NOON + 60)
    FindingTable(FINDINGS_TABLE, clients.dynamodb()).put_new([found])
    sent = Message("one", NOON, "[high] sent", "text", {"type": "finding", "id": found.id}, {})
    inbox = Deployed(deployed.aws, sent=lambda: [sent]).inbox
    [entry] = deployed.alerts()
    assert (entry.finding.id, entry.triage.state) == (found.id, State.OPEN)
    assert inbox.message_about(entry) == sent
    inbox.triage(found.id, "acknowledge", "alice", "known", 0)
    [again] = deployed.alerts()
    assert (again.triage.state, again.triage.by, again.triage.note) == (State.ACKNOWLEDGED, "alice", "known")


def test_flows_are_the_newest_enriched_records_and_each_object_is_read_once(deployed: Deployed) -> None:
    make_bucket(OUTPUT_BUCKET)
    assert deployed.flows().is_empty()
    put_enriched("0", pl.DataFrame(schema={"end": pl.Int64, "srcaddr": pl.String}))
    assert deployed.flows().is_empty()
    for number in (2, 1):
        put_enriched(str(number), pl.DataFrame({"end": [number], "srcaddr": [f"10.0.0.{number}"]}))
    assert deployed.flows()["srcaddr"].to_list() == ["10.0.0.1", "10.0.0.2"]
    assert (deployed.coverage().first, deployed.coverage().last) == (1, 2)
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key="enriched/1.parquet", Body=b"read again, it would fail")
    assert len(deployed.flows()) == 2


def test_no_more_records_are_held_than_pages_read(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enriched_objects, "MAX_FLOWS", 3)
    make_bucket(OUTPUT_BUCKET)
    for number in range(5):
        put_enriched(str(number), pl.DataFrame({"end": [2 * number, 2 * number + 1]}))
    assert deployed.flows()["end"].to_list() == [7, 8, 9]


def put_enriched(name: str, records: pl.DataFrame) -> None:
    file = io.BytesIO()
    records.write_parquet(file)
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=f"enriched/{name}.parquet", Body=file.getvalue())


def test_known_services_are_those_of_the_evidence_table(deployed: Deployed) -> None:
    make_evidence_table()
    table = KnownServicesTable(EVIDENCE_TABLE, clients.dynamodb(), clock=lambda: NOON)
    service = Service("vpc-1", b"\x0a\x00\x00\x01\x01\xbb\x06")
    table.learn([Answer(service, NOON // 86_400, NOON, 1, is_inside=True)])
    table.mark_down([Outage(service, recently())])
    services = deployed.known_services()
    assert services.days[service][NOON // 86_400].last_seen == NOON
    assert set(services.down_since) == {service}


def test_the_inventory_is_that_of_the_output_bucket(deployed: Deployed) -> None:
    make_bucket(OUTPUT_BUCKET)
    assert deployed.inventory().is_empty
    inventory = Inventory.of((API,), NETWORKS)
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=pack(inventory))
    assert set(API.addresses) <= set(Deployed(deployed.aws).inventory().assignments["address"])


def test_what_aws_refuses_is_a_sentence(deployed: Deployed) -> None:
    clients.ssm().delete_parameter(Name="/flowsentry/output-bucket-name")
    with pytest.raises(DataError, match="the deployment cannot be read from AWS now"):
        deployed.flows()
