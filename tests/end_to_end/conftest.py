"""One account with the deployed app for all of these tests; functions run from their zip files.

The CDK CLI is not used here: tests/local/aws/deployment/test_deploy.py covers it.
"""

from collections.abc import Callable, Iterator

import pytest

from local.aws.embedded import REPOSITORY, EmbeddedAws
from tests.end_to_end.account import FIRST, QUICK, Deployments, Sources, create_account
from tests.end_to_end.deployed_app import OBJECTS, STREAM, DeployedApp


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that change the app's settings, by the fixture `redeploy`, after those that do not."""
    items.sort(key=lambda item: "redeploy" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def deployments(worker_id: str) -> Iterator[Deployments]:
    """The embedded AWS in a child process, so that moto in this process is unpatched, with networks and flow logs."""
    with EmbeddedAws.start(QUICK) as aws:
        yield Deployments(aws, create_account(aws), REPOSITORY / "build" / f"end-to-end-{worker_id}")


@pytest.fixture(scope="session")
def deployed(deployments: Deployments) -> DeployedApp:
    """The app with its first settings. Events of the deployment have been processed, and the inventory was discovered
    once.
    """
    deployments.deploy(FIRST)
    app = DeployedApp(deployments.aws, deployments.company)
    app.at_first = {"S3TestEvents": app.total("S3TestEvents", service=OBJECTS)}
    app.at_first |= {"ControlMessages": app.total("ControlMessages", service=STREAM)}
    app.fire_schedules("Ownership")
    return app


@pytest.fixture(scope="session")
def redeploy(deployments: Deployments) -> Callable[[Sources], None]:
    """Deploys the app with other sources. Tests with this fixture run last, and each begins with a deployment."""
    return deployments.deploy


@pytest.fixture
def app(deployed: DeployedApp) -> Iterator[DeployedApp]:
    """The app; fails the test if it causes a failure of the embedded AWS."""
    with deployed.without_failures():
        yield deployed


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The id of the pytest-xdist worker; `only` without workers."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "only"))
