"""Builds the UpdateItem that merges evidence into an item; no write when the item has all of it.

The condition of the write states what must still hold when it arrives. When it does not, nothing is written, and the
update is built again from the item's new content.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from flowsentry.aws.evidence.item import (
    MAX_STORED_MEMBERS,
    Damage,
    Stored,
    expiry_of,
    key_of,
    members_of,
    set_attribute,
)
from flowsentry.findings.evidence import Evidence, EvidenceKey

Update = Mapping[str, Any]
"""The arguments of an UpdateItem, without the table name."""


def merging_update(known: Stored | None, evidence: Evidence, now: float, last_seen_step: int) -> Update | None:
    """The update that adds this evidence to the item with the content `known`; None when the item has all of it. An
    expired item is replaced.

    Members that evidence would not keep are not written, nor a `last_seen` that rose by less than `last_seen_step`
    seconds. While a set has room, members are added to it, which is correct whatever other writers add at the same
    time. A full set is written as a whole, on condition that no other writer has written since it was read.
    """
    if known is None or known.has_expired(now):
        return _first_write(evidence.within_bounds(), now, known.damage if known else None)
    merged = known.evidence.merge(evidence)
    times = _times(known.evidence, merged, last_seen_step)
    new = _new_members(known.evidence, merged)
    turns_inside = merged.is_inside and not known.evidence.is_inside
    if not (new or times or turns_inside):
        return None
    writing = _UpdateBuilder(merged.key, now)
    for name, (time, comparison) in times.items():
        writing.set(name, {"N": str(time)}).on_condition(f"#{name} {comparison} :{name}")
    if turns_inside:
        writing.set("is_inside", {"BOOL": True})
    if all(
        len(getattr(known.evidence, name)) + len(members) <= MAX_STORED_MEMBERS[name] for name, members in new.items()
    ):
        return _adding(writing, new)
    return _rewriting(writing, known.version, merged)


def _first_write(evidence: Evidence, now: float, damage: Damage | None) -> Update:
    """Writes all of the evidence where there is no item, or in place of an expired or damaged one. The version starts
    with the current time, so that it differs from any version of an earlier item with the same key.
    """
    writing = _UpdateBuilder(evidence.key, now)
    members = members_of(evidence)
    for name in MAX_STORED_MEMBERS:
        if name in members:
            writing.set(name, set_attribute(name, members[name]))
        else:
            writing.remove(name)
    writing.set("first_seen", {"N": str(evidence.first_seen)}).set("last_seen", {"N": str(evidence.last_seen)})
    writing.set("is_inside", {"BOOL": evidence.is_inside}).set("version", {"N": str(int(now))})
    return (_where_damaged(writing, damage) if damage else _where_absent_or_expired(writing)).update()


def _where_absent_or_expired(writing: "_UpdateBuilder") -> "_UpdateBuilder":
    return writing.at_now().on_condition("(attribute_not_exists(#expires_at) OR #expires_at <= :now)")


def _where_damaged(writing: "_UpdateBuilder", damage: Damage) -> "_UpdateBuilder":
    """On condition that the damage is still there."""
    writing.name(damage.name)
    if damage.value is None:
        return writing.on_condition(f"attribute_not_exists(#{damage.name})")
    return writing.value("damaged", damage.value).on_condition(f"#{damage.name} = :damaged")


def _adding(writing: "_UpdateBuilder", new: Mapping[str, frozenset[Any]]) -> Update:
    for name, members in new.items():
        writing.add(name, set_attribute(name, members))
        writing.value(f"room_{name}", {"N": str(MAX_STORED_MEMBERS[name] - len(members))})
        writing.on_condition(f"(attribute_not_exists(#{name}) OR size(#{name}) <= :room_{name})")
    return _of_current_item(writing)


def _rewriting(writing: "_UpdateBuilder", version: int, merged: Evidence) -> Update:
    for name, members in members_of(merged).items():
        writing.set(name, set_attribute(name, members))
    writing.value("known", {"N": str(version)})
    writing.on_condition("(attribute_not_exists(#version) OR #version = :known)")
    return _of_current_item(writing)


def _of_current_item(writing: "_UpdateBuilder") -> Update:
    return writing.add("version", {"N": "1"}).at_now().on_condition("#expires_at > :now").update()


def _times(known: Evidence, merged: Evidence, step: int) -> dict[str, tuple[int, str]]:
    """The times to write by attribute, each with the comparison by which the stored one must differ: `first_seen` only
    falls, `last_seen` only rises.
    """
    falls, rises = merged.first_seen < known.first_seen, merged.last_seen - known.last_seen >= max(step, 1)
    first = {"first_seen": (merged.first_seen, ">")} if falls else {}
    return first | ({"last_seen": (merged.last_seen, "<")} if rises else {})


def _new_members(known: Evidence, merged: Evidence) -> dict[str, frozenset[Any]]:
    new = {name: members - getattr(known, name) for name, members in members_of(merged).items()}
    return {name: members for name, members in new.items() if members}


class _UpdateBuilder(Struct):
    """Builds an UpdateItem. All attributes are named by placeholders, since some names are reserved words."""

    key: EvidenceKey
    now: float
    _clauses: dict[str, list[str]] = field(default_factory=dict)
    _conditions: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)

    def set(self, name: str, value: Mapping[str, Any]) -> "_UpdateBuilder":
        return self._clause("SET", f"#{name} = :{name}", name).value(name, value)

    def add(self, name: str, value: Mapping[str, Any]) -> "_UpdateBuilder":
        return self._clause("ADD", f"#{name} :{name}", name).value(name, value)

    def remove(self, name: str) -> "_UpdateBuilder":
        return self._clause("REMOVE", f"#{name}", name)

    def name(self, name: str) -> "_UpdateBuilder":
        self._names[f"#{name}"] = name
        return self

    def value(self, name: str, value: Mapping[str, Any]) -> "_UpdateBuilder":
        self._values[f":{name}"] = value
        return self

    def at_now(self) -> "_UpdateBuilder":
        return self.value("now", {"N": str(int(self.now))})

    def on_condition(self, condition: str) -> "_UpdateBuilder":
        self._conditions.append(condition)
        return self

    def update(self) -> Update:
        """The complete update. It extends the item's expiry and returns the whole item, written or not."""
        self.set("expires_at", {"N": str(expiry_of(self.key.day, self.now))})
        clauses = (f"{word} {', '.join(each)}" for word, each in self._clauses.items())
        return {
            "Key": key_of(self.key),
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": " AND ".join(self._conditions),
            "ExpressionAttributeNames": self._names,
            "ExpressionAttributeValues": self._values,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _clause(self, word: str, clause: str, name: str) -> "_UpdateBuilder":
        self._clauses.setdefault(word, []).append(clause)
        self._names[f"#{name}"] = name
        return self
