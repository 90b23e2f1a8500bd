"""What is written to an item so that it has some evidence too: nothing, or one UpdateItem with a condition.

The condition says what must still be so when the write arrives. Where it is not, nothing is written, and what is to be
written is worked out anew from what the item has become.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowsentry.aws.evidence.item import MAX_HELD, Damage, Stored, as_set, expiry_of, key_of, members_of
from flowsentry.findings.evidence import Evidence, EvidenceKey

Update = Mapping[str, Any]
"""The arguments of an UpdateItem, but for the table."""


def merging_update(known: Stored | None, evidence: Evidence, now: float, last_seen_step: int) -> Update | None:
    """What makes the item, known to be so, hold this evidence too; None where it has it all. An item that has expired
    is begun anew.

    Members that would not be kept are not written, nor a last seen that rose by less than the step. Where there is
    room, members are added, which is right whatever others add at the same time; where there is none, the sets are
    written as a whole, on condition that nobody has written meanwhile.
    """
    if known is None or known.has_expired(now):
        return _beginning(evidence.within_bounds(), now, known.damage if known else None)
    merged = known.evidence.merge(evidence)
    times = _times(known.evidence, merged, last_seen_step)
    new = _new_members(known.evidence, merged)
    turns_inside = merged.is_inside and not known.evidence.is_inside
    if not (new or times or turns_inside):
        return None
    writing = _Writing(merged.key, now)
    for name, (time, comparison) in times.items():
        writing.set(name, {"N": str(time)}).on_condition(f"#{name} {comparison} :{name}")
    if turns_inside:
        writing.set("is_inside", {"BOOL": True})
    if all(len(getattr(known.evidence, name)) + len(members) <= MAX_HELD[name] for name, members in new.items()):
        return _adding(writing, new)
    return _rewriting(writing, known.version, merged)


def _beginning(evidence: Evidence, now: float, damage: Damage | None) -> Update:
    """All of it, where there is no item or one that has expired or is damaged, of which nothing is left. Its version
    begins with the clock: an item that was deleted and begun anew has no version that anybody may remember.
    """
    writing = _Writing(evidence.key, now)
    members = members_of(evidence)
    for name in MAX_HELD:
        if name in members:
            writing.set(name, as_set(name, members[name]))
        else:
            writing.remove(name)
    writing.set("first_seen", {"N": str(evidence.first_seen)}).set("last_seen", {"N": str(evidence.last_seen)})
    writing.set("is_inside", {"BOOL": evidence.is_inside}).set("version", {"N": str(int(now))})
    return (_where_damaged(writing, damage) if damage else _where_nothing_counts(writing)).update()


def _where_nothing_counts(writing: "_Writing") -> "_Writing":
    return writing.at_now().on_condition("(attribute_not_exists(#expires_at) OR #expires_at <= :now)")


def _where_damaged(writing: "_Writing", damage: Damage) -> "_Writing":
    """Unless somebody has mended it meanwhile."""
    writing.name(damage.name)
    if damage.value is None:
        return writing.on_condition(f"attribute_not_exists(#{damage.name})")
    return writing.value("damaged", damage.value).on_condition(f"#{damage.name} = :damaged")


def _adding(writing: "_Writing", new: Mapping[str, frozenset[Any]]) -> Update:
    for name, members in new.items():
        writing.add(name, as_set(name, members))
        writing.value(f"room_{name}", {"N": str(MAX_HELD[name] - len(members))})
        writing.on_condition(f"(attribute_not_exists(#{name}) OR size(#{name}) <= :room_{name})")
    return _of_the_living(writing)


def _rewriting(writing: "_Writing", version: int, merged: Evidence) -> Update:
    for name, members in members_of(merged).items():
        writing.set(name, as_set(name, members))
    writing.value("known", {"N": str(version)})
    writing.on_condition("(attribute_not_exists(#version) OR #version = :known)")
    return _of_the_living(writing)


def _of_the_living(writing: "_Writing") -> Update:
    return writing.add("version", {"N": "1"}).at_now().on_condition("#expires_at > :now").update()


def _times(known: Evidence, merged: Evidence, step: int) -> dict[str, tuple[int, str]]:
    """The times to write by attribute, and how the ones there must compare: first seen falls, last seen rises."""
    falls, rises = merged.first_seen < known.first_seen, merged.last_seen - known.last_seen >= max(step, 1)
    first = {"first_seen": (merged.first_seen, ">")} if falls else {}
    return first | ({"last_seen": (merged.last_seen, "<")} if rises else {})


def _new_members(known: Evidence, merged: Evidence) -> dict[str, frozenset[Any]]:
    new = {name: members - getattr(known, name) for name, members in members_of(merged).items()}
    return {name: members for name, members in new.items() if members}


@dataclass
class _Writing:
    """An UpdateItem in the making. Attributes are named by placeholders: some names are DynamoDB's own words."""

    key: EvidenceKey
    now: float
    _clauses: dict[str, list[str]] = field(default_factory=dict)
    _conditions: list[str] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)

    def set(self, name: str, value: Mapping[str, Any]) -> "_Writing":
        return self._clause("SET", f"#{name} = :{name}", name).value(name, value)

    def add(self, name: str, value: Mapping[str, Any]) -> "_Writing":
        return self._clause("ADD", f"#{name} :{name}", name).value(name, value)

    def remove(self, name: str) -> "_Writing":
        return self._clause("REMOVE", f"#{name}", name)

    def name(self, name: str) -> "_Writing":
        self._names[f"#{name}"] = name
        return self

    def value(self, name: str, value: Mapping[str, Any]) -> "_Writing":
        self._values[f":{name}"] = value
        return self

    def at_now(self) -> "_Writing":
        return self.value("now", {"N": str(int(self.now))})

    def on_condition(self, condition: str) -> "_Writing":
        self._conditions.append(condition)
        return self

    def update(self) -> Update:
        """The whole of it; the item's life is prolonged, and the answer has all of the item, written or not."""
        self.set("expires_at", {"N": str(expiry_of(self.key, self.now))})
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

    def _clause(self, word: str, clause: str, name: str) -> "_Writing":
        self._clauses.setdefault(word, []).append(clause)
        self._names[f"#{name}"] = name
        return self
