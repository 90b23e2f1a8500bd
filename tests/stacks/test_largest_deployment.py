"""The largest deployment that the settings allow exceeds no limit of AWS."""

from collections.abc import Mapping
from typing import Any

import pytest

from stacks.limits.functions import ENVIRONMENT_BYTES, FUNCTION
from stacks.limits.names_and_values import RESOURCES
from stacks.limits.plugin import exceeded
from stacks.limits.templates import Templates
from stacks.settings.deployment import LARGEST_STACK
from tests.stacks.conftest import ALL_SETTINGS, Synthesise
from tests.stacks.test_deployment import refusal

LONGEST_NAME = "a" * 30
VPCS = [f"vpc-{number:017x}" for number in range(1, 121)]
LARGEST = {
    **ALL_SETTINGS,
    "name": LONGEST_NAME,
    "sources": [
        *(
            {"vpc_ids": [vpc], "destination": "cloudwatch", "log_format": "default", "name": f"{'s' * 37}{n}"}
            for n, vpc in enumerate(VPCS[:12])
        ),
        {"vpc_ids": VPCS[20:120], "destination": "s3"},
    ],
    "existing_log_groups": [{"name": f"/{'network/' * 60}{number}", "kinesis": True} for number in range(5)],
    "trusted_networks": [f"2001:db8:{number:x}::/48" for number in range(256)],
    "important_services": [f"orders-database-{number}.internal.example:5432" for number in range(2_000)],
    "geo_databases": [f"s3://{letter * 63}/{'k' * 507}.mmdb" for letter in "ab"],
    "role_path": f"/{'p' * 50}/{'p' * 50}/",
    "customer_key": True,
    "tags": {f"{number}{'k' * 100}": "v" * 255 for number in range(5)},
    "event_bus": f"arn:aws:events:eu-central-1:123456789012:event-bus/{'b' * 256}",
}


@pytest.fixture(scope="module")
def largest(synthesise: Synthesise) -> Templates:
    return Templates(synthesise(LARGEST))


def test_no_limit_is_exceeded(largest: Templates) -> None:
    assert [(each.resource.id, each.sentence) for each in exceeded(largest)] == []


def test_as_many_flow_logs_as_are_allowed_fit_into_one_stack_and_onto_one_dashboard(synthesise: Synthesise) -> None:
    """Everything else that the flow logs stack can have is in it too; one flow log more is refused by the settings."""
    made = synthesise(settings_of(LARGEST_STACK))
    assert LARGEST_STACK < len(made["FlowLogs"]["Resources"]) <= RESOURCES
    assert [(each.resource.id, each.sentence) for each in exceeded(Templates(made))] == []
    sentence = f"{LARGEST_STACK + 1 - 4} flow logs, 1 log groups and 2 rules; allowed in one stack: {LARGEST_STACK}"
    assert sentence in refusal(settings_of(LARGEST_STACK + 1))


def settings_of(number: int) -> dict[str, Any]:
    """Settings that make so many flow logs, log groups, which count twice, and rules."""
    vpcs = [f"vpc-{each:017x}" for each in range(number - 5)]
    logged = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch", "kinesis": True}
    return {
        "sources": [{"vpc_ids": vpcs, "destination": "s3", "log_format": "v11"}, logged],
        "existing_buckets": [{"name": f"central-flow-logs-{each}"} for each in range(2)],
        "existing_log_groups": ALL_SETTINGS["existing_log_groups"],
        "customer_key": True,
        "organization_id": "o-1234567890",
        "digest_topic": True,
    }


def test_the_environment_of_each_function_has_room(largest: Templates) -> None:
    sizes = {each.id: largest.bytes_of(each, variables(each.properties)) for each in largest.of_type(FUNCTION)}
    assert len(sizes) >= 4
    assert max(sizes.values()) < ENVIRONMENT_BYTES


def variables(function: Mapping[str, Any]) -> Any:
    return function["Environment"]["Variables"]
