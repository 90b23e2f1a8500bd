"""Inventory <-> bytes of its snapshot: a zip with the assignments as Parquet, and targets and rules as JSON."""

import io
import ipaddress
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Any

import polars as pl

from flowsentry.inventory.address_assignments import ASSIGNMENTS
from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Inventory, Route, RouteTable, TargetState, Through
from flowsentry.records.flow_logs import FlowLog

_ASSIGNMENTS, _TARGET_STATES, _RULES, _ABSENT = "assignments.parquet", "targets.json", "rules.json", "absent.json"
_NEVER = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip, so that equal inventories give equal bytes; the earliest that a zip can hold."""


MAX_STORED_BYTES = 64 << 20
MAX_ENTRY_BYTES = 128 << 20
MAX_ENTRIES = 16
MAX_ROWS = 5_000_000
"""Limits of a snapshot: bytes as stored, bytes of each of its four files, files, and rows of the table. The snapshot of
100,000 interfaces has about 4 MB as stored. Higher: a damaged or hostile snapshot fills the memory of the function that
loads it. Lower: the inventory of a large company is rejected."""
_ENTRY_MAGIC = b"PK\x01\x02"


class UnreadableSnapshotError(ValueError):
    """The bytes are no inventory snapshot, or one of another version."""


def pack(inventory: Inventory) -> bytes:
    """The snapshot; equal inventories give equal bytes."""
    table = io.BytesIO()
    inventory.assignments.write_parquet(table, compression="zstd", statistics=False)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr(zipfile.ZipInfo(_ASSIGNMENTS, _NEVER), table.getvalue())
        for name, value in (
            (
                _TARGET_STATES,
                {target: asdict(target_state) for target, target_state in inventory.target_states.items()},
            ),
            (_RULES, {target: rules.to_json() for target, rules in inventory.rules_by_target.items()}),
            (_ABSENT, dict(inventory.absent)),
        ):
            entry = zipfile.ZipInfo(name, _NEVER)
            entry.compress_type = zipfile.ZIP_DEFLATED
            folder.writestr(entry, json.dumps(value, sort_keys=True))
    return packed.getvalue()


def unpack(data: bytes) -> Inventory:
    """The inventory of a snapshot. Raises UnreadableSnapshotError for other bytes. Rules are parsed on first use: few
    batches need them, and in a large account they are most of the snapshot.
    """
    if len(data) > MAX_STORED_BYTES or data.count(_ENTRY_MAGIC) > MAX_ENTRIES:
        raise UnreadableSnapshotError(f"no snapshot of an inventory: {len(data)} bytes, or more files than it has")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as folder:
            table = _assignments(_content(folder, _ASSIGNMENTS))
            target_states = {
                target: _target_state(values) for target, values in json.loads(_content(folder, _TARGET_STATES)).items()
            }
            absent = _seconds_of_names(json.loads(_content(folder, _ABSENT)))
            return Inventory(table, target_states, _RulesAsStored(_content(folder, _RULES)), absent)
    except (Exception, pl.exceptions.PanicException) as error:
        raise UnreadableSnapshotError(f"no snapshot of an inventory: {error!r}") from error


def _seconds_of_names(values: Mapping[str, Any]) -> dict[str, int]:
    return {name: _number(each) for name, each in values.items()}


def _number(value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return value


def _block(value: Any) -> str:
    """A CIDR block, unchanged."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no network")
    ipaddress.ip_network(value, strict=False)
    return value


def _content(folder: zipfile.ZipFile, name: str) -> bytes:
    """A file of the zip; no more is unpacked than the size that its header states."""
    if (size := folder.getinfo(name).file_size) > MAX_ENTRY_BYTES:
        raise ValueError(f"{name} has {size} bytes, more than {MAX_ENTRY_BYTES}")
    return folder.read(name)


def _assignments(data: bytes) -> pl.DataFrame:
    if (rows := pl.scan_parquet(data).select(pl.len()).collect().item()) > MAX_ROWS:
        raise ValueError(f"{rows} assignments, more than {MAX_ROWS}")
    return pl.read_parquet(io.BytesIO(data)).match_to_schema(ASSIGNMENTS)


class _RulesAsStored(Mapping[str, Rules]):
    """The rules of each target, parsed on first use; empty if they cannot be parsed."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    @cached_property
    def _rules(self) -> dict[str, Rules]:
        try:
            return {target: Rules.from_json(values) for target, values in json.loads(self._text).items()}
        except Exception:  # noqa: BLE001 - as if never discovered: rejected flows are then not explained
            return {}

    def __getitem__(self, target: str) -> Rules:
        return self._rules[target]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)


def _target_state(values: Mapping[str, Any]) -> TargetState:
    networks = {vpc_id: tuple(map(_block, blocks)) for vpc_id, blocks in values["networks"].items()}
    routes = {vpc_id: tuple(_route_table(table) for table in tables) for vpc_id, tables in values["routes"].items()}
    flow_logs = values.get("flow_logs")  # missing in a snapshot of an earlier version
    described = None if flow_logs is None else tuple(map(_flow_log, flow_logs))
    return TargetState(_number(values["taken_at"]), _number(values["seconds"]), networks, routes, described)


def _flow_log(values: Mapping[str, Any]) -> FlowLog:
    words = {name: each for name, each in values.items() if name != "created_at"}
    if not all(isinstance(each, str) for each in words.values()):
        raise TypeError(f"{values!r} is no flow log")
    return FlowLog(created_at=_number(values["created_at"]), **words)


def _route_table(routes: list[Mapping[str, Any]]) -> RouteTable:
    return tuple(Route(each["cidr"], each["vpc_id"], _through(each.get("through"))) for each in routes)


def _through(word: str | None) -> Through | None:
    """None also in a snapshot of an earlier version."""
    return Through(word) if word else None
