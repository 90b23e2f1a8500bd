"""Thresholds: changes by name, and values that are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.findings.thresholds import ThresholdError, Thresholds, known_thresholds

NAMES = sorted(known_thresholds())


@given(st.sampled_from(NAMES), st.data())
def test_any_value_in_range_is_accepted(name: str, data: st.DataObject) -> None:
    bounds = known_thresholds()[name]
    section, own_name = name.split(".")
    value = data.draw(st.integers(int(bounds.low), int(bounds.high)))
    assert getattr(getattr(Thresholds().changed([f"{name}={value}"]), section), own_name) == value


@given(st.sampled_from(NAMES), st.sampled_from(["low", "high"]))
def test_a_value_out_of_range_is_refused_with_the_allowed_range(name: str, end: str) -> None:
    bounds = known_thresholds()[name]
    value = {"low": int(bounds.low) - 1, "high": int(bounds.high) + 1}[end]
    with pytest.raises(ThresholdError, match=rf"{name} is {value}; allowed: .* from {bounds.low} to {bounds.high}"):
        Thresholds().changed([f"{name}={value}"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("scan.min_endpoint=20", "unknown threshold scan.min_endpoint; known are scan.min_endpoints, "),
        ("scan.min_endpoints", "write it like scan.min_endpoints=20"),
        ("scan.min_endpoints=many", "write it like scan.min_endpoints=20"),
        ("scan.min_endpoints=10.5", "allowed: a whole number from 5 to 60"),
        ("scan.min_failed_per_answered=nan", "is NaN; allowed: a number from "),
        ("scan.min_endpoints=nan", "is NaN; allowed: a whole number from "),
        ("scan.min_endpoints=1e999", "is Infinity; allowed: a whole number from "),
    ],
)
def test_an_invalid_change_is_refused(change: str, complaint: str) -> None:
    with pytest.raises(ThresholdError, match=complaint):
        Thresholds().changed([change])


def test_defaults_are_in_range() -> None:
    assert Thresholds.from_json(Thresholds().to_json()) == Thresholds()


def test_changes_are_listed_and_survive_json() -> None:
    changed = Thresholds().changed(["scan.min_endpoints=20", "scan.min_failed_per_answered=2.5"])
    assert changed.differences() == {"scan.min_endpoints": 20, "scan.min_failed_per_answered": 2.5}
    assert Thresholds.from_json(changed.to_json()) == changed


@pytest.mark.parametrize("text", ["[]", '{"scan": 5}', "{", '{"scan": {"min_endpoints": true}}', '{"scam": {"x": 1}}'])
def test_invalid_json_thresholds_are_refused(text: str) -> None:
    with pytest.raises(ThresholdError):
        Thresholds.from_json(text)


def test_no_changes_are_the_defaults() -> None:
    assert Thresholds.from_json("") == Thresholds.of({}) == Thresholds()
