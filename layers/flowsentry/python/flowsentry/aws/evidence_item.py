"""Evidence ↔ the DynamoDB item that holds it: keys, sets as BS and NS, and the update that merges."""

from collections.abc import Mapping
from typing import Any

from flowsentry.evidence import (
    MAX_SOURCE_PORTS,
    MEMORY_DAYS,
    SECONDS_A_DAY,
    SET_SIZES,
    Evidence,
    EvidenceKey,
    bottom,
)

Item = Mapping[str, Any]

KEPT_DAYS = 2
"""Days that an item outlives its use. DynamoDB deletes within days of the time given; more only costs storage."""


def key_of(key: EvidenceKey) -> dict[str, Any]:
    return {"source": {"S": f"{key.scope}|{key.source}"}, "day": {"N": str(key.day)}}


def evidence_key_of(item: Item) -> EvidenceKey:
    scope, _, source = item["source"]["S"].partition("|")
    return EvidenceKey(scope, source, int(item["day"]["N"]))


def evidence_of(item: Item) -> Evidence:
    """The evidence in an item, without what a crash between adding and trimming may have left in it."""
    ports = sorted(int(port) for port in item.get("source_ports", {}).get("NS", ()))
    return Evidence(
        evidence_key_of(item),
        **{name: bottom(_members(item, name), size) for name, size in SET_SIZES.items()},
        source_ports=frozenset(ports[:MAX_SOURCE_PORTS]),
        first_seen=int(item["first_seen"]["N"]),
        last_seen=int(item["last_seen"]["N"]),
        is_inside=item["is_inside"]["BOOL"],
    )


def excess_of(item: Item) -> dict[str, Any]:
    """The members that fell out of an item's bounded sets, by attribute. They can never come back into a bottom-k set,
    so deleting them in any order, any number of times, is safe.
    """
    kept = evidence_of(item)
    excess: dict[str, Any] = {}
    for name in SET_SIZES:
        if fallen := _members(item, name) - getattr(kept, name):
            excess[name] = {"BS": sorted(fallen)}
    ports = {int(port) for port in item.get("source_ports", {}).get("NS", ())}
    if fallen_ports := ports - kept.source_ports:
        excess["source_ports"] = {"NS": [str(port) for port in sorted(fallen_ports)]}
    return excess


def additions_of(evidence: Evidence) -> dict[str, Any]:
    """The members to ADD, by attribute; DynamoDB knows no empty set, so only those with members."""
    sets: dict[str, Any] = {name: {"BS": sorted(getattr(evidence, name))} for name in SET_SIZES}
    sets["source_ports"] = {"NS": [str(port) for port in sorted(evidence.source_ports)]}
    return {name: value for name, value in sets.items() if any(value.values())}


def expiry_of(key: EvidenceKey, now: float) -> int:
    """When the item may go: once no day can be judged with it any more, counted from now for records of long ago, which
    would else vanish between two objects of the same backfill.
    """
    last_use = max((key.day + 1) * SECONDS_A_DAY, int(now)) + MEMORY_DAYS * SECONDS_A_DAY
    return last_use + KEPT_DAYS * SECONDS_A_DAY


def merging_update(evidence: Evidence, now: float, *, with_last_seen: bool) -> dict[str, Any]:
    """UpdateItem arguments that merge evidence into its item and answer with all of it. `with_last_seen` lets last seen
    rise, on condition that it does: without it, last seen is set only where there is none.
    """
    additions = additions_of(evidence)
    names = {f"#{name}": name for name in additions}
    values = {f":{name}": value for name, value in additions.items()}
    last_seen = ":last" if with_last_seen else "if_not_exists(last_seen, :last)"
    is_inside = ":inside" if evidence.is_inside else "if_not_exists(is_inside, :inside)"
    update = (
        f"ADD {', '.join(f'#{name} :{name}' for name in additions)} "
        f"SET first_seen = if_not_exists(first_seen, :first), last_seen = {last_seen}, "
        f"is_inside = {is_inside}, expires_at = :expiry"
    )
    values |= {
        ":first": {"N": str(evidence.first_seen)},
        ":last": {"N": str(evidence.last_seen)},
        ":inside": {"BOOL": evidence.is_inside},
        ":expiry": {"N": str(expiry_of(evidence.key, now))},
    }
    condition = {"ConditionExpression": "attribute_not_exists(last_seen) OR last_seen <= :last"}
    return {
        "Key": key_of(evidence.key),
        "UpdateExpression": update,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValues": "ALL_NEW",
        **(condition if with_last_seen else {}),
    }


def trimming_update(key: EvidenceKey, excess: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Key": key_of(key),
        "UpdateExpression": f"DELETE {', '.join(f'#{name} :{name}' for name in excess)}",
        "ExpressionAttributeNames": {f"#{name}": name for name in excess},
        "ExpressionAttributeValues": {f":{name}": value for name, value in excess.items()},
    }


def lowering_update(evidence: Evidence) -> dict[str, Any]:
    """Lets first seen fall, on condition that it does."""
    return {
        "Key": key_of(evidence.key),
        "UpdateExpression": "SET first_seen = :first",
        "ConditionExpression": "first_seen > :first",
        "ExpressionAttributeValues": {":first": {"N": str(evidence.first_seen)}},
    }


def _members(item: Item, name: str) -> frozenset[bytes]:
    return frozenset(item.get(name, {}).get("BS", ()))
