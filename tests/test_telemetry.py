"""Printed pipeline metrics, and the table of their names."""

import json
import os
import subprocess
import sys
from typing import Any, get_args

import pytest

from flowsentry import telemetry
from flowsentry.metric_names import (
    NAMESPACE,
    PIPELINE_METRICS,
    TRAFFIC_METRICS,
    TRAFFIC_METRICS_BY,
    PipelineMetric,
    TrafficMetric,
)


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "object_processor")
    telemetry.metrics.cache_clear()
    telemetry.metrics().clear_metrics()


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_metric_name_has_a_meaning() -> None:
    assert set(PIPELINE_METRICS) == set(get_args(PipelineMetric))
    assert set(TRAFFIC_METRICS) == set(get_args(TrafficMetric))


def test_a_vpc_and_a_transit_gateway_cost_at_most_eight_metrics_each() -> None:
    assert max(map(len, TRAFFIC_METRICS_BY.values())) <= 8


def test_every_traffic_metric_is_emitted_by_some_dimension() -> None:
    assert {name for names in TRAFFIC_METRICS_BY.values() for name in names} == set(TRAFFIC_METRICS)


def test_counts_add_up_and_are_printed_with_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count("Lines", 2)
    telemetry.count("Lines", 3)
    telemetry.metrics().flush_metrics()
    (line,) = printed(capsys)
    assert line["Lines"] == [2.0, 3.0]
    assert line["service"] == "object_processor"
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == NAMESPACE


def test_a_count_of_zero_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count("Lines", 0)
    telemetry.count_by("RejectedLines", {})
    assert telemetry.metrics().metric_set == {}
    assert printed(capsys) == []


def test_parts_are_printed_with_their_dimension_and_the_total_without(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count_by("RejectedLines", {"short": 2, "long": 1})
    telemetry.metrics().flush_metrics()
    short, long, total = printed(capsys)
    assert (short["reason"], short["RejectedLines"]) == ("short", [2.0])
    assert (long["reason"], long["RejectedLines"]) == ("long", [1.0])
    assert total["RejectedLines"] == [3.0]


def test_a_log_line_is_json_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.logger.cache_clear()
    telemetry.logger().info("object processed", extra={"lines": 3})
    (line,) = printed(capsys)
    assert (line["message"], line["lines"], line["level"]) == ("object processed", 3, "INFO")


def test_parts_that_are_properties_have_a_line_each_and_no_dimension_of_their_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.count_each("SkippedRecords", "interface", {"eni-1": 2, "eni-2": 1})
    first, second = printed(capsys)
    assert (first["interface"], first["SkippedRecords"], first["service"]) == ("eni-1", [2.0], "object_processor")
    assert (second["interface"], second["SkippedRecords"]) == ("eni-2", [1.0])
    assert first["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_garbage_is_collected_from_the_first_invocation_on() -> None:
    code = "import flowsentry.aws, gc; print(gc.isenabled()); import flowsentry.telemetry as t; t.instrumented(print);"
    code += "print(gc.isenabled(), gc.get_freeze_count() > 0)"
    environment = os.environ | {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout.split() == ["False", "True", "True"]
