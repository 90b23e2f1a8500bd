"""GetMetricData returns exactly the requested metric."""

import datetime as dt
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.aws.embedded import EmbeddedAws
from local.aws.monitoring.percentiles import percentile

MINUTE = dt.datetime(2026, 1, 1, 12, 0, tzinfo=dt.UTC)


def put(aws: EmbeddedAws, namespace: str, value: float, *, seconds: int = 0, **dimensions: str) -> None:
    datum = {
        "MetricName": "Flows",
        "Value": value,
        "Timestamp": MINUTE + dt.timedelta(seconds=seconds),
        "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()],
    }
    aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])


def read(aws: EmbeddedAws, namespace: str, statistic: str, **dimensions: str) -> list[float]:
    pairs = [{"Name": name, "Value": text} for name, text in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": "Flows", "Dimensions": pairs}
    query = {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}
    data = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query],
        StartTime=MINUTE - dt.timedelta(minutes=5),
        EndTime=MINUTE + dt.timedelta(minutes=5),
        ScanBy="TimestampAscending",
    )
    values: list[float] = data["MetricDataResults"][0]["Values"]
    return values


@pytest.fixture
def namespace() -> str:
    return f"test-{uuid4().hex[:8]}"


def test_metrics_with_other_dimensions_or_namespaces_are_not_returned(aws: EmbeddedAws, namespace: str) -> None:
    put(aws, namespace, 1, vpc="a")
    put(aws, namespace, 2, vpc="b")
    put(aws, namespace, 4)
    put(aws, namespace, 8, vpc="a", service="notifier")
    put(aws, f"{namespace}-other", 16, vpc="a")
    assert read(aws, namespace, "Sum", vpc="a") == [1]
    assert read(aws, namespace, "Sum") == [4]
    assert read(aws, namespace, "Sum", service="notifier", vpc="a") == [8]


def test_a_period_has_one_value(aws: EmbeddedAws, namespace: str) -> None:
    for second, value in ((0, 1), (59, 2), (60, 4)):
        put(aws, namespace, value, seconds=second)
    assert read(aws, namespace, "Sum") == [3, 4]
    assert read(aws, namespace, "SampleCount") == [2, 1]
    assert read(aws, namespace, "p50") == [1.5, 4]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_lies_between_the_smallest_and_the_largest_value(values: list[float], percent: float) -> None:
    assert min(values) <= percentile(values, percent) <= max(values)
    assert percentile(values, 0) == min(values)
    assert percentile(values, 100) == max(values)
