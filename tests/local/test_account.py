"""The Region in which the commands look for a deployment."""

import pytest

from local.account import Account


@pytest.mark.parametrize(
    ("given", "variables", "region"),
    [
        (None, {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        (None, {"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ("sa-east-1", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "sa-east-1"),
    ],
)
def test_a_command_looks_where_the_cdk_deploys(
    monkeypatch: pytest.MonkeyPatch, given: str | None, variables: dict[str, str], region: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Account("flowsentry", given, None).resources.region == region
