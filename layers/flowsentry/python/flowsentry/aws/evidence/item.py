"""Evidence ↔ the DynamoDB item that holds it: its key, its sets as BS and NS, and until when it counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flowsentry.findings.evidence import (
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
_TYPES = {**dict.fromkeys(SET_SIZES, "BS"), PORTS: "NS"} | dict.fromkeys(
    ("first_seen", "last_seen", "expires_at", "version"), "N"
)
_TYPES |= {"is_inside": "BOOL"}
_ALWAYS = frozenset({"first_seen", "last_seen", "is_inside", "expires_at"})
KEPT_DAYS = 2
"""Days that an item outlives its use. DynamoDB deletes within days of the time given; more only costs storage."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is in an item. The sets of `evidence` may hold more than evidence keeps, up to MAX_HELD. `version` is
    another one after every write; the item counts until `expires_at`, Unix seconds, whenever DynamoDB deletes it. Of
    an item with `damage` nothing is believed.
    """

    evidence: Evidence
    version: int
    expires_at: int
    damage: "Damage | None" = None

    def has_expired(self, now: float) -> bool:
        return self.expires_at <= now


def key_of(key: EvidenceKey) -> dict[str, Any]:
    return {"source": {"S": f"{key.scope}|{key.source}"}, "day": {"N": str(key.day)}}


def evidence_key_of(item: Item) -> EvidenceKey:
    scope, _, source = item["source"]["S"].partition("|")
    return EvidenceKey(scope, source, int(item["day"]["N"]))


class Damage(NamedTuple):
    """An attribute that is not what evidence writes, and its value; None where it is missing."""

    name: str
    value: Any


def stored_in(item: Item) -> Stored:
    """What is in an item; of one that is damaged, that it is so: it has expired, and is to be begun anew."""
    if damage := _damage_in(item):
        return Stored(Evidence(evidence_key_of(item)), 0, 0, damage)
    evidence = Evidence(
        evidence_key_of(item),
        **{name: frozenset(item.get(name, {}).get("BS", ())) for name in SET_SIZES},
        source_ports=frozenset(int(port) for port in item.get(PORTS, {}).get("NS", ())),
        first_seen=int(item["first_seen"]["N"]),
        last_seen=int(item["last_seen"]["N"]),
        is_inside=item["is_inside"]["BOOL"],
    )
    return Stored(evidence, int(item.get("version", {}).get("N", "0")), expiry_in(item))


def _damage_in(item: Item) -> Damage | None:
    """The first attribute that is missing or of another type."""
    for name, type_ in _TYPES.items():
        if name not in item and name in _ALWAYS:
            return Damage(name, None)
        if name in item and not _is_of(type_, item[name]):
            return Damage(name, item[name])
    return None


def _is_of(type_: str, value: Mapping[str, Any]) -> bool:
    try:
        return type_ in value and (type_ not in ("N", "NS") or all(map(_is_whole, _numbers(value[type_]))))
    except TypeError:
        return False


def _numbers(value: str | Iterable[str]) -> Iterable[str]:
    return [value] if isinstance(value, str) else value


def _is_whole(number: str) -> bool:
    return number.lstrip("-").isdecimal()


def expiry_in(item: Item) -> int:
    """Until when an item counts; one that does not say it has expired."""
    expires_at = item.get("expires_at", {})
    return int(expires_at["N"]) if _is_of("N", expires_at) else 0


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
