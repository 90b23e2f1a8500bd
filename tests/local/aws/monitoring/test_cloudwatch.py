"""Metrics from log lines in embedded metric format."""

import datetime as dt
import json
import time
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from local.aws.embedded import EmbeddedAws
from local.aws.monitoring.cloudwatch import embedded_metrics
from tests.local.aws.conftest import FunctionFactory

names = st.text("abcxyz", min_size=1, max_size=5)
numbers = st.floats(allow_nan=False, allow_infinity=False)


def line(namespace: str, sets: list[list[str]], metrics: dict[str, str], **values: Any) -> dict[str, Any]:
    definitions = [{"Name": name, "Unit": unit} for name, unit in metrics.items()]
    directive = {"Namespace": namespace, "Dimensions": sets, "Metrics": definitions}
    return {"_aws": {"Timestamp": 1_700_000_000_000, "CloudWatchMetrics": [directive]}, **values}


@given(st.lists(numbers, min_size=1, max_size=5), st.sets(names, min_size=1), st.integers(1, 3))
def test_every_metric_has_one_datum_for_each_dimension_set(values: list[float], metrics: set[str], sets: int) -> None:
    made = line("N", [["vpc"]] * sets, dict.fromkeys(metrics, "Count"), vpc="vpc-1", **dict.fromkeys(metrics, values))
    [(namespace, data)] = embedded_metrics(made, 0)
    assert namespace == "N"
    assert len(data) == len(metrics) * sets
    assert all(datum["Values"] == values for datum in data)


def test_a_metric_has_the_time_unit_and_dimensions_of_its_line() -> None:
    [(_, [datum])] = embedded_metrics(line("N", [["vpc"]], {"Bytes": "Bytes"}, vpc="vpc-1", Bytes=7), 0)
    assert datum == {
        "MetricName": "Bytes",
        "Dimensions": [{"Name": "vpc", "Value": "vpc-1"}],
        "Timestamp": dt.datetime(2023, 11, 14, 22, 13, 20),  # noqa: DTZ001 moto's times have no time zone
        "Unit": "Bytes",
        "Values": [7],
    }


def test_a_metric_line_printed_by_a_function_becomes_a_metric(aws: EmbeddedAws, function: FunctionFactory) -> None:
    namespace = f"test-{uuid4().hex[:8]}"
    now = int(time.time() * 1000)
    made = line(namespace, [["vpc"]], {"Bytes": "Bytes"}, vpc="vpc-1", Bytes=[1, 2, 3])
    made["_aws"]["Timestamp"] = now
    prints = function(f"print({json.dumps(made)!r})\nprint('not \"_aws\"')\nprint('{{\"_aws\": 1')".replace("{{", "{"))
    prints.answer()
    [statistic] = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="Bytes",
        Dimensions=[{"Name": "vpc", "Value": "vpc-1"}],
        StartTime=dt.datetime.fromtimestamp(now / 1000 - 60, tz=dt.UTC),
        EndTime=dt.datetime.fromtimestamp(now / 1000 + 60, tz=dt.UTC),
        Period=60,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )["Datapoints"]
    assert (statistic["Sum"], statistic["SampleCount"], statistic["Maximum"]) == (6, 3, 3)
