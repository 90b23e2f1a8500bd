"""Validation of lines in embedded metric format."""

from typing import Any

import pytest

from local.aws.monitoring.embedded_format import defects_of


def line(**changes: Any) -> dict[str, Any]:
    metrics = [{"Name": "Flows", "Unit": "Count"}]
    directive = {"Namespace": "Flowsentry", "Dimensions": [["vpc"]], "Metrics": metrics}
    return {
        "_aws": {"Timestamp": 1_790_000_000_000, "CloudWatchMetrics": [directive]},
        "vpc": "vpc-1",
        "Flows": 1,
    } | changes


def test_a_valid_line_is_accepted() -> None:
    assert defects_of(line()) == []
    assert defects_of(line(Flows=[1, 2.5])) == []


@pytest.mark.parametrize("value", ["", " ", ":x", "é", "\x01", "x" * 1_025, 1, None, ["x"]])
def test_a_dimension_that_is_not_short_printable_ascii_is_rejected(value: object) -> None:
    assert len(defects_of(line(vpc=value))) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.0**361, "1", None, True, [], [1] * 101])
def test_a_value_that_is_not_a_finite_number_is_rejected(value: object) -> None:
    assert defects_of(line(Flows=value))


@pytest.mark.parametrize("changed", [{"_aws": None}, {"_aws": {"Timestamp": "x", "CloudWatchMetrics": []}}])
def test_a_line_without_metadata_is_rejected(changed: dict[str, Any]) -> None:
    assert defects_of(line(**changed))


def test_a_timestamp_that_is_too_old_or_too_new_is_rejected() -> None:
    now = 1_790_000_000_000
    assert defects_of(line(), now) == []
    assert defects_of(line(), now + 15 * 86_400_000)
    assert defects_of(line(), now - 3 * 3_600_000)
