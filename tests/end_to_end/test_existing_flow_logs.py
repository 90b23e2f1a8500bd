"""The app pointed at flow logs that were there before it: a log group and a bucket that are not its own."""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flowsentry.records.fields import names_in_log_format
from local.aws.deployment.assembly import deploy_assembly
from local.aws.deployment.verification import missing_resources
from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.demo.account import settings_for
from stacks.constructs.parameters import Value
from tests.builders import flow_log
from tests.end_to_end.conftest import QUICK, founded, synthesise
from tests.end_to_end.deployed_app import OBJECTS, STREAM, DeployedApp, gz, increase

GROUP, BUCKET = "/network/flow-logs", "network-archive"
FILES, FIREHOSE = "flow-logs/", "firehose/network/"
CUSTOM = (
    "${action} ${dstaddr} ${srcaddr} ${dstport} ${srcport} ${end} ${start} ${bytes} ${packets} ${protocol} "
    "${tcp-flags} ${log-status} ${flow-direction} ${interface-id} ${vpc-id} ${account-id}"
)
"""An order that no default has: read by any other, nothing would be found."""
NAMES = names_in_log_format(CUSTOM)
STACKS = ("flow-logs", "state", "analytics", "processing", "monitoring")
SEEN = ("Lines", "Records", "RejectedLines", "FindingsRaised")


@dataclass
class PointedApp(DeployedApp):
    """The app without flow logs of its own."""

    assembly: Path = REPOSITORY / "build"
    settings: dict[str, object] | None = None

    def deploy(self, settings: dict[str, object]) -> None:
        """Deployed, and settled, with these settings; nothing when it already is."""
        if settings != self.settings:
            synthesise(settings, self.assembly)
            deploy_assembly(self.aws, self.assembly)
            self.aws.wait_until_quiet(120)
            self.settings = settings

    def put_there(self, key: str, content: bytes) -> None:
        """An object of the bucket that was there before, once it was taken up."""
        self.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)
        self.settle()

    def problems(self) -> list[str]:
        missing = [each for stack in STACKS for each in missing_resources(self.aws, f"flowsentry-{stack}")]
        return missing + self.aws.failures()


def network_of_others(aws: EmbeddedAws, vpc_ids: Iterable[str]) -> None:
    """A log group and a bucket with flow logs of these VPCs, made by hand, and EventBridge turned on."""
    logs, s3, ec2, iam = (aws.client(service) for service in ("logs", "s3", "ec2", "iam"))
    logs.create_log_group(logGroupName=GROUP)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=400)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}})
    role = iam.create_role(RoleName="their-delivery", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    what = {"ResourceType": "VPC", "TrafficType": "ALL", "LogFormat": CUSTOM}
    to_group = {"LogGroupName": GROUP, "DeliverLogsPermissionArn": role}
    to_bucket = {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{BUCKET}/{FILES}"}
    for vpc_id, where in zip(vpc_ids, (to_group, to_bucket), strict=True):
        assert ec2.create_flow_logs(ResourceIds=[vpc_id], **what, **where)["Unsuccessful"] == []


def pointing() -> dict[str, object]:
    """What the settings of cdk.json are to be."""
    return {
        "flowsentry.sources": [],
        "flowsentry.existing_log_groups": [{"name": GROUP}],
        "flowsentry.existing_buckets": [
            {"name": BUCKET, "prefix": FILES},
            {"name": BUCKET, "prefix": FIREHOSE, "log_formats": [CUSTOM]},
        ],
        "flowsentry.alert_emails": ["you@company.example"],
    }


@pytest.fixture(scope="module")
def pointed(worker_id: str) -> Iterator[PointedApp]:
    with EmbeddedAws.start(QUICK) as aws:
        company = founded(aws)
        network_of_others(aws, [network.vpc_id for network in company.networks])
        app = PointedApp(aws, company, assembly=REPOSITORY / "build" / f"existing-{worker_id}.cdk.out")
        app.deploy(pointing())
        aws.fire_schedules("Ownership")
        aws.wait_until_quiet(60)
        yield app


@pytest.fixture
def app(pointed: PointedApp) -> Iterator[PointedApp]:
    """The app, pointed; after the test all resources are there, and nothing has failed underneath."""
    pointed.deploy(pointing())
    yield pointed
    assert pointed.problems() == []


def test_log_events_of_an_existing_group_are_read_by_the_format_that_ec2_tells(app: PointedApp) -> None:
    network = app.in_logs
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
    assert len(app.mails_about(finding.id)) == 1


def test_flow_log_files_of_an_existing_bucket_are_read_as_they_come(app: PointedApp) -> None:
    network, name = app.in_bucket, f"{app.aws.account}_vpcflowlogs_{app.aws.region}_fl-1_20261121T1200Z_0f1e2d3c.log.gz"
    client = network.host("client")
    before = app.totals(OBJECTS, *SEEN), app.totals_of(network)
    folder = f"AWSLogs/aws-account-id={app.aws.account}/aws-service=vpcflowlogs/year=2026"
    app.put_there(
        f"{FILES}{folder}/{name}", gz(flow_log(app.scan(network, client.address, range(1, 21), NAMES), NAMES))
    )
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before[0], app.totals(OBJECTS, *SEEN)) == counted
    assert increase(before[1], app.totals_of(network)) == {"Flows": 20, "RejectedFlows": 20, "Packets": 60}
    [finding] = app.findings(client.address)
    assert (finding.kind, finding.scope) == ("port_scan", network.vpc_id)
    assert len(app.enriched(client.address)) == len(app.mails_about(finding.id)) == 1


def test_flow_log_files_in_parquet_are_found_the_same_in(app: PointedApp) -> None:
    source, columns = "10.50.0.50", [name.replace("-", "_") for name in NAMES]
    lines = "\n".join(app.scan(app.in_bucket, source, range(1, 21), NAMES)).encode()
    file = io.BytesIO()
    pl.read_csv(lines, separator=" ", has_header=False, new_columns=columns).write_parquet(file, compression="gzip")
    before = app.totals(OBJECTS, *SEEN)
    app.put_there(f"{FILES}AWSLogs/{app.aws.account}/vpcflowlogs/part.log.parquet", file.getvalue())
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before, app.totals(OBJECTS, *SEEN)) == counted
    assert [finding.kind for finding in app.findings(source)] == ["port_scan"]


@pytest.mark.parametrize("shape", ["lines", "gzip", "json"])
def test_what_firehose_wrote_without_a_header_is_read_by_the_format_that_is_given(app: PointedApp, shape: str) -> None:
    source = {"lines": "10.50.0.51", "gzip": "10.50.0.52", "json": "10.50.0.53"}[shape]
    lines = app.scan(app.in_bucket, source, range(1, 21), NAMES)
    plain = "".join(f"{line}\n" for line in lines).encode()
    written = {"json": "".join(json.dumps({"message": line}) for line in lines).encode(), "gzip": gz(plain)}
    before = app.totals(OBJECTS, *SEEN)
    app.put_there(f"{FIREHOSE}2026/11/21/12/network-1-{shape}", written.get(shape, plain))
    counted = {"Lines": 20, "Records": 20, "RejectedLines": 0, "FindingsRaised": 1}
    assert increase(before, app.totals(OBJECTS, *SEEN)) == counted
    assert [finding.kind for finding in app.findings(source)] == ["port_scan"]


def test_a_key_with_signs_that_s3_would_encode_is_found_by_its_name(app: PointedApp) -> None:
    source = "10.50.0.54"
    app.put_there(
        f"{FILES}a copy+of 50%25/ü.log", flow_log(app.scan(app.in_bucket, source, range(1, 21), NAMES), NAMES)
    )
    assert len(app.findings(source)) == 1


def test_without_a_header_and_a_format_for_its_place_an_object_is_a_dead_letter(app: PointedApp) -> None:
    lines = "".join(f"{line}\n" for line in app.scan(app.in_bucket, "10.50.0.55", range(1, 21), NAMES))
    app.put_there(f"{FILES}bare.log", lines.encode())
    [letter] = app.dead_letters("bare.log")
    assert letter.reason == "no-header"
    assert json.loads(letter.body)["detail"]["object"]["key"] == f"{FILES}bare.log"


def test_what_is_beside_the_prefixes_is_not_told_of(app: PointedApp) -> None:
    before = app.totals(OBJECTS, *SEEN, "PoisonSources", "IgnoredObjects")
    app.put_there("invoices/2026.csv", b"1;2;3\n")
    assert set(increase(before, app.totals(OBJECTS, *before)).values()) == {0}
    assert app.dead_letters("invoices") == []


def test_when_it_is_pointed_elsewhere_the_log_group_and_the_bucket_are_as_they_were(app: PointedApp) -> None:
    logs, ec2, kept = app.aws.client("logs"), app.aws.client("ec2"), app.objects(BUCKET).keys()
    [filter_] = logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]
    assert ":lambda:" in filter_["destinationArn"]
    app.deploy(settings_for(app.company))
    assert logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"] == []
    [group] = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert group["retentionInDays"] == 400
    assert app.objects(BUCKET).keys() == kept
    assert len([each for each in ec2.describe_flow_logs()["FlowLogs"] if each["LogFormat"] == CUSTOM]) == 2
    before = app.totals(OBJECTS, "Lines")
    app.put_there(f"{FILES}later.log", flow_log(app.scan(app.in_bucket, "10.50.0.56", range(1, 21), NAMES), NAMES))
    assert increase(before, app.totals(OBJECTS, "Lines")) == {"Lines": 0}
