"""Evidence ↔ the DynamoDB item that holds it: its key, its sets as BS and NS, and until when it counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flowsentry.evidence import (
    MAX_SOURCE_PORTS,
    MEMORY_DAYS,
    SECONDS_A_DAY,
    SET_SIZES,
    Evidence,
    EvidenceKey,
)

Item = Mapping[str, Any]

PORTS = "source_ports"
MAX_HELD = {name: size * 11 // 8 for name, size in {**SET_SIZES, PORTS: MAX_SOURCE_PORTS}.items()}
"""Members that a set may hold in its item: more than evidence keeps, so that most writes can add to it whatever others
write at the same time; those that fell out go when it is full. More: fewer writes wait for each other, and a full item
is past 3 KB. Fewer: each new member of a full set is a race against all other writers."""
KEPT_DAYS = 2
"""Days that an item outlives its use. DynamoDB deletes within days of the time given; more only costs storage."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is in an item. The sets of `evidence` may hold more than evidence keeps, up to MAX_HELD. `version` is
    another one after every write; the item counts until `expires_at`, Unix seconds, whenever DynamoDB deletes it.
    """

    evidence: Evidence
    version: int
    expires_at: int

    def has_expired(self, now: float) -> bool:
        return self.expires_at <= now


def key_of(key: EvidenceKey) -> dict[str, Any]:
    return {"source": {"S": f"{key.scope}|{key.source}"}, "day": {"N": str(key.day)}}


def evidence_key_of(item: Item) -> EvidenceKey:
    scope, _, source = item["source"]["S"].partition("|")
    return EvidenceKey(scope, source, int(item["day"]["N"]))


def stored_in(item: Item) -> Stored:
    evidence = Evidence(
        evidence_key_of(item),
        **{name: frozenset(item.get(name, {}).get("BS", ())) for name in SET_SIZES},
        source_ports=frozenset(int(port) for port in item.get(PORTS, {}).get("NS", ())),
        first_seen=int(item["first_seen"]["N"]),
        last_seen=int(item["last_seen"]["N"]),
        is_inside=item["is_inside"]["BOOL"],
    )
    return Stored(evidence, int(item.get("version", {}).get("N", "0")), expiry_in(item))


def expiry_in(item: Item) -> int:
    return int(item["expires_at"]["N"])


def members_of(evidence: Evidence) -> dict[str, frozenset[Any]]:
    """Its sets by attribute, without the empty ones: DynamoDB has none."""
    return {name: members for name in MAX_HELD if (members := getattr(evidence, name))}


def as_set(name: str, members: frozenset[Any]) -> dict[str, Any]:
    """The members of a set as DynamoDB wants them."""
    return {"NS": [str(port) for port in sorted(members)]} if name == PORTS else {"BS": sorted(members)}


def expiry_of(key: EvidenceKey, now: float) -> int:
    """When the item may go: once no day can be judged with it any more, counted from now for records of long ago, which
    would else vanish between two objects of the same backfill.
    """
    last_use = max((key.day + 1) * SECONDS_A_DAY, int(now)) + MEMORY_DAYS * SECONDS_A_DAY
    return last_use + KEPT_DAYS * SECONDS_A_DAY
