"""The state of an alarm, by the tables of AWS's page on missing data, and by its text."""

import pytest

from local.aws.monitoring.alarm_states import Evaluation, State, upper_band

MISSING = ("missing", "ignore", "breaching", "notBreaching")
THREE_OF_THREE = {
    "0-X-X": ("OK", "OK", "OK", "OK"),
    "0----": ("OK", "OK", "OK", "OK"),
    "-----": ("INSUFFICIENT_DATA", "as before", "ALARM", "OK"),
    "0XX-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "----X": ("INSUFFICIENT_DATA", "as before", "ALARM", "OK"),
    "--X--": ("ALARM", "as before", "ALARM", "OK"),
    "X----": ("ALARM", "as before", "ALARM", "OK"),
}
TWO_OF_THREE = {
    "0-X-X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "00X0X": ("ALARM", "ALARM", "ALARM", "ALARM"),
    "0-X--": ("OK", "OK", "ALARM", "OK"),
    "----0": ("OK", "OK", "ALARM", "OK"),
    "----X": ("INSUFFICIENT_DATA", "as before", "ALARM", "OK"),
    "---X-": ("ALARM", "as before", "ALARM", "OK"),
}
CASES = [
    (failing, points, missing, expected)
    for failing, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, row in table.items()
    for missing, expected in zip(MISSING, row, strict=True)
]
VALUES = {"0": 0.0, "X": 2.0, "-": None}


def state(points: str, failing: int, missing: str, before: State = "OK") -> State:
    evaluation = Evaluation("GreaterThanThreshold", 3, failing, missing)  # type: ignore[arg-type]
    return evaluation.state([VALUES[each] for each in points], 1, before)


@pytest.mark.parametrize(("failing", "points", "missing", "expected"), CASES)
@pytest.mark.parametrize("before", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_an_alarm_has_the_state_of_the_table(
    failing: int, points: str, missing: str, expected: str, before: State
) -> None:
    assert state(points, failing, missing, before) == (before if expected == "as before" else expected)


def test_older_data_than_the_evaluation_range_are_not_read() -> None:
    assert state("XXX-----", 3, "notBreaching") == "OK"
    assert state("0-----", 3, "breaching") == "ALARM"


@pytest.mark.parametrize(
    ("comparison", "just_not", "just"),
    [
        ("GreaterThanThreshold", 1, 1.01),
        ("GreaterThanOrEqualToThreshold", 0.99, 1),
        ("LessThanThreshold", 1, 0.99),
        ("LessThanOrEqualToThreshold", 1.01, 1),
    ],
)
def test_a_value_breaches_by_the_comparison(comparison: str, just_not: float, just: float) -> None:
    evaluation = Evaluation(comparison, 1, 1)
    assert evaluation.state([just_not], 1, "OK") == "OK"
    assert evaluation.state([just], 1, "OK") == "ALARM"


def test_the_band_is_as_many_deviations_wide_as_wanted() -> None:
    history = [8.0, 12.0, 8.0, 12.0]
    assert upper_band(history, 3) == 16
    assert upper_band(history[:2], 3) is None


def test_without_a_band_nothing_breaches() -> None:
    evaluation = Evaluation("GreaterThanUpperThreshold", 1, 1, "notBreaching")
    assert evaluation.state([1e9], None, "INSUFFICIENT_DATA") == "OK"
