"""Traffic metrics in CloudWatch's embedded metric format."""

import json
from typing import Any

import polars as pl
import pytest

from flowsentry.emit.metrics import (
    MAX_AGE_SECONDS,
    MAX_LEAD_SECONDS,
    MAX_VPCS,
    emf,
)
from flowsentry.frames import Measurements, OwnerSums
from flowsentry.measure import add_up_owners
from flowsentry.metric_names import TRAFFIC_METRICS_BY
from local.aws.monitoring.embedded_format import defects_of
from tests.builders import LOST_PACKETS

NOW = 1_790_000_040  # a full minute
NOBODY = add_up_owners([])
COUNTS = ("flows", "bytes", "packets", "rejected_flows", "rejected_inbound_flows", "rejected_outbound_flows")
SCHEMA = {"minute": pl.Int64, "observer": pl.Enum(list(TRAFFIC_METRICS_BY))}
SCHEMA |= {"scope": pl.Categorical, "attachment": pl.Categorical} | dict.fromkeys((*COUNTS, *LOST_PACKETS), pl.Int64)


def measured(*rows: tuple[int, str | None, int]) -> Measurements:
    full = [
        (minute, "vpc", scope, None, flows, flows * 1_000, flows * 10, 3, 2, 1, 0, 0, 0, 0)
        for minute, scope, flows in rows
    ]
    return Measurements(pl.DataFrame(full, SCHEMA, orient="row"))


def at_gateway(*rows: tuple[int, str, int], attachment: str | None = None, lost: int = 0) -> Measurements:
    full = [
        (minute, "transit_gateway", scope, attachment, flows, flows * 1_000, flows * 10, 0, 0, 0, lost, 2 * lost, 0, 0)
        for minute, scope, flows in rows
    ]
    return Measurements(pl.DataFrame(full, SCHEMA, orient="row"))


def lines_of(*rows: tuple[int, str | None, int]) -> list[dict[str, Any]]:
    return told(measured(*rows))


def told(*measurements: Measurements) -> list[dict[str, Any]]:
    return [json.loads(line) for line in emf(Measurements(pl.concat(measurements)), NOBODY, "Flowsentry", NOW).lines]


def test_a_minute_of_a_vpc_is_one_line_stamped_with_that_minute() -> None:
    (line,) = lines_of((NOW - 600, "vpc-1", 5))
    assert line["_aws"]["Timestamp"] == (NOW - 600) * 1_000
    assert line["vpc"] == "vpc-1"
    assert (line["Flows"], line["Bytes"], line["Packets"]) == (5, 5_000, 50)
    assert (line["RejectedFlows"], line["RejectedInboundFlows"], line["RejectedOutboundFlows"]) == (3, 2, 1)


def test_a_line_declares_its_metrics() -> None:
    (line,) = lines_of((NOW, "vpc-1", 5))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Flowsentry"
    assert directive["Dimensions"] == [["vpc"]]
    assert {metric["Name"] for metric in directive["Metrics"]} == set(TRAFFIC_METRICS_BY["vpc"])
    assert {"Name": "Bytes", "Unit": "Bytes"} in directive["Metrics"]
    assert all(isinstance(line[metric["Name"]], int) for metric in directive["Metrics"])


def test_lines_are_in_order_of_time() -> None:
    lines = lines_of((NOW, "vpc-1", 1), (NOW - 60, "vpc-2", 1), (NOW - 60, "vpc-1", 1))
    assert [(line["_aws"]["Timestamp"], line["vpc"]) for line in lines] == [
        ((NOW - 60) * 1_000, "vpc-1"),
        ((NOW - 60) * 1_000, "vpc-2"),
        (NOW * 1_000, "vpc-1"),
    ]


def test_an_unknown_vpc_is_named_unknown() -> None:
    assert lines_of((NOW, None, 1))[0]["vpc"] == "unknown"


def test_without_measurements_no_line_is_printed() -> None:
    assert lines_of() == []


def test_minutes_that_cloudwatch_would_reject_are_counted_and_not_printed() -> None:
    traffic = emf(
        measured(
            (NOW - MAX_AGE_SECONDS - 60, "vpc-1", 1),
            (NOW - MAX_AGE_SECONDS, "vpc-1", 1),
            (NOW + MAX_LEAD_SECONDS, "vpc-1", 1),
            (NOW + MAX_LEAD_SECONDS + 60, "vpc-1", 1),
            (NOW + MAX_LEAD_SECONDS + 60, "vpc-2", 1),
        ),
        NOBODY,
        "Flowsentry",
        NOW,
    )
    assert (len(traffic.lines), traffic.too_old, traffic.too_new) == (2, 1, 2)


def test_vpcs_beyond_the_limit_are_summed_up() -> None:
    rows = [(NOW, f"vpc-{number:03}", number + 1) for number in range(MAX_VPCS + 10)]
    lines = lines_of(*rows)
    assert len(lines) == MAX_VPCS + 1
    assert sum(line["Flows"] for line in lines) == sum(flows for _, _, flows in rows)
    other = next(line for line in lines if line["vpc"] == "other")
    assert other["Flows"] == sum(range(1, 11))


def test_a_vpc_has_no_line_about_lost_packets() -> None:
    (line,) = lines_of((NOW, "vpc-1", 5))
    assert not [name for name in line if name.startswith("PacketsLost")]


def test_a_minute_of_a_transit_gateway_is_one_line_by_a_dimension_of_its_own() -> None:
    (line,) = told(at_gateway((NOW, "tgw-1", 5), attachment="tgw-attach-1", lost=4))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["transit_gateway"]]
    assert {metric["Name"] for metric in directive["Metrics"]} == set(TRAFFIC_METRICS_BY["transit_gateway"])
    assert (line["transit_gateway"], line["Flows"], line["Bytes"], line["Packets"]) == ("tgw-1", 5, 5_000, 50)
    assert (line["PacketsLostNoRoute"], line["PacketsLostBlackhole"]) == (4, 8)
    assert (line["PacketsLostMtuExceeded"], line["PacketsLostTtlExpired"]) == (0, 0)
    assert "vpc" not in line
    assert "RejectedFlows" not in line


def test_the_attachment_that_lost_most_is_named_beside_the_sum() -> None:
    (line,) = told(
        at_gateway((NOW, "tgw-1", 5)),
        at_gateway((NOW, "tgw-1", 2), attachment="tgw-attach-1", lost=3),
        at_gateway((NOW, "tgw-1", 1), attachment="tgw-attach-2", lost=8),
        at_gateway((NOW, "tgw-1", 1), attachment="tgw-attach-3", lost=8),
    )
    assert (line["Flows"], line["PacketsLostNoRoute"], line["worst_attachment"]) == (9, 19, "tgw-attach-2")


def test_without_losses_no_attachment_is_named() -> None:
    (line,) = told(at_gateway((NOW, "tgw-1", 5)))
    assert "worst_attachment" not in line


def test_a_rejected_minute_counts_once_for_any_number_of_attachments() -> None:
    late = [at_gateway((0, "tgw-1", 1), attachment=f"tgw-attach-{number}", lost=1) for number in range(3)]
    assert emf(Measurements(pl.concat(late)), NOBODY, "Flowsentry", NOW).too_old == 1


def test_gateways_beyond_the_limit_are_summed_up_apart_from_vpcs() -> None:
    gateways = [(NOW, f"tgw-{number:03}", 1_000 + number) for number in range(MAX_VPCS + 3)]
    lines = told(measured((NOW, "vpc-1", 1)), at_gateway(*gateways))
    assert [line["vpc"] for line in lines if "vpc" in line] == ["vpc-1"]
    seen = {line["transit_gateway"]: line["Flows"] for line in lines if "transit_gateway" in line}
    assert len(seen) == MAX_VPCS + 1
    assert seen["other"] == 1_000 + 1_001 + 1_002


def owners(*rows: tuple[str, int, int], minute: int = NOW - 600) -> OwnerSums:
    full = [(minute, "vpc-1", f"i-{name}", "instance", name, sent, refused) for name, sent, refused in rows]
    return OwnerSums(pl.DataFrame(full, NOBODY.schema, orient="row"))


def line_with(sums: OwnerSums) -> dict[str, Any]:
    (text,) = emf(measured((NOW - 600, "vpc-1", 5)), sums, "Flowsentry", NOW).lines
    return dict(json.loads(text))


def test_a_line_names_the_busiest_senders_and_the_most_refused_owners() -> None:
    line = line_with(owners(("a", 10, 0), ("b", 30, 2), ("c", 20, 0), ("d", 5, 7)))
    assert [(each["name"], each["bytes"]) for each in line["busiest_senders"]] == [("b", 30), ("c", 20), ("a", 10)]
    assert line["most_refused"] == [
        {"name": "d", "kind": "instance", "id": "i-d", "rejected_flows": 7},
        {"name": "b", "kind": "instance", "id": "i-b", "rejected_flows": 2},
    ]


def test_owners_are_neither_dimension_nor_metric() -> None:
    (directive,) = line_with(owners(("a", 10, 1)))["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["vpc"]]
    assert {metric["Name"] for metric in directive["Metrics"]} == set(TRAFFIC_METRICS_BY["vpc"])


def test_without_owners_in_its_minute_a_line_names_none() -> None:
    for sums in (NOBODY, owners(("a", 10, 1), minute=NOW - 540)):
        assert not {"busiest_senders", "most_refused"} & line_with(sums).keys()


@pytest.mark.parametrize("name", ["x" * 256, "é", ":vpc", " vpc", "", "a\tb", "\x7f"])
def test_a_vpc_with_a_name_that_cloudwatch_would_reject_is_summed_up_and_counted(name: str) -> None:
    measurements = Measurements(pl.concat([measured((NOW, "vpc-1", 5)), measured((NOW, name, 7))]))
    made = emf(measurements, NOBODY, "Flowsentry", NOW)
    lines = [json.loads(line) for line in made.lines]
    assert {line["vpc"]: line["Flows"] for line in lines} == {"vpc-1": 5, "other": 7}
    assert [defects_of(line) for line in lines] == [[], []]
    assert made.unnameable == 1
