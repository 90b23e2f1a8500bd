"""What passed and what was refused, per minute and VPC."""

import pytest

from flowsentry.measure import add_up, measure
from tests.builders import NOON, VPC, enriched, line

OUTSIDE = "203.0.113.9"


def measured(*lines: str) -> list[dict[str, object]]:
    return list(add_up([measure(enriched(lines))]).iter_rows(named=True))


def test_a_minute_of_a_vpc_is_a_row() -> None:
    (row,) = measured(line(start=NOON + 5), line(start=NOON + 59, bytes=600, packets=8))
    assert row == {
        "minute": NOON,
        "scope": VPC,
        "flows": 2,
        "bytes": 7000,
        "packets": 20,
        "rejected_flows": 0,
        "rejected_inbound_flows": 0,
        "rejected_outbound_flows": 0,
    }


def test_rows_are_in_order_of_time_and_vpc() -> None:
    rows = measured(line(start=NOON + 60), line(vpc_id="vpc-b"), line(vpc_id="vpc-a"))
    assert [(row["minute"], row["scope"]) for row in rows] == [(NOON, "vpc-a"), (NOON, "vpc-b"), (NOON + 60, VPC)]


def test_a_flow_inside_that_both_interfaces_logged_counts_once() -> None:
    (row,) = measured(line(flow_direction="egress"), line(flow_direction="ingress", interface_id="eni-2"))
    assert (row["flows"], row["bytes"], row["packets"]) == (1, 6400, 12)


def test_a_flow_from_outside_counts_where_it_arrives() -> None:
    (row,) = measured(line(srcaddr=OUTSIDE, flow_direction="ingress"))
    assert row["flows"] == 1


@pytest.mark.parametrize(("direction", "counts"), [("ingress", (1, 1, 0)), ("egress", (1, 0, 1)), ("-", (1, 0, 0))])
def test_rejects_are_counted_by_direction(direction: str, counts: tuple[int, ...]) -> None:
    (row,) = measured(line(flow_direction=direction, action="REJECT"))
    assert tuple(row[f"rejected_{which}flows"] for which in ("", "inbound_", "outbound_")) == counts


def test_a_record_without_a_time_counts_nowhere() -> None:
    assert measured(line(start="-")) == []


def test_nothing_measured_adds_up_to_no_rows() -> None:
    assert len(add_up([])) == 0
    assert add_up([]).columns == measure(enriched([line()])).columns


def test_the_parts_of_a_source_add_up_to_the_whole() -> None:
    lines = [line(start=NOON + second, bytes=second) for second in range(0, 300, 7)]
    parts = [measure(enriched(lines[first : first + 5])) for first in range(0, len(lines), 5)]
    assert add_up(parts).equals(add_up([measure(enriched(lines))]))
