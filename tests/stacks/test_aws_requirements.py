"""docs/aws-requirements.md names every type of resource that the stacks create."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "aws-requirements.md"
STACKS = {
    "FlowLogs": "flow logs",
    "State": "state",
    "Analytics": "analytics",
    "Processing": "processing",
    "Monitoring": "monitoring",
}


@pytest.mark.parametrize("stack", STACKS)
def test_every_type_of_resource_of_a_stack_is_named(templates: Mapping[str, Any], stack: str) -> None:
    (row,) = re.findall(rf"^\| {STACKS[stack]} \| (.*) \|$", PAGE.read_text(), flags=re.MULTILINE)
    created = {each["Type"] for each in templates[stack]["Resources"].values()}
    assert created - {"AWS::CDK::Metadata"} - set(re.findall(r"`(AWS::\w+::\w+)`", row)) == set()


def test_the_doubts_are_numbered_in_order() -> None:
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \| ", PAGE.read_text(), flags=re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
