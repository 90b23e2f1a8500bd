"""The inventory combines discoveries: deleted interfaces stay for the retention, and targets are independent."""

import pytest

from flowsentry.inventory import address_assignments
from flowsentry.inventory.firewall_rules import Rules, SecurityGroup
from flowsentry.inventory.inventory import (
    ABSENT_SECONDS,
    RETENTION_DAYS,
    SECONDS_A_DAY,
    Discovery,
    Inventory,
    TargetState,
)
from flowsentry.records.flow_logs import FlowLog
from tests.builders import NOON, interface

HERE, THERE = "123456789012/eu-west-1", "123456789012/eu-west-2"
A, B = interface("10.0.0.1", name="a"), interface("10.0.0.2", name="b")


def discovery(*interfaces: object, at: int = 0, target: str = HERE) -> Discovery:
    return Discovery(
        target, TargetState(NOON + at, 2, {"vpc-1": ("10.0.0.0/16",)}), tuple(interfaces), Rules(NOON + at)
    )


def rows(inventory: Inventory) -> list[tuple[object, ...]]:
    return sorted(inventory.assignments.select("owner_name", "since", "last_seen").rows())


def test_a_second_discovery_extends_the_assignments_it_finds() -> None:
    inventory = Inventory().after(discovery(A)).after(discovery(A, B, at=300))
    assert rows(inventory) == [("a", NOON, NOON + 300), ("b", NOON + 300, NOON + 300)]


def test_a_discovery_of_one_target_changes_no_other_target() -> None:
    inventory = Inventory().after(discovery(A)).after(discovery(B, target=THERE)).after(discovery(at=300, target=THERE))
    assert rows(inventory) == [("a", NOON, NOON), ("b", NOON, NOON)]
    assert {target: target_state.taken_at for target, target_state in inventory.target_states.items()} == {
        HERE: NOON,
        THERE: NOON + 300,
    }
    assert inventory.taken_at == NOON


def test_after_a_long_pause_a_target_continues_its_assignments() -> None:
    inventory = Inventory().after(discovery(A)).after(discovery(B, at=300, target=THERE)).after(discovery(A, at=3_000))
    assert ("a", NOON, NOON + 3_000) in rows(inventory)


def test_a_partial_discovery_adds_assignments_that_the_next_discovery_continues() -> None:
    inventory = Inventory().after(discovery(A)).with_partial_discovery(discovery(B, at=60), absent=["eni-gone"])
    assert rows(inventory) == [("a", NOON, NOON), ("b", NOON + 60, NOON + 60)]
    assert inventory.absent == {"eni-gone": NOON + 60}
    assert inventory.target_states[HERE].taken_at == NOON
    assert rows(inventory.after(discovery(A, B, at=300)))[1] == ("b", NOON + 60, NOON + 300)


def test_a_changed_name_continues_the_assignment() -> None:
    renamed = interface("10.0.0.1", name="a", owner_name="new name")
    assert rows(Inventory().after(discovery(A)).after(discovery(renamed, at=300))) == [("new name", NOON, NOON + 300)]


def test_a_deleted_interface_stays_until_the_retention_ends() -> None:
    days = RETENTION_DAYS * SECONDS_A_DAY
    gone = Inventory().after(discovery(A))
    assert rows(gone.after(discovery(at=days))) == [("a", NOON, NOON)]
    assert rows(gone.after(discovery(at=days + 1))) == []


def test_beyond_the_limit_assignments_that_ended_first_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address_assignments, "MAX_ASSIGNMENTS", 2)
    third = interface("10.0.0.3", name="c")
    inventory = Inventory().after(discovery(A)).after(discovery(B, at=300)).after(discovery(third, at=600))
    assert [name for name, *_ in rows(inventory)] == ["b", "c"]


def test_rules_are_those_of_all_targets() -> None:
    group = SecurityGroup("sg-1", "web", "vpc-1")
    there = Discovery(THERE, TargetState(NOON), (), Rules(NOON, groups=(group,)))
    assert Inventory().after(discovery()).after(there).rules.group("sg-1") == group


def test_absent_interfaces_are_forgotten_after_their_time_and_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = (
        Inventory()
        .after(discovery())
        .with_partial_discovery(discovery(at=60), ["eni-1"])
        .with_partial_discovery(discovery(at=120), ["eni-2", "eni-3"])
    )
    assert set(inventory.after(discovery(at=59 + ABSENT_SECONDS)).absent) == {"eni-1", "eni-2", "eni-3"}
    assert set(inventory.after(discovery(at=60 + ABSENT_SECONDS)).absent) == {"eni-2", "eni-3"}
    monkeypatch.setattr("flowsentry.inventory.inventory.MAX_ABSENT", 2)
    assert set(inventory.after(discovery(at=180)).absent) == {"eni-2", "eni-3"}


def test_an_inventory_without_discoveries_is_empty() -> None:
    assert Inventory().is_empty
    assert not Inventory().after(discovery()).is_empty


def test_flow_logs_that_can_not_be_described_are_those_of_the_discovery_before() -> None:
    known = FlowLog("fl-1", "vpc-1", "/flow-logs", NOON)
    first = Discovery(HERE, TargetState(NOON, flow_logs=(known,)), ())
    inventory = Inventory().after(first).after(Discovery(HERE, TargetState(NOON + 300, flow_logs=None), ()))
    assert inventory.flow_logs == {"fl-1": known}
    assert inventory.after(Discovery(HERE, TargetState(NOON + 600, flow_logs=()), ())).flow_logs == {}
