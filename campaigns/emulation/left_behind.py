"""What a pass leaves: findings, evidence, objects, what was told, the inventory; and what one lacks of another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import polars as pl

from campaigns.emulation.emulated import Emulated
from flowsentry.aws import clients
from flowsentry.inventory.snapshot import unpack
from flowsentry.settings import SUPPRESSIONS_KEY
from tests.moto_world import (
    EVIDENCE_TABLE,
    FINDINGS_TABLE,
    INVENTORY_KEY,
    OUTPUT_BUCKET,
    items_of,
    keys_in,
    object_in,
)

FINDING_ID = re.compile(r"\b[0-9a-f]{24}\b")
PASSING = frozenset({"expires_at", "version", "first_seen", "last_seen"})
"""Attributes of evidence that say when it was written."""


@dataclass(frozen=True)
class LeftBehind:
    """Each as a set of what can be compared."""

    findings: frozenset[str]
    evidence: frozenset[str]
    objects: frozenset[str]
    told: frozenset[str]
    interfaces: frozenset[str]

    def lacks(self, clean: "LeftBehind") -> list[str]:
        """What the clean pass has and this one has not."""
        return [f"{each.name}: {lost}" for each in fields(self) for lost in self._less(clean, each.name)]

    def adds(self, clean: "LeftBehind") -> list[str]:
        """What this one has and the clean pass has not."""
        return [f"more {line}" for line in clean.lacks(self)]

    def _less(self, clean: "LeftBehind", name: str) -> list[str]:
        return sorted(getattr(clean, name) - getattr(self, name))


def left_behind(aws: Emulated) -> LeftBehind:
    """Read from the tables, buckets and channels."""
    found = {item["id"]["S"] for item in items_of(FINDINGS_TABLE) if "finding" in item}
    return LeftBehind(
        findings=frozenset(_finding(item) for item in items_of(FINDINGS_TABLE) if "finding" in item),
        evidence=frozenset(line for item in items_of(EVIDENCE_TABLE) for line in _evidence(item)),
        objects=frozenset(_objects()),
        told=frozenset(
            f"{where} {each}" for where, text in aws.published for each in FINDING_ID.findall(text) if each in found
        ),
        interfaces=_interfaces(),
    )


def _finding(item: dict[str, Any]) -> str:
    return f"{item['id']['S']} {item['kind']['S']} {item['severity']['S']}"


def _evidence(item: dict[str, Any]) -> Iterator[str]:
    """A line for each member of each attribute of an item."""
    key = f"{item['source']['S']} {item['day']['N']}"
    for name in sorted(set(item) - PASSING):
        for held in item[name].values():
            yield from (f"{key} {name} {member!r}" for member in (held if isinstance(held, list) else [held]))


def _objects() -> list[str]:
    """Enriched objects and samples of rejected lines with the number of their rows (owners may be known by the second
    time that they were not by the first), and whether suppressions are there.
    """
    enriched = [f"{key} {_rows(key)}" for key in keys_in(OUTPUT_BUCKET, "enriched/")]
    rejected = [
        f"{key} {len(object_in(OUTPUT_BUCKET, key).splitlines())}" for key in keys_in(OUTPUT_BUCKET, "rejected/")
    ]
    return [*enriched, *rejected, *(key for key in keys_in(OUTPUT_BUCKET) if key == SUPPRESSIONS_KEY)]


def _rows(key: str) -> int:
    return pl.read_parquet(object_in(OUTPUT_BUCKET, key), columns=[0]).height


def _interfaces() -> frozenset[str]:
    if not keys_in(OUTPUT_BUCKET, INVENTORY_KEY):
        return frozenset()
    return frozenset(
        unpack(object_in(OUTPUT_BUCKET, INVENTORY_KEY)).assignments["interface_id"].cast(pl.String).to_list()
    )


def make_interface(address: str) -> str:
    """An interface for the inventory to find."""
    vpc_id = clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = clients.ec2().create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    made = clients.ec2().create_network_interface(
        SubnetId=subnet_id, PrivateIpAddress=address, Description="RDSNetworkInterface"
    )
    return made["NetworkInterface"]["NetworkInterfaceId"]
