"""How many interfaces have a rule, and how many of them a flow log of accepted traffic records."""

from dataclasses import replace
from typing import Any

import pytest

from flowsentry.inventory.inventory import Inventory, TargetState
from flowsentry.records.flow_logs import FlowLog
from tests.builders import INTERFACE, VPC, exchange, line
from tests.rule_usage.network import entry, in_subnet, inventory, rule, usage

IDLE = in_subnet("subnet-2", "10.0.0.9", interface_id="eni-0000000000000000c", security_groups=("sg-server",))
HOME = inventory(rule("web"), entries=(entry(100),), others=(IDLE,))


def recorded_by(*flow_logs: tuple[str, str]) -> Inventory:
    """The network with flow logs of these resources and traffic types."""
    made = tuple(
        FlowLog(f"fl-{number}", resource, "s3://logs/", 1, traffic)
        for number, (resource, traffic) in enumerate(flow_logs)
    )
    states: dict[str, TargetState] = {name: replace(each, flow_logs=made) for name, each in HOME.target_states.items()}
    return replace(HOME, target_states=states)


def counted(known: Inventory, lines: list[str], rule_id: str = "web") -> tuple[Any, ...]:
    (row,) = (row for row in usage(lines, known).reported().iter_rows(named=True) if row["rule_id"] == rule_id)
    return row["interfaces"], row["interfaces_logged"], row["interfaces_seen"]


@pytest.mark.parametrize(
    ("flow_logs", "logged"),
    [
        ([], 0),
        ([(VPC, "ALL")], 2),
        ([(VPC, "ACCEPT")], 2),
        ([(VPC, "REJECT")], 0),
        ([("subnet-2", "ALL")], 2),
        ([(INTERFACE, "ALL"), (VPC, "REJECT")], 1),
    ],
)
def test_interfaces_count_as_logged_by_a_flow_log_of_accepted_traffic(
    flow_logs: list[tuple[str, str]], logged: int
) -> None:
    lines = exchange("10.0.0.1", "10.0.0.2", 443)
    assert counted(recorded_by(*flow_logs), lines) == (2, logged, 1)
    assert counted(recorded_by(*flow_logs), lines, "100") == (2, logged, 1)


def test_flow_logs_that_were_never_described_are_not_known() -> None:
    assert counted(HOME, []) == (2, None, 0)


def test_rejected_records_do_not_show_that_accepted_traffic_is_logged() -> None:
    refused = line(srcaddr="192.0.2.7", dstaddr="10.0.0.2", flow_direction="ingress", action="REJECT")
    assert counted(HOME, [refused]) == (2, None, 0)
