"""The examples as settings files: valid by the schema and by the app, and each described."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stacks.settings.deployment import Deployment

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
FILES = sorted(EXAMPLES.glob("*.json"))
by_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@by_file
def test_an_example_is_accepted_as_a_settings_file(file: Path) -> None:
    assert Deployment.from_context({"settings": str(file)}).alert_emails == ("you@example.com",)


@by_file
def test_an_example_is_valid_by_the_schema_that_it_names(file: Path) -> None:
    example = json.loads(file.read_text())
    schema = json.loads((EXAMPLES / example["$schema"]).read_text())
    assert [each.message for each in Draft202012Validator(schema).iter_errors(example)] == []


def test_the_page_describes_every_example() -> None:
    described = re.findall(r"^\*\*\[(.+\.json)\]\(\1\)\*\*", (EXAMPLES / "README.md").read_text(), flags=re.MULTILINE)
    assert sorted(described) == [file.name for file in FILES]


def test_every_kind_of_source_has_an_example() -> None:
    deployments = [Deployment.from_context({"settings": str(file)}) for file in FILES]
    types = {each.type for deployment in deployments for each in deployment.flow_logs}
    assert types == {"VPC", "Subnet", "NetworkInterface", "TransitGateway", "TransitGatewayAttachment"}
    assert any(deployment.existing_log_groups and deployment.existing_buckets for deployment in deployments)
    assert any(source.all_vpcs for deployment in deployments for source in deployment.sources)
    assert any(deployment.has_members for deployment in deployments)
    assert any(deployment.has_customer_key for deployment in deployments)
