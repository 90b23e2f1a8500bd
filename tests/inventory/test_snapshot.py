"""The snapshot of an inventory: packing and unpacking give the same, and other bytes are rejected."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from flowsentry.inventory import snapshot
from flowsentry.inventory.firewall_rules import GroupRule, Rules, SecurityGroup
from flowsentry.inventory.inventory import Discovery, Inventory, Route, TargetState
from flowsentry.inventory.snapshot import UnreadableSnapshotError, pack, unpack
from flowsentry.records.flow_logs import FlowLog
from tests.builders import NOON, VPC, interface

TARGET = "123456789012/eu-west-1"
ROUTES = {VPC: ((Route("10.1.0.0/16", "vpc-peer"), Route("10.2.0.0/16", None)), ())}
FLOW_LOGS = (FlowLog("fl-1", VPC, "/flow-logs", NOON, "ALL", "web"), FlowLog("fl-2", VPC, "s3://logs/", 0, "REJECT"))
TARGET_STATE = TargetState(NOON, 3, {VPC: ("10.0.0.0/16",)}, ROUTES, FLOW_LOGS)
RULES = Rules(NOON, (SecurityGroup("sg-1", "web", VPC, (GroupRule("sg-1", False, 6, 443, 443, "0.0.0.0/0"),)),))  # noqa: FBT003
INVENTORY = Inventory().after(Discovery(TARGET, TARGET_STATE, (interface("10.0.0.1", attached_at=NOON - 60),), RULES))
WHOLE = INVENTORY.with_partial_discovery(
    Discovery(TARGET, TargetState(NOON + 60), (interface("10.0.0.2", name="b"),)), ["eni-gone"]
)


@pytest.mark.parametrize("inventory", [Inventory(), WHOLE, Inventory.of((interface("10.0.0.1"),))])
def test_unpacking_gives_the_packed_inventory(inventory: Inventory) -> None:
    again = unpack(pack(inventory))
    assert again.assignments.rows() == inventory.assignments.rows()
    assert again.assignments.schema == inventory.assignments.schema
    assert again.target_states == inventory.target_states
    assert dict(again.rules_by_target) == dict(inventory.rules_by_target)
    assert again.absent == inventory.absent


def test_equal_inventories_have_equal_bytes() -> None:
    assert pack(unpack(pack(WHOLE))) == pack(WHOLE)


def test_an_inventory_continues_from_its_snapshot() -> None:
    later = Discovery(TARGET, TargetState(NOON + 300), (interface("10.0.0.1"),))
    actual = unpack(pack(WHOLE)).after(later).assignments.rows()
    assert actual == WHOLE.after(later).assignments.rows()


@pytest.mark.parametrize("data", [b"", b"not a zip", b"\x1f\x8b old gzip", pack(WHOLE)[:-100]])
def test_other_bytes_are_no_snapshot(data: bytes) -> None:
    with pytest.raises(UnreadableSnapshotError):
        unpack(data)


@pytest.mark.parametrize("bound", ["MAX_STORED_BYTES", "MAX_ENTRY_BYTES", "MAX_ENTRIES", "MAX_ROWS"])
def test_a_snapshot_beyond_the_limits_is_rejected(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack(WHOLE)
    monkeypatch.setattr(snapshot, bound, 1)
    with pytest.raises(UnreadableSnapshotError):
        unpack(data)


def test_a_file_that_inflates_beyond_the_limit_is_not_unpacked() -> None:
    packed = io.BytesIO(pack(WHOLE))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as folder, pytest.warns(UserWarning, match="Duplicate"):
        folder.writestr("rules.json", b" " * (snapshot.MAX_ENTRY_BYTES + 1))
    with pytest.raises(UnreadableSnapshotError, match="bytes, more than"):
        unpack(packed.getvalue())


def with_targets(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The snapshot after a change of its target, as another version might write it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pack(WHOLE))) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "targets.json":
                targets = json.loads(content)
                change(targets[TARGET])
                content = json.dumps(targets).encode()
            new.writestr(name, content)
    return packed.getvalue()


def test_in_a_snapshot_of_an_earlier_version_flow_logs_are_unknown() -> None:
    again = unpack(with_targets(lambda target: target.pop("flow_logs")))
    assert (again.target_states[TARGET].flow_logs, again.flow_logs) == (None, {})


@pytest.mark.parametrize("damage", [{"created_at": "x"}, {"resource_id": None}, {"unknown": "x"}])
def test_a_damaged_flow_log_is_no_snapshot(damage: dict[str, Any]) -> None:
    data = with_targets(lambda target: target["flow_logs"][0].update(damage))
    with pytest.raises(UnreadableSnapshotError):
        unpack(data)
