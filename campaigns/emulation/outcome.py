"""The outcome of a pass: findings, evidence, objects, alerts, interfaces; and its differences to another outcome."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
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
"""Attributes of evidence that depend on the time of writing."""
RECORD = (
    *("interface_id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end"),
    "action",
)
"""Columns of enriched objects that tell records apart."""


@dataclass(frozen=True)
class PassOutcome:
    """The outcome of a pass as sets of comparable texts."""

    findings: frozenset[str]
    evidence: frozenset[str]
    objects: frozenset[str]
    alerts: frozenset[str]
    interfaces: frozenset[str]

    def lacks(self, clean: "PassOutcome") -> list[str]:
        """What this pass lacks against the clean one."""
        return [f"{each.name}: {lost}" for each in fields(self) for lost in self._less(clean, each.name)]

    def adds(self, clean: "PassOutcome") -> list[str]:
        """What this pass has in addition to the clean one."""
        return [f"more {line}" for line in clean.lacks(self)]

    def _less(self, clean: "PassOutcome", name: str) -> list[str]:
        return sorted(getattr(clean, name) - getattr(self, name))


def outcome_of(aws: Emulated) -> PassOutcome:
    """The outcome, read from tables, buckets and channels."""
    found = {item["id"]["S"] for item in items_of(FINDINGS_TABLE) if "finding" in item}
    return PassOutcome(
        findings=frozenset(_finding(item) for item in items_of(FINDINGS_TABLE) if "finding" in item),
        evidence=frozenset(line for item in items_of(EVIDENCE_TABLE) for line in _evidence(item)),
        objects=frozenset(_objects()),
        alerts=frozenset(
            f"{where} {each}" for where, text in aws.published for each in FINDING_ID.findall(text) if each in found
        ),
        interfaces=_interfaces(),
    )


def _finding(item: dict[str, Any]) -> str:
    return f"{item['id']['S']} {item['kind']['S']} {item['severity']['S']}"


def _evidence(item: dict[str, Any]) -> Iterator[str]:
    """A line for each value of each attribute of an item."""
    key = f"{item['source']['S']} {item['day']['N']}"
    for name in sorted(set(item) - PASSING):
        for held in item[name].values():
            yield from (f"{key} {name} {member!r}" for member in (held if isinstance(held, list) else [held]))


def _objects() -> list[str]:
    """The records in enriched objects and the samples of rejected lines, whichever object they are in, since a retry
    may put a batch together otherwise; and whether the suppressions exist. Not their owners: a retry may know some that
    the first attempt did not.
    """
    records = (row for key in keys_in(OUTPUT_BUCKET, "enriched/") for row in _records(key))
    rejected = (
        line for key in keys_in(OUTPUT_BUCKET, "rejected/") for line in object_in(OUTPUT_BUCKET, key).splitlines()
    )
    stored = [*_numbered("enriched", map(str, records)), *_numbered("rejected", map(bytes.decode, rejected))]
    return [*stored, *(key for key in keys_in(OUTPUT_BUCKET) if key == SUPPRESSIONS_KEY)]


def _numbered(what: str, texts: Iterable[str]) -> Iterator[str]:
    """A line for each text; those of equal texts differ by a number, so that a text stored twice is one line more."""
    for text, count in Counter(texts).items():
        yield from (f"{what} {text} {number}" for number in range(1, count + 1))


def _records(key: str) -> list[tuple[object, ...]]:
    return pl.read_parquet(object_in(OUTPUT_BUCKET, key), columns=list(RECORD)).rows()


def _interfaces() -> frozenset[str]:
    if not keys_in(OUTPUT_BUCKET, INVENTORY_KEY):
        return frozenset()
    return frozenset(
        unpack(object_in(OUTPUT_BUCKET, INVENTORY_KEY)).assignments["interface_id"].cast(pl.String).to_list()
    )


def make_interface(address: str) -> str:
    """Creates an interface for the discovery to find; returns its id."""
    vpc_id = clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = clients.ec2().create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    made = clients.ec2().create_network_interface(
        SubnetId=subnet_id, PrivateIpAddress=address, Description="RDSNetworkInterface"
    )
    return made["NetworkInterface"]["NetworkInterfaceId"]
