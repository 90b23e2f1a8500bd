"""Writes the company's inventory snapshot to a file, and runs `flowsentry explain` on it."""

from pathlib import Path
from typing import Any

from flowsentry.inventory.firewall_rules import Rules
from flowsentry.inventory.inventory import Interface, Inventory
from flowsentry.inventory.snapshot import pack
from tests.explain.company import API, DATA, rules
from tests.local.conftest import Done, Flowsentry

NETWORKS = {"vpc-1": ("10.0.0.0/16",)}


def written(folder: Path, own_rules: Rules | None = None, interfaces: tuple[Interface, ...] = (API, DATA)) -> Path:
    """The path of the snapshot; without rules, all traffic is allowed."""
    path = folder / "snapshot"
    path.write_bytes(pack(Inventory.of(interfaces, NETWORKS, own_rules or rules())))
    return path


def explained(flowsentry: Flowsentry, path: Path, *arguments: object) -> dict[str, Any]:
    """The JSON output of `flowsentry explain`; asserts success."""
    done = flowsentry("explain", "--inventory", path, "--json", *arguments)
    assert (done.code, done.err) == (0, "")
    (record,) = done.records
    return record


def complaint(done: Done) -> str:
    """The message on stderr; asserts failure."""
    assert (done.code, done.out) == (1, "")
    (line,) = done.complaints
    return line.removeprefix("flowsentry: ")
