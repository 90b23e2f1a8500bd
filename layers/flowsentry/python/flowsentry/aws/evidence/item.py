"""Converts evidence to and from its DynamoDB item: its key, its sets as BS and NS, its expiry.

By hand, not by boto3's TypeDeserializer and TypeSerializer: those take 438 µs instead of 50 to read an item with eleven
sets of 30 members, and 99 µs instead of 7 to write sets of 100 and 20, since each member becomes a Binary or a Decimal.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from flowsentry.findings.bounds import MAX_SOURCE_PORTS
from flowsentry.findings.evidence import MEMORY_DAYS, SECONDS_A_DAY, SET_SIZES, Evidence, EvidenceKey
from flowsentry.value import Value

Item = Mapping[str, Any]

PORTS = "source_ports"
MAX_STORED_MEMBERS = {name: size * 11 // 8 for name, size in {**SET_SIZES, PORTS: MAX_SOURCE_PORTS}.items()}
"""Members that a set may have in its item: more than evidence keeps, so that most writes can add members whatever other
writers add at the same time. Members that evidence no longer keeps are removed when the set is full. Higher: fewer
writes wait for each other, and a full item is larger than 3 KB. Lower: each new member of a full set races with all
other writers."""
_TYPES = {**dict.fromkeys(SET_SIZES, "BS"), PORTS: "NS"} | dict.fromkeys(
    ("first_seen", "last_seen", "expires_at", "version"), "N"
)
_TYPES |= {"is_inside": "BOOL"}
_ALWAYS = frozenset({"first_seen", "last_seen", "is_inside", "expires_at"})
KEPT_DAYS = 2
"""Days for which an item is kept after its last use. DynamoDB deletes within days of the expiry; more days only cost
storage."""


class Stored(Value, frozen=True):
    """The content of an item. The sets of `evidence` may have more members than evidence keeps, up to
    MAX_STORED_MEMBERS. `version` changes with every write. The item counts until `expires_at` (Unix s), whenever
    DynamoDB deletes it. An item with `damage` has no valid content.
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
    """An attribute of an unexpected type, with its value; None when it is missing."""

    name: str
    value: Any


def stored_in(item: Item) -> Stored:
    """The content of an item. A damaged item counts as expired, so that the next write replaces it."""
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
    """The first attribute that is missing or of an unexpected type; None when there is none."""
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
    """When an item expires (Unix s); 0 for an item without a valid expiry."""
    expires_at = item.get("expires_at", {})
    return int(expires_at["N"]) if _is_of("N", expires_at) else 0


def members_of(evidence: Evidence) -> dict[str, frozenset[Any]]:
    """The sets by attribute, without empty ones, which DynamoDB does not store."""
    return {name: members for name in MAX_STORED_MEMBERS if (members := getattr(evidence, name))}


def set_attribute(name: str, members: frozenset[Any]) -> dict[str, Any]:
    """A set as a DynamoDB attribute value."""
    return {"NS": [str(port) for port in sorted(members)]} if name == PORTS else {"BS": sorted(members)}


def expiry_of(day: int, now: float) -> int:
    """When an item of a UTC day expires (Unix s): KEPT_DAYS after the last day that is judged with it. For old records
    the days count from now, or DynamoDB would delete the item between two objects of the same backfill.
    """
    last_use = max((day + 1) * SECONDS_A_DAY, int(now)) + MEMORY_DAYS * SECONDS_A_DAY
    return last_use + KEPT_DAYS * SECONDS_A_DAY
