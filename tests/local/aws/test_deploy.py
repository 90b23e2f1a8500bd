"""The real app, deployed by the real CDK CLI."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.aws.deploy import DeployError, bootstrap, deploy
from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings
from local.aws.verification import missing_resources

STACKS = ("flow-logs", "state", "processing", "monitoring")


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    """An account that is ready for the CDK."""
    with EmbeddedAws.start(Settings(probe_subscriptions=False)) as aws:
        bootstrap(aws)
        yield aws


def new_vpc(aws: EmbeddedAws) -> str:
    return str(aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.mark.deploy
def test_every_resource_of_the_app_exists_after_a_deploy_and_no_answer_was_500(
    account: EmbeddedAws, tmp_path: Path
) -> None:
    sources = [
        {"vpc_ids": [new_vpc(account)], "destination": "cloudwatch"},
        {"vpc_ids": [new_vpc(account)], "destination": "s3"},
    ]
    deploy(account, {"flowsentry.sources": sources}, output=tmp_path)
    assert [problem for stack in STACKS for problem in missing_resources(account, f"flowsentry-{stack}")] == []
    assert account.failures() == []


@pytest.mark.deploy
def test_a_deploy_that_fails_says_what_the_cli_said(account: EmbeddedAws, tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(f"import sys; sys.exit({json.dumps('these settings will not do')})")
    with pytest.raises(DeployError, match="these settings will not do"):
        deploy(account, {}, output=tmp_path / "out", app=f"python {app}")
