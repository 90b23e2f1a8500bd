"""Converts a finding and its triage to and from an item of the findings table."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Audience, Finding, Severity
from flowsentry.findings.triage import State, Triage
from flowsentry.value import Value

Item: TypeAlias = Mapping[str, Any]

SNOOZED_PARTITION = "snoozed"
"""`unpublished` of findings that wait for the end of their snooze."""
HIGH_PARTITION = "high"
"""`unpublished` of HIGH findings; of all others it is their audience. Each value is a partition of the outbox index:
HIGH findings are found without reading other waiting findings, whose flood does not throttle them either."""
URGENT_PARTITIONS = (HIGH_PARTITION, Audience.URGENT.value)
"""The most urgent first. Findings put by an earlier version may be HIGH in the second partition."""
COUNTER_PREFIX = "rate-limit#"
"""Id prefix of rate limit counters, items that are no findings."""
CONTROL_PREFIX = "control#"
"""Id prefix of items about alerts in general: the pause, the canary, the check of subscriptions."""
TRIAGE_ATTRIBUTES = ("state", "changed_at", "by", "note", "until")
OUTBOX_ATTRIBUTES = ("unpublished", "waiting_since", "delivered_to", "rate_limited", "claimed_until")
"""Attributes of findings in the outbox."""
PUBLISHED_ATTRIBUTES = ("published_at", "undelivered_reason", "delivered_in")
"""Attributes of findings that left the outbox."""
IS_WAITING: Any = {
    "only_if": "attribute_exists(#unpublished) AND #unpublished <> :snoozed",
    "given": {"snoozed": {"S": SNOOZED_PARTITION}},
}
"""In the outbox, and not snoozed since it was read: the end of that snooze is still to come."""
THREAD_INDEX = "by_thread"
_TEXTS = ("id", "kind", "title", "subject", "scope", "thread", "suppressed_by")
_TYPES: dict[str, type] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(("first_seen", "last_seen", "endpoints"), int),
    "details": dict,
}
"""The types of a finding's values as `json.loads` returns them."""


class Entry(Value, frozen=True):
    """A finding's item. `unpublished` is empty once the finding has left the outbox, where it waited since
    `waiting_since`; `delivered_to` are the channels that have it, until all do; `is_rate_limited` says that it waits
    for a summary; `before` is its triage before it was seen again or its snooze ended; `undelivered_reason` says why it
    was not delivered, `delivered_in` in which kind of summary it was; until `claimed_until` one notifier is delivering
    it. Times are Unix seconds.
    """

    finding: Finding
    found_at: int
    triage: Triage
    unpublished: str = ""
    waiting_since: int = 0
    delivered_to: frozenset[str] = frozenset()
    is_rate_limited: bool = False
    before: Triage | None = None
    published_at: int | None = None
    undelivered_reason: str = ""
    delivered_in: str = ""
    claimed_until: int = 0

    @property
    def is_high(self) -> bool:
        return self.finding.severity is Severity.HIGH


def outbox_partition(finding: Finding) -> str:
    """The outbox partition in which a finding waits for delivery."""
    return HIGH_PARTITION if finding.severity is Severity.HIGH else finding.audience.value


def is_bookkeeping(item: Item) -> bool:
    """Whether an item is a rate limit counter or a control item instead of a finding."""
    return _text(item, "id").startswith((COUNTER_PREFIX, CONTROL_PREFIX))


def entry_of(item: Item) -> Entry:
    """The entry in an item of the table, an index or the stream. Raises PoisonError for an item that is no finding."""
    try:
        return _entry(_finding_of(item), item)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} has invalid attributes: {error!r}") from error


def _entry(finding: Finding, item: Item) -> Entry:
    found_at = _number(item, "found_at") or 0
    return Entry(
        finding,
        found_at,
        triage_of(item),
        unpublished=_text(item, "unpublished"),
        waiting_since=_number(item, "waiting_since") or found_at,
        delivered_to=frozenset(item.get("delivered_to", {}).get("SS", ())),
        is_rate_limited="rate_limited" in item,
        before=triage_of(item["before"].get("M", {})) if "before" in item else None,
        published_at=_number(item, "published_at"),
        undelivered_reason=_text(item, "undelivered_reason"),
        delivered_in=_text(item, "delivered_in"),
        claimed_until=_number(item, "claimed_until") or 0,
    )


def _finding_of(item: Item) -> Finding:
    try:
        finding = Finding.from_json(item["finding"]["S"])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} is no finding: {error!r}") from error
    if wrong := [name for name, kind in _TYPES.items() if type(getattr(finding, name)) is not kind]:
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} has invalid values of {', '.join(wrong)}")
    if finding.id != _text(item, "id"):
        raise PoisonError("not-a-finding", f"item {_text(item, 'id')!r} contains another finding")
    return finding


def triage_of(item: Item) -> Triage:
    """The triage in an item; open when it has none, as in items of earlier versions, or an unknown state."""
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
    """The item's attributes; empty values have none."""
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
    """The arguments of an UpdateItem call that sets `values` and removes the attributes `without`, on condition
    `only_if`, which may use the values `given` and the changed attributes' names with a `#` prefix.
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
