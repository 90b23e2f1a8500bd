"""Deploys the app once for all of these tests, from the templates of app.py; functions run from their zip files.

The CDK CLI is not used here: tests/local/aws/deployment/test_deploy.py covers it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.aws.deployment.assembly import deploy_assembly
from local.aws.deployment.deploy import this_machine
from local.aws.embedded import REPOSITORY, EmbeddedAws
from local.aws.settings import Settings
from local.demo.account import settings_for
from local.traffic.company.creation import create_company
from local.traffic.company.network import Company, DeliveryPath, Rule
from local.traffic.company.plan import VPC, HostPlan, NetworkPlan, SubnetPlan
from tests.end_to_end.deployed_app import DeployedApp

QUICK = Settings(async_retry_seconds=0.05, redelivery_seconds=0.1, batch_window_seconds=0.05, stream_retry_seconds=0.05)
MOST_MESSAGES = 1_000
"""All files share this deployment: with the default of 20 messages an hour, later tests would find a summary instead of
their alert."""


@pytest.fixture(scope="session")
def deployed(worker_id: str) -> Iterator[DeployedApp]:
    """The app in the embedded AWS in a child process, so that moto in this process is unpatched.

    Events of the deployment have been processed, and the inventory was discovered once.
    """
    with EmbeddedAws.start(QUICK) as aws:
        company = two_networks(aws)
        output = REPOSITORY / "build" / f"end-to-end-{worker_id}.cdk.out"
        synthesise({**settings_for(company), "flowsentry.max_urgent_messages_an_hour": MOST_MESSAGES}, output)
        deploy_assembly(aws, output)
        aws.wait_until_quiet(120)
        aws.fire_schedules("Ownership")
        aws.wait_until_quiet(60)
        yield DeployedApp(aws, company)


@pytest.fixture
def app(deployed: DeployedApp) -> Iterator[DeployedApp]:
    """The app; fails the test if it causes a failure of the embedded AWS."""
    before = len(deployed.aws.failures())
    yield deployed
    assert deployed.aws.failures()[before:] == []


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The id of the pytest-xdist worker; `only` without workers."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "only"))


def two_networks(aws: EmbeddedAws) -> Company:
    """A company of two networks with a client and a server each."""
    plans = (
        plan("in-logs", "10.40.0.0/16", DeliveryPath.CLOUDWATCH_LOGS),
        plan("in-bucket", "10.50.0.0/16", DeliveryPath.S3),
    )
    return create_company(aws.client, plans)


def plan(name: str, cidr: str, delivery_path: DeliveryPath) -> NetworkPlan:
    hosts = (HostPlan("client", "private", 10, ("all",)), HostPlan("server", "private", 11, ("all",)))
    return NetworkPlan(name, cidr, delivery_path, (SubnetPlan("private", 0, "a"),), {"all": (Rule(VPC),)}, hosts)


def synthesise(settings: Mapping[str, object], output: Path) -> None:
    """Writes the app's cloud assembly to the folder, as the CLI would."""
    flags = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    context = {**flags, **this_machine(), **settings, "aws:cdk:bundling-stacks": ["**"]}
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "CDK_OUTDIR": str(output),
            "CDK_CONTEXT_JSON": json.dumps(context),
        },
        stdin=subprocess.DEVNULL,
        check=True,
    )
