"""Limits of CloudWatch Logs on small made templates: just below passes, just above is one excess with a sentence."""

from collections.abc import Mapping
from typing import Any

import pytest

from stacks.limits.plugin import exceeded
from stacks.limits.templates import Templates

FILTER, QUERY = "AWS::Logs::MetricFilter", "AWS::Logs::QueryDefinition"


def excesses(*stacks: Mapping[str, tuple[str, Any]]) -> list[str]:
    """The sentences about templates with these resources, each as (type, properties)."""
    made = {
        f"Stack{at}": {"Resources": {id_: {"Type": kind, "Properties": given} for id_, (kind, given) in each.items()}}
        for at, each in enumerate(stacks)
    }
    return [each.sentence for each in exceeded(Templates(made))]


@pytest.mark.parametrize(
    ("kind", "key", "most", "sentence"),
    [
        (FILTER, "FilterPattern", 1_024, "its filter pattern has 1,025 characters; allowed: 1,024"),
        (QUERY, "QueryString", 10_000, "its query has 10,001 characters; allowed: 10,000"),
    ],
)
def test_a_text_of_the_greatest_length_passes_and_a_longer_one_does_not(
    kind: str, key: str, most: int, sentence: str
) -> None:
    assert excesses({"It": (kind, {key: "x" * most})}) == []
    assert excesses({"It": (kind, {key: "x" * (most + 1)})}) == [sentence]


def test_a_log_group_has_a_hundred_metric_filters_and_no_more() -> None:
    one, other = (FILTER, {"LogGroupName": "a"}), (FILTER, {"LogGroupName": {"Ref": "Name"}})
    made = {f"Filter{number}": one for number in range(100)}
    assert excesses({**made, "Other": other}) == []
    assert excesses({**made, "Last": one}) == ["its log group has 101 metric filters; allowed: 100"]


def test_an_account_has_a_thousand_saved_queries_and_no_more() -> None:
    half = {f"Query{number}": (QUERY, {}) for number in range(500)}
    assert excesses(half, half) == []
    assert excesses(half, half, {"Query": (QUERY, {})}) == ["there are 1,001 saved queries; allowed: 1,000"]
