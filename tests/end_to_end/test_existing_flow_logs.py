"""The app with existing flow logs as sources: a log group and a bucket that it did not create."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
import pytest

from local.traffic.company.network import Network
from stacks.constructs.parameters import Value
from tests.builders import flow_log
from tests.end_to_end.account import BUCKET, CUSTOM, FILES, FIREHOSE, FIRST, GROUP, NAMES, STREAMED, Sources
from tests.end_to_end.deployed_app import OBJECTS, STREAM, DeployedApp, gz, increase

SEEN = ("Lines", "Records", "RejectedLines", "FindingsRaised")


@dataclass
class ExistingSourcesApp(DeployedApp):
    """The app with flow logs that it did not create."""

    @property
    def in_group(self) -> Network:
        return self.company.network("existing-in-logs")

    @property
    def in_archive(self) -> Network:
        return self.company.network("existing-in-bucket")

    def put_in_existing_bucket(self, key: str, content: bytes) -> None:
        """Writes an object to the existing bucket and waits until it was processed."""
        self.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        self.settle()


@pytest.fixture
def app(deployed: DeployedApp) -> Iterator[ExistingSourcesApp]:
    """The app; fails the test if the embedded AWS has new failures."""
    app = ExistingSourcesApp(deployed.aws, deployed.company, deployed.at)
    with app.without_failures():
        yield app


def test_log_events_of_an_existing_log_group_are_read_in_the_format_of_its_flow_log(app: ExistingSourcesApp) -> None:
    network = app.in_group
    client, server = network.host("client"), network.host("server")
    assert GROUP not in json.loads(app.value(Value.LOG_FORMATS))
    before = app.totals(STREAM, *SEEN), app.totals_of(network)
    app.log(app.scan(network, client.address, range(1, 21), NAMES), GROUP)
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before[0], app.totals(STREAM, *SEEN)) == counted
    assert increase(before[1], app.totals_of(network)) == {"Flows": 20, "RejectedFlows": 20, "Packets": 60}
    [rows] = app.enriched(client.address).values()
    assert set(rows.select("source_owner_name", "destination_owner_id").iter_rows()) == {("client", server.instance_id)}
    [finding] = app.findings(client.address)
    assert (finding.kind, finding.severity, finding.scope) == ("port_scan", "high", network.vpc_id)
    assert len(app.emails_about(finding.id)) == 1


def test_flow_log_files_of_an_existing_bucket_are_read(app: ExistingSourcesApp) -> None:
    network, name = (
        app.in_archive,
        f"{app.aws.account}_vpcflowlogs_{app.aws.region}_fl-1_20261121T1200Z_0f1e2d3c.log.gz",
    )
    client = network.host("client")
    before = app.totals(OBJECTS, *SEEN), app.totals_of(network)
    folder = f"AWSLogs/aws-account-id={app.aws.account}/aws-service=vpcflowlogs/year=2026"
    app.put_in_existing_bucket(
        f"{FILES}{folder}/{name}", gz(flow_log(app.scan(network, client.address, range(1, 21), NAMES), NAMES))
    )
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before[0], app.totals(OBJECTS, *SEEN)) == counted
    assert increase(before[1], app.totals_of(network)) == {"Flows": 20, "RejectedFlows": 20, "Packets": 60}
    [finding] = app.findings(client.address)
    assert (finding.kind, finding.scope) == ("port_scan", network.vpc_id)
    assert len(app.enriched(client.address)) == len(app.emails_about(finding.id)) == 1


def test_flow_log_files_in_parquet_are_read(app: ExistingSourcesApp) -> None:
    source, columns = "10.70.0.50", [name.replace("-", "_") for name in NAMES]
    lines = "\n".join(app.scan(app.in_archive, source, range(1, 21), NAMES)).encode()
    file = io.BytesIO()
    pl.read_csv(lines, separator=" ", has_header=False, new_columns=columns).write_parquet(file, compression="gzip")
    before = app.totals(OBJECTS, *SEEN)
    app.put_in_existing_bucket(f"{FILES}AWSLogs/{app.aws.account}/vpcflowlogs/part.log.parquet", file.getvalue())
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before, app.totals(OBJECTS, *SEEN)) == counted
    assert [finding.kind for finding in app.findings(source)] == ["port_scan"]


@pytest.mark.parametrize("shape", ["lines", "gzip", "json"])
def test_firehose_objects_without_a_header_are_read_in_the_configured_format(
    app: ExistingSourcesApp, shape: str
) -> None:
    source = {"lines": "10.70.0.51", "gzip": "10.70.0.52", "json": "10.70.0.53"}[shape]
    lines = app.scan(app.in_archive, source, range(1, 21), NAMES)
    plain = "".join(f"{line}\n" for line in lines).encode()
    written = {"json": "".join(json.dumps({"message": line}) for line in lines).encode(), "gzip": gz(plain)}
    before = app.totals(OBJECTS, *SEEN)
    app.put_in_existing_bucket(f"{FIREHOSE}2026/11/21/12/network-1-{shape}", written.get(shape, plain))
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before, app.totals(OBJECTS, *SEEN)) == counted
    assert [finding.kind for finding in app.findings(source)] == ["port_scan"]


def test_an_object_with_special_characters_in_its_key_is_read(app: ExistingSourcesApp) -> None:
    source = "10.70.0.54"
    app.put_in_existing_bucket(
        f"{FILES}a copy+of 50%25/ü.log", flow_log(app.scan(app.in_archive, source, range(1, 21), NAMES), NAMES)
    )
    assert len(app.findings(source)) == 1


def test_an_object_without_a_header_or_a_configured_format_is_a_dead_letter(app: ExistingSourcesApp) -> None:
    lines = "".join(f"{line}\n" for line in app.scan(app.in_archive, "10.70.0.55", range(1, 21), NAMES))
    app.put_in_existing_bucket(f"{FILES}bare.log", lines.encode())
    [letter] = app.dead_letters("bare.log")
    assert letter.reason == "no-header"
    assert json.loads(letter.body)["detail"]["object"]["key"] == f"{FILES}bare.log"


def test_an_object_outside_of_the_prefixes_sends_no_event(app: ExistingSourcesApp) -> None:
    before = app.totals(OBJECTS, *SEEN, "PoisonSources", "IgnoredObjects")
    app.put_in_existing_bucket("invoices/2026.csv", b"1;2;3\n")
    assert set(increase(before, app.totals(OBJECTS, *before)).values()) == {0}
    assert app.dead_letters("invoices") == []


def test_removing_existing_sources_leaves_the_log_group_and_the_bucket_unchanged(
    app: ExistingSourcesApp, redeploy: Callable[[Sources], None]
) -> None:
    redeploy(FIRST)
    logs, ec2, kept = app.aws.client("logs"), app.aws.client("ec2"), app.objects(BUCKET).keys()
    [filter_] = logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]
    assert ":lambda:" in filter_["destinationArn"]
    redeploy(STREAMED)
    assert logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"] == []
    [group] = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 400
    assert app.objects(BUCKET).keys() == kept
    assert len([each for each in ec2.describe_flow_logs()["FlowLogs"] if each["LogFormat"] == CUSTOM]) == 2
    before = app.totals(OBJECTS, "Lines")
    app.put_in_existing_bucket(
        f"{FILES}later.log", flow_log(app.scan(app.in_archive, "10.70.0.56", range(1, 21), NAMES), NAMES)
    )
    assert increase(before, app.totals(OBJECTS, "Lines")) == {"Lines": 0}
