"""Traffic metrics in CloudWatch's embedded metric format."""

import json
from typing import Any, get_args

import polars as pl

from flowsentry.emit.metrics import MAX_AGE_SECONDS, MAX_LEAD_SECONDS, MAX_VPCS, emf
from flowsentry.frames import Measurements
from flowsentry.metric_names import TrafficMetric

NOW = 1_790_000_040  # a full minute
COUNTS = ("flows", "bytes", "packets", "rejected_flows", "rejected_inbound_flows", "rejected_outbound_flows")


def measured(*rows: tuple[int, str | None, int]) -> Measurements:
    schema = {"minute": pl.Int64, "scope": pl.Categorical} | dict.fromkeys(COUNTS, pl.Int64)
    full = [(minute, scope, flows, flows * 1_000, flows * 10, 3, 2, 1) for minute, scope, flows in rows]
    return Measurements(pl.DataFrame(full, schema, orient="row"))


def lines_of(*rows: tuple[int, str | None, int]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in emf(measured(*rows), "Flowsentry", NOW).lines]


def test_a_minute_of_a_vpc_is_one_line_stamped_with_that_minute() -> None:
    (line,) = lines_of((NOW - 600, "vpc-1", 5))
    assert line["_aws"]["Timestamp"] == (NOW - 600) * 1_000
    assert line["vpc"] == "vpc-1"
    assert (line["Flows"], line["Bytes"], line["Packets"]) == (5, 5_000, 50)
    assert (line["RejectedFlows"], line["RejectedInboundFlows"], line["RejectedOutboundFlows"]) == (3, 2, 1)


def test_a_line_says_what_its_metrics_are() -> None:
    (line,) = lines_of((NOW, "vpc-1", 5))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Flowsentry"
    assert directive["Dimensions"] == [["vpc"]]
    assert {metric["Name"] for metric in directive["Metrics"]} == set(get_args(TrafficMetric))
    assert {"Name": "Bytes", "Unit": "Bytes"} in directive["Metrics"]
    assert all(isinstance(line[metric["Name"]], int) for metric in directive["Metrics"])


def test_lines_come_in_order_of_time() -> None:
    lines = lines_of((NOW, "vpc-1", 1), (NOW - 60, "vpc-2", 1), (NOW - 60, "vpc-1", 1))
    assert [(line["_aws"]["Timestamp"], line["vpc"]) for line in lines] == [
        ((NOW - 60) * 1_000, "vpc-1"),
        ((NOW - 60) * 1_000, "vpc-2"),
        (NOW * 1_000, "vpc-1"),
    ]


def test_a_vpc_that_is_not_known_is_called_so() -> None:
    assert lines_of((NOW, None, 1))[0]["vpc"] == "unknown"


def test_nothing_measured_is_nothing_printed() -> None:
    assert lines_of() == []


def test_what_cloudwatch_would_refuse_is_counted_and_not_printed() -> None:
    traffic = emf(
        measured(
            (NOW - MAX_AGE_SECONDS - 60, "vpc-1", 1),
            (NOW - MAX_AGE_SECONDS, "vpc-1", 1),
            (NOW + MAX_LEAD_SECONDS, "vpc-1", 1),
            (NOW + MAX_LEAD_SECONDS + 60, "vpc-1", 1),
            (NOW + MAX_LEAD_SECONDS + 60, "vpc-2", 1),
        ),
        "Flowsentry",
        NOW,
    )
    assert (len(traffic.lines), traffic.too_old, traffic.too_new) == (2, 1, 2)


def test_vpcs_past_the_cap_are_summed_up_and_none_is_lost() -> None:
    rows = [(NOW, f"vpc-{number:03}", number + 1) for number in range(MAX_VPCS + 10)]
    lines = lines_of(*rows)
    assert len(lines) == MAX_VPCS + 1
    assert sum(line["Flows"] for line in lines) == sum(flows for _, _, flows in rows)
    other = next(line for line in lines if line["vpc"] == "other")
    assert other["Flows"] == sum(range(1, 11))
