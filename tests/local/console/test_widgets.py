"""The widgets of a dashboard body with the data that they show."""

import json
import re
from typing import Any

import pytest

from local.console.console_data import Metric, MetricStat, Series
from local.console.span import Span
from local.console.subjects.recorded_metrics import RecordedMetrics
from local.console.widgets.log_tables import log_table
from local.console.widgets.metric_lines import MAX_POINTS, DrawnLine, MetricLines, period_of
from local.console.widgets.metric_math import MetricMathError
from local.console.widgets.search import found_by, search_of
from local.console.widgets.text import tree_of

NAMESPACE = "Flowsentry/flowsentry"
SPAN = Span(600, 1_500)
ONE, TWO = (Metric(NAMESPACE, "Flows", (("vpc", f"vpc-{number}"),)) for number in (1, 2))
OTHERS = (
    Metric(NAMESPACE, "Bytes", (("vpc", "vpc-1"),)),
    Metric(NAMESPACE, "Flows"),
    Metric(NAMESPACE, "Flows", (("service", "one"), ("vpc", "vpc-1"))),
    Metric("Other", "Flows", (("vpc", "vpc-1"),)),
)
BY_VPC = """SEARCH('{"Flowsentry/flowsentry",vpc} MetricName="Flows"', 'Sum', 300)"""


def metrics() -> RecordedMetrics:
    recorded = RecordedMetrics()
    for metric, values in ((ONE, (1, 2, 3)), (TWO, (10, 20, 30))):
        for number, value in enumerate(values):
            recorded.add(metric, 600 + number * 300, value)
    return recorded


def drawn(*rows: list[Any], **properties: Any) -> list[DrawnLine]:
    recorded = metrics()
    lines = MetricLines.of({"metrics": rows, "period": 300, **properties}, SPAN, [*recorded.metrics(), *OTHERS])
    read = {each: recorded.series(each, SPAN) for each in lines.needed()}
    return list(lines.drawn(read.__getitem__))


def test_a_search_draws_a_line_for_each_metric_with_exactly_its_dimensions() -> None:
    lines = drawn([{"expression": BY_VPC, "label": "${PROP('Dim.vpc')} ${PROP('MetricName')}"}])
    assert [each.label for each in lines] == ["vpc-1 Flows", "vpc-2 Flows"]
    assert lines[1].series == Series([600, 900, 1200], [10.0, 20.0, 30.0])


def test_a_hidden_line_is_used_by_expressions_and_not_drawn() -> None:
    hidden = [NAMESPACE, "Flows", "vpc", "vpc-1", {"id": "one", "stat": "Sum", "visible": False, "label": "one"}]
    [line] = drawn(hidden, [{"expression": "one * 2", "label": "double", "id": "two"}])
    assert (line.label, line.series.values) == ("double", [2.0, 4.0, 6.0])


def test_a_number_covers_the_whole_time_range() -> None:
    row = [NAMESPACE, "Flows", "vpc", "vpc-2", {"stat": "Sum", "label": "all"}]
    [line] = drawn(row, view="singleValue", setPeriodToTimeRange=True)
    assert line.series == Series([600], [60.0])


@pytest.mark.parametrize(
    "row", [["...", "vpc-2"], [".", "Flows", ".", "vpc-2"], [NAMESPACE], [NAMESPACE, "Flows", "vpc"]]
)
def test_a_metric_that_refers_to_the_row_before_is_named(row: list[Any]) -> None:
    with pytest.raises(MetricMathError, match=f"short form of a metric, {re.escape(row[0])}"):
        drawn([NAMESPACE, "Flows", "vpc", "vpc-1"], row)


def test_a_line_that_is_computed_from_itself_is_named() -> None:
    with pytest.raises(MetricMathError, match="the line two is computed from itself"):
        drawn([{"expression": "two + two", "id": "one"}], [{"expression": "one * 2", "id": "two"}])


def test_a_line_may_be_used_twice() -> None:
    row = [NAMESPACE, "Flows", "vpc", "vpc-1", {"id": "one", "stat": "Sum", "visible": False}]
    [line] = drawn(row, [{"expression": "one + one", "id": "two"}])
    assert line.series.values == [2.0, 4.0, 6.0]


def test_a_long_time_range_has_a_longer_period_and_a_bounded_number_of_points() -> None:
    assert period_of({"period": 300}, Span(0, 5 * 86_400)) == 300
    year = Span(0, 366 * 86_400)
    assert year.seconds / period_of({"period": 300}, year) <= MAX_POINTS


def test_a_search_without_a_period_or_quotes_is_read() -> None:
    search = search_of("SEARCH('{AWS/Lambda,FunctionName} MetricName=Errors', 'Maximum')")
    assert (search.namespace, search.dimensions, search.name) == ("AWS/Lambda", {"FunctionName"}, "Errors")
    assert found_by(search, OTHERS) == []


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Sum", 10.0), ("Average", 2.5), ("Minimum", 1.0), ("Maximum", 4.0), ("SampleCount", 4.0), ("p50", 2.5)],
)
def test_a_statistic_of_a_line_in_embedded_metric_format_is_that_of_its_values(statistic: str, expected: float) -> None:
    directive = {"Namespace": NAMESPACE, "Dimensions": [["vpc"]], "Metrics": [{"Name": "Flows"}, {"Name": "Absent"}]}
    recorded = RecordedMetrics()
    stamp = {"Timestamp": 610_000, "CloudWatchMetrics": [directive]}
    recorded.add_line(json.dumps({"_aws": stamp, "vpc": "vpc-1", "Flows": [1, 2, 3, 4]}))
    recorded.add_line("no metrics")
    assert recorded.series(MetricStat(ONE, statistic, 300), SPAN) == Series([600], [expected])
    assert recorded.metrics() == [ONE]


def test_a_log_table_has_the_rows_of_all_its_groups_and_a_sentence_for_a_query_that_it_does_not_know() -> None:
    rows = {"/a": [{"@message": "", "port": 1}], "/b": [{"@message": "", "port": 2}]}
    table = log_table("SOURCE '/a' | SOURCE '/b' | fields port | sort port desc | limit 10", rows.__getitem__)
    assert table == {"columns": ["port"], "rows": [[2], [1]], "error": ""}
    assert "cannot be run here" in log_table("SOURCE '/a' | pattern @message", rows.__getitem__)["error"]


def test_markdown_becomes_elements_and_its_html_and_scripts_stay_text() -> None:
    text = "# Title\n<script>alert(1)</script> [x](javascript:alert(1)) [y](https://example.com) `code`"
    heading, paragraph = tree_of(text)
    assert heading == {"tag": "h1", "children": ["Title"]}
    assert "".join(each for each in paragraph["children"] if isinstance(each, str)).startswith("<script>alert(1)")
    elements = [(each["tag"], each.get("href")) for each in paragraph["children"] if isinstance(each, dict)]
    assert elements == [("a", "https://example.com"), ("code", None)]
