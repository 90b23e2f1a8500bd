"""A finding and its life ↔ an item of the findings table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Audience, Finding, Severity
from flowsentry.findings.triage import State, Triage

Item: TypeAlias = Mapping[str, Any]

SNOOZED_WORD = "snoozed"
"""What `unpublished` says of findings that wait for the end of their snooze."""
HIGH_WORD = "high"
"""What it says of HIGH ones; of all others it is their audience. A word is a partition of the index of the outbox: what
is HIGH is found without reading what else waits, and a flood of the rest does not throttle it."""
URGENT_WORDS = (HIGH_WORD, Audience.URGENT.value)
"""The loudest first. What an earlier version put may be HIGH and stand under the second."""
COUNTER_PREFIX = "quota#"
"""Ids of items that are no findings: counters of flood control."""
TRIAGE_NAMES = ("state", "changed_at", "by", "note", "until")
IN_OUTBOX_ONLY = ("unpublished", "waiting_since", "told", "held", "claimed_until")
"""Attributes of what is in the outbox."""
OUT_OF_IT_ONLY = ("published_at", "untold", "told_in")
"""Attributes of what is out of it."""
IS_WAITING: Any = {
    "only_if": "attribute_exists(#unpublished) AND #unpublished <> :snoozed",
    "given": {"snoozed": {"S": SNOOZED_WORD}},
}
"""In the outbox, and not snoozed by somebody since it was read: that snooze still has to end."""
THREAD_INDEX = "by_thread"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the table has of a finding. `unpublished` is empty once it is out of the outbox, where it has been since
    `waiting_since`; `told` are the channels that have it; `before` is the life it had before it was seen again or its
    snooze ended; `untold` says why nobody was told, `told_in` in what it was summed up; until
    `claimed_until` one notifier is telling people of it. Times are Unix seconds.
    """

    finding: Finding
    found_at: int
    triage: Triage
    unpublished: str = ""
    waiting_since: int = 0
    told: frozenset[str] = frozenset()
    is_held: bool = False
    before: Triage | None = None
    published_at: int | None = None
    untold: str = ""
    told_in: str = ""
    claimed_until: int = 0


def outbox_word(finding: Finding) -> str:
    """Under which word a finding waits to be told."""
    return HIGH_WORD if finding.severity is Severity.HIGH else finding.audience.value


def is_counter(item: Item) -> bool:
    """Whether an item is a counter of flood control, and no finding."""
    return _text(item, "id").startswith(COUNTER_PREFIX)


def entry_of(item: Item) -> Entry:
    """What an item of the table, of an index or of the stream holds. Raises PoisonError for one that is no finding."""
    try:
        return _entry(_finding_of(item), item)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} stands as none does: {error!r}") from error


def _entry(finding: Finding, item: Item) -> Entry:
    found_at = _number(item, "found_at") or 0
    return Entry(
        finding,
        found_at,
        triage_of(item),
        unpublished=_text(item, "unpublished"),
        waiting_since=_number(item, "waiting_since") or found_at,
        told=frozenset(item.get("told", {}).get("SS", ())),
        is_held="held" in item,
        before=triage_of(item["before"].get("M", {})) if "before" in item else None,
        published_at=_number(item, "published_at"),
        untold=_text(item, "untold"),
        told_in=_text(item, "told_in"),
        claimed_until=_number(item, "claimed_until") or 0,
    )


def _finding_of(item: Item) -> Finding:
    try:
        finding = Finding.from_json(item["finding"]["S"])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} is no finding: {error!r}") from error
    if finding.id != _text(item, "id") or not isinstance(finding.details, Mapping):
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} holds something else than its finding")
    return finding


def triage_of(item: Item) -> Triage:
    """The life in an item; that of an item of older days, or with an unknown word, is just open."""
    if (state := _text(item, "state")) not in tuple(State):
        return Triage()
    return Triage(
        State(state),
        changed_at=_number(item, "changed_at") or 0,
        by=_text(item, "by"),
        note=_text(item, "note"),
        until=_number(item, "until"),
    )


def triage_attributes(triage: Triage) -> dict[str, Any]:
    """What is empty has no attribute."""
    texts = {"state": triage.state.value, "by": triage.by, "note": triage.note}
    numbers = {"changed_at": triage.changed_at, "until": triage.until}
    return {name: {"S": text} for name, text in texts.items() if text} | {
        name: number(value) for name, value in numbers.items() if value
    }


def key_of(finding_id: str) -> dict[str, Any]:
    return {"id": {"S": finding_id}}


def number(value: float) -> dict[str, str]:
    return {"N": str(int(value))}


def change(
    finding_id: str, values: Mapping[str, Any], *, without: Sequence[str] = (), only_if: str, given: Item | None = None
) -> dict[str, Any]:
    """The arguments of an update that sets `values`, removes what `without` names, and is made `only_if` a condition
    holds, which may use the values `given` to it, and `#` before the names of what is changed.
    """
    removed = [name for name in without if name not in values]
    sets = ", ".join(f"#{name} = :{name}" for name in values)
    removals = f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""
    return {
        "Key": key_of(finding_id),
        "UpdateExpression": f"SET {sets}{removals}",
        "ConditionExpression": only_if,
        "ExpressionAttributeNames": {f"#{name}": name for name in (*values, *removed)},
        "ExpressionAttributeValues": {f":{name}": value for name, value in {**values, **(given or {})}.items()},
    }


def _text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def _number(item: Item, name: str) -> int | None:
    text = item.get(name, {}).get("N")
    return None if text is None else int(float(text))


def newest_of_thread(thread: str) -> dict[str, Any]:
    """The arguments of a query for the findings of a thread, newest first."""
    return {
        "IndexName": THREAD_INDEX,
        "KeyConditionExpression": "thread = :thread",
        "ExpressionAttributeValues": {":thread": {"S": thread}},
        "ScanIndexForward": False,
    }
