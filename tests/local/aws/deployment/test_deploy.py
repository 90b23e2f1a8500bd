"""The app, deployed by the CDK CLI."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsentry.findings.suppressions import Suppressions
from flowsentry.settings import SUPPRESSIONS_KEY
from local.aws.deployment.deploy import DeployError, bootstrap, deploy
from local.aws.deployment.verification import missing_resources
from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings

STACKS = ("flow-logs", "state", "analytics", "processing", "monitoring")


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    """A bootstrapped account."""
    with EmbeddedAws.start(Settings(send_control_messages=False)) as aws:
        bootstrap(aws)
        yield aws


@pytest.fixture(scope="module")
def vpcs(account: EmbeddedAws) -> list[str]:
    created = [account.client("ec2").create_vpc(CidrBlock=f"10.{number}.0.0/16") for number in range(2)]
    return [str(each["Vpc"]["VpcId"]) for each in created]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cdk.out")


EVERY_CHANNEL = {
    "flowsentry.digest_topic": True,
    "flowsentry.chat_topic": True,
    "flowsentry.event_bus": "default",
    "flowsentry.security_hub": True,
}
ALLOWS_TOPICS = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": "*",
}
OURS = {"reason": "our own scanner", "networks": ["10.9.0.0/24"]}


def deploy_sources(account: EmbeddedAws, output: Path, *sources: dict[str, Any]) -> None:
    settings = {
        "flowsentry.sources": list(sources),
        "flowsentry.suppressions": [OURS],
        **EVERY_CHANNEL,
    }
    deploy(account, settings, output=output)


def problems(account: EmbeddedAws) -> list[str]:
    missing = [problem for stack in STACKS for problem in missing_resources(account, f"flowsentry-{stack}")]
    return missing + account.failures()


@pytest.mark.deploy
def test_a_deployment_creates_every_resource_without_a_response_of_500(
    account: EmbeddedAws, vpcs: list[str], output: Path
) -> None:
    to_logs = {"vpc_ids": vpcs[:1], "destination": "cloudwatch", "kinesis": False}
    to_bucket = {"vpc_ids": vpcs[1:], "destination": "s3"}
    deploy_sources(account, output, to_logs, to_bucket)
    assert problems(account) == []
    flow_logs = account.client("ec2").describe_flow_logs()["FlowLogs"]
    destinations = {each["ResourceId"]: each["LogDestinationType"] for each in flow_logs}
    assert destinations == {vpcs[0]: "cloud-watch-logs", vpcs[1]: "s3"}


@pytest.mark.deploy
def test_flow_logs_of_both_destinations_become_alerts(account: EmbeddedAws, vpcs: list[str]) -> None:
    """The functions run with their deployed roles: a missing permission is a failure."""
    account.fire_schedules()
    account.wait_until_quiet(60)
    alerts = subscribe_to_alerts(account)
    described = account.client("ec2").describe_flow_logs()["FlowLogs"]
    flow_logs = {flow_log["ResourceId"]: flow_log for flow_log in described}
    for vpc_id, scanner in zip(vpcs, ("10.0.0.99", "10.1.0.99"), strict=True):
        write_a_scan(account, flow_logs[vpc_id], scanner)
    account.wait_until_quiet(60)
    subjects = " ".join(each["Body"] for each in alerts())
    assert "10.0.0.99" in subjects
    assert "10.1.0.99" in subjects
    assert account.failures() == []


@pytest.mark.deploy
def test_the_notifier_writes_the_initial_suppressions_and_delivers_to_every_channel(account: EmbeddedAws) -> None:
    names = {each["Name"]: each["Value"] for each in _parameters(account)}
    key = {"Bucket": names["/flowsentry/output-bucket-name"], "Key": SUPPRESSIONS_KEY}
    first = Suppressions.of_json(account.client("s3").get_object(**key)["Body"].read())
    assert [each.reason for each in first.entries if each.is_enabled] == ["our own scanner"]
    assert len(account.client("securityhub").get_findings()["Findings"]) == 2


def _parameters(account: EmbeddedAws) -> Iterator[Any]:
    for page in account.client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/flowsentry"):
        yield from page["Parameters"]


def subscribe_to_alerts(account: EmbeddedAws) -> Callable[[], list[Any]]:
    """A function that returns the messages that topics have delivered since this call."""
    sqs = account.client("sqs")
    policy = json.dumps({"Statement": [ALLOWS_TOPICS]})
    url = sqs.create_queue(QueueName="alerts", Attributes={"Policy": policy})["QueueUrl"]
    arn = f"arn:aws:sqs:{account.region}:{account.account}:alerts"
    for topic in account.client("sns").list_topics()["Topics"]:
        account.client("sns").subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
    return lambda: list(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))


def write_a_scan(account: EmbeddedAws, flow_log: dict[str, Any], scanner: str) -> None:
    """Writes 40 rejected connections of a scanner to port 22, in the format and to the destination of the flow log."""
    now = int(time.time())
    same = {"version": "2", "interface-id": f"eni-{scanner.replace('.', '')}", "vpc-id": flow_log["ResourceId"]}
    sent = {"protocol": "6", "packets": "1", "bytes": "60", "tcp-flags": "2", "flow-direction": "egress"}
    window = {"start": str(now - 60), "end": str(now), "action": "REJECT", "log-status": "OK", "srcaddr": scanner}
    fields = [token[2:-1] for token in flow_log["LogFormat"].split()]
    network = scanner.rpartition(".")[0]
    lines = []
    for host in range(1, 41):
        target = {"dstaddr": f"{network}.{host}", "srcport": str(40_000 + host), "dstport": "22"}
        packet = {"pkt-srcaddr": scanner, "pkt-dstaddr": target["dstaddr"]}
        values = {**same, **sent, **window, **target, **packet}
        lines.append(" ".join(values.get(field, "-") for field in fields))
    if flow_log["LogDestinationType"] == "s3":
        bucket, _, prefix = flow_log["LogDestination"].split(":::")[1].partition("/")
        put_object(account, bucket, prefix, [" ".join(fields), *lines])
    else:
        put_log_events(account, flow_log["LogGroupName"], lines, now)


def put_object(account: EmbeddedAws, bucket: str, prefix: str, lines: list[str]) -> None:
    body = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
    account.client("s3").put_object(Bucket=bucket, Key=f"{prefix}AWSLogs/123456789012/vpcflowlogs/a.log.gz", Body=body)


def put_log_events(account: EmbeddedAws, group: str, lines: list[str], now: int) -> None:
    logs = account.client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="eni-1-all")
    events = [{"timestamp": now * 1000, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName="eni-1-all", logEvents=events)


@pytest.mark.deploy
def test_a_failed_deployment_raises_an_error_with_the_output_of_the_cli(account: EmbeddedAws, tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(f"import sys; sys.exit({json.dumps('these settings are invalid')})")
    with pytest.raises(DeployError, match="these settings are invalid"):
        deploy(account, {}, output=tmp_path / "out", app=f"python {app}")
