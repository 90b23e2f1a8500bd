"""Every example, synthesised offline, without a finding; deployed into one emulated account, changed and destroyed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.aws.deployment.assembly import deploy_assembly, destroy_assembly
from local.aws.deployment.verification import missing_resources
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import CLOUDWATCH
from tests.examples.account import Account, started
from tests.examples.conftest import ROOT, Synthesise
from tests.examples.contents import contents

NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.json"))
RETAINED = {
    "bucket": ["flow-logs-failedinvocations", "flow-logs-logbucket", "state-output"],
    "table": ["state-tablesevidence", "state-tablesfindings", "state-tablesidempotency"],
}
"""What stays when the stacks are destroyed, beside log groups of flow logs, their data stream and a key: see
"Uninstall" in the README."""
BOOTSTRAP = ("cdk-", "/cdk-bootstrap/")


class Example:
    """An example: its settings, and its cloud assembly in `folder`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.file = ROOT / "examples" / f"{name}.json"

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = json.loads(self.file.read_text())["context"]["flowsentry"]
        return settings

    @cached_property
    def deployment(self) -> Deployment:
        return Deployment.from_context({"settings": str(self.file)})

    def logged(self, account: Account) -> list[str]:
        """The resources that have a flow log when the example is deployed, sorted."""
        named = {each.resource_id for each in self.deployment.flow_logs}
        source = self.deployment.source_of_all_vpcs
        vpcs = account.vpcs() - set(source.except_vpc_ids) if source else set()
        return sorted(named | vpcs)


@pytest.fixture(scope="module")
def examples(synthesise: Synthesise) -> dict[str, Example]:
    """Every example, synthesised from its file as `make synth` does. A finding of cdk-nag would end it."""
    contexts = {name: {"settings": str(ROOT / "examples" / f"{name}.json")} for name in NAMES}
    return {name: Example(name, synthesise(name, context)) for name, context in contexts.items()}


@pytest.fixture(scope="module")
def account(examples: Mapping[str, Example]) -> Iterator[Account]:
    """One account for all examples, with what they name."""
    with started() as account:
        for example in examples.values():
            account.create(example.settings)
        yield account


def deploy(account: Account, example: Example) -> list[str]:
    """Deploys an example, or updates what is deployed to it; returns the names of its stacks. Nothing fails."""
    stacks = deploy_assembly(account.aws, example.folder)
    account.aws.wait_until_quiet()
    assert account.aws.failures() == []
    assert account.flow_logs() == example.logged(account)
    return stacks


def kind_of(name: str) -> str:
    """The stack and the logical id in the generated name of a resource, without hash and suffix."""
    return re.sub(r"^flowsentry-|[0-9a-f]{8}-[0-9a-z]+$", "", name.lower())


def test_cfn_lint_reports_nothing(examples: Mapping[str, Example]) -> None:
    """Templates that are alike in several examples are read once."""
    templates = [path for example in examples.values() for path in example.folder.glob("*.template.json")]
    different = {path.read_bytes(): str(path) for path in templates}
    cfn_lint = str(Path(sys.executable).parent / "cfn-lint")
    # W3005 is about dependencies of a function on its role that CDK states and a reference implies.
    command = [cfn_lint, "--non-zero-exit-code", "informational", "--ignore-checks", "W3005", "--"]
    done = subprocess.run([*command, *different.values()], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.deploy
@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_deployed_and_destroyed_and_only_what_the_readme_names_stays(
    account: Account, examples: Mapping[str, Example], name: str
) -> None:
    example, before = examples[name], contents(account.aws)
    missing = [each for stack in deploy(account, example) for each in missing_resources(account.aws, stack)]
    assert missing == []
    destroy_assembly(account.aws, example.folder)
    after = contents(account.aws)
    left = {kind: after[kind] - names for kind, names in before.items()}
    left = {kind: {each for each in names if not each.startswith(BOOTSTRAP)} for kind, names in left.items()}
    keys, log_groups = len(left.pop("key")), left.pop("log group")
    stream = {"stream": ["flow-logs-payloadstream"]} if example.deployment.has_payload_stream else {}
    assert {kind: sorted(map(kind_of, names)) for kind, names in left.items() if names} == RETAINED | stream
    assert keys == 1
    wanted = [each for each in example.deployment.handlings if each.destination == CLOUDWATCH]
    assert [each.startswith("flowsentry-flow-logs-LogGroup") for each in log_groups] == [True] * len(wanted)
    assert account.aws.failures() == []


@pytest.mark.deploy
@pytest.mark.parametrize(("first", "second"), [*pairwise(NAMES), (NAMES[-1], NAMES[0])])
def test_an_example_is_updated_to_the_next_and_back(
    account: Account, examples: Mapping[str, Example], first: str, second: str
) -> None:
    for name in (first, second, first):
        deploy(account, examples[name])
