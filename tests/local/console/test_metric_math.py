"""Metric math, as AWS's documentation describes it, on small series."""

import pytest

from local.console.console_data import Series
from local.console.widgets.metric_math import Evaluation, MetricMathError, Value, parsed

TIMES = (0, 300, 600)
FLOWS = Series(TIMES, (10.0, 20.0, 30.0))
REJECTED = Series((300,), (5.0,))


def value(text: str) -> Value:
    lines: dict[str, Value] = {"flows": FLOWS, "rejected": REJECTED, "none": Series()}
    return Evaluation(TIMES, lines.__getitem__, lambda _search: [FLOWS, REJECTED]).value(parsed(text))


SEARCH = """SEARCH('{"Flowsentry/flowsentry",vpc} MetricName="Flows"', 'Sum', 300)"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flows * 2", Series([0, 300, 600], [20.0, 40.0, 60.0])),
        ("2 - flows / 10", Series([0, 300, 600], [1.0, 0.0, -1.0])),
        ("(1 + 2) * 3 - -1", 10.0),
        ("flows - rejected", Series([300], [15.0])),
        ("FILL(rejected, 0)", Series(TIMES, [0.0, 5.0, 0.0])),
        ("FILL(none, 0) * 0.000000000466", Series([0, 300, 600], [0.0, 0.0, 0.0])),
        ("flows / (rejected - 5)", Series([], [])),
        ("SUM(flows)", 60.0),
        (f"SUM({SEARCH})", Series([0, 300, 600], [10.0, 25.0, 30.0])),
        (f"MAX({SEARCH}) - MIN({SEARCH})", Series([0, 300, 600], [0.0, 15.0, 0.0])),
        (f"AVG({SEARCH})", Series([0, 300, 600], [10.0, 12.5, 30.0])),
        (f"{SEARCH} * 2", [Series([0, 300, 600], [20.0, 40.0, 60.0]), Series([300], [10.0])]),
    ],
)
def test_an_expression_has_the_value_that_cloudwatch_documents(text: str, expected: Value) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ANOMALY_DETECTION_BAND(flows, 2)", "does not know the function ANOMALY_DETECTION_BAND"),
        ("flows +", "unexpected 'end'"),
        ("flows ? 1", "unexpected"),
        ("flows 1", "unexpected '1'"),
        ("(flows", "expected ')'"),
        ("SEARCH('nothing', 'Sum')", "does not know the search"),
        ("FILL(1, 0)", "FILL takes a series"),
        (f"{SEARCH} - {SEARCH}", "several series and several series"),
        ("SUM(1)", "takes series"),
    ],
)
def test_what_the_console_does_not_know_is_named(text: str, message: str) -> None:
    with pytest.raises(MetricMathError) as refused:
        value(text)
    assert message in str(refused.value)
