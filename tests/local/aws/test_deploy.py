"""The real app, deployed by the real CDK CLI."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws.deploy import DeployError, bootstrap, deploy
from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings
from local.aws.verification import missing_resources

SHORT_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status} ${tcp-flags}"
)
STACKS = ("flow-logs", "state", "processing", "monitoring")


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    """An account that is ready for the CDK."""
    with EmbeddedAws.start(Settings(probe_subscriptions=False)) as aws:
        bootstrap(aws)
        yield aws


@pytest.fixture(scope="module")
def vpcs(account: EmbeddedAws) -> list[str]:
    made = [account.client("ec2").create_vpc(CidrBlock=f"10.{number}.0.0/16") for number in range(2)]
    return [str(each["Vpc"]["VpcId"]) for each in made]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cdk.out")


def deploy_sources(account: EmbeddedAws, output: Path, *sources: dict[str, Any]) -> None:
    deploy(account, {"flowsentry.sources": list(sources)}, output=output)


def problems(account: EmbeddedAws) -> list[str]:
    missing = [problem for stack in STACKS for problem in missing_resources(account, f"flowsentry-{stack}")]
    return missing + account.failures()


@pytest.mark.deploy
def test_every_resource_of_the_app_exists_after_a_deploy_and_no_answer_was_500(
    account: EmbeddedAws, vpcs: list[str], output: Path
) -> None:
    to_logs = {"vpc_ids": vpcs[:1], "destination": "cloudwatch"}
    to_bucket = {"vpc_ids": vpcs[1:], "destination": "s3"}
    deploy_sources(account, output, to_logs, to_bucket)
    assert problems(account) == []
    assert destinations(account) == {vpcs[0]: "cloud-watch-logs", vpcs[1]: "s3"}


@pytest.mark.deploy
def test_a_source_can_change_its_way_and_its_format_and_change_back(
    account: EmbeddedAws, vpcs: list[str], output: Path
) -> None:
    deploy_sources(account, output, {"vpc_ids": vpcs, "destination": "s3"})
    assert problems(account) == []
    assert destinations(account) == dict.fromkeys(vpcs, "s3")
    deploy_sources(account, output, {"vpc_ids": vpcs, "destination": "cloudwatch", "log_format": SHORT_FORMAT})
    assert problems(account) == []
    assert destinations(account) == dict.fromkeys(vpcs, "cloud-watch-logs")
    told = account.client("ec2").describe_flow_logs()["FlowLogs"]
    assert {flow_log["LogFormat"] for flow_log in told} == {SHORT_FORMAT}


def destinations(account: EmbeddedAws) -> dict[str, str]:
    told = account.client("ec2").describe_flow_logs()["FlowLogs"]
    return {flow_log["ResourceId"]: flow_log["LogDestinationType"] for flow_log in told}


@pytest.mark.deploy
def test_a_deploy_that_fails_says_what_the_cli_said(account: EmbeddedAws, tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(f"import sys; sys.exit({json.dumps('these settings will not do')})")
    with pytest.raises(DeployError, match="these settings will not do"):
        deploy(account, {}, output=tmp_path / "out", app=f"python {app}")
