"""Renders findings into messages; quarantines findings that cannot be rendered."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import ClientError

from flowsentry.aws.findings.item import Entry, Item, entry_of
from flowsentry.aws.findings.table import FindingTable
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Finding
from flowsentry.telemetry import count_by, logger


@contextmanager
def rendering() -> Iterator[None]:
    """Raises an error of the renderer as PoisonError: the same finding fails again on a retry."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise PoisonError("no-message", f"the finding cannot be rendered: {error!r}") from error


def rendered(
    entries: Sequence[Entry],
    message_of: Callable[[Sequence[Finding]], AlertMessage],
    on_poison: Callable[[Entry, PoisonError], None],
) -> tuple[list[Entry], AlertMessage | None]:
    """One message about all findings that can be rendered, and these entries; no message when there are none.
    `on_poison` gets the others.
    """
    kept = _renderable(list(entries), message_of, on_poison)
    return kept, _message(kept, message_of)


def _renderable(
    entries: list[Entry],
    message_of: Callable[[Sequence[Finding]], AlertMessage],
    on_poison: Callable[[Entry, PoisonError], None],
) -> list[Entry]:
    """The entries that can be rendered; those that break a message about thousands are found by bisection."""
    try:
        _message(entries, message_of)
    except PoisonError as error:
        if len(entries) == 1:
            on_poison(entries[0], error)
            return []
        half = len(entries) // 2
        return [each for part in (entries[:half], entries[half:]) for each in _renderable(part, message_of, on_poison)]
    return entries


def _message(entries: Sequence[Entry], message_of: Callable[[Sequence[Finding]], AlertMessage]) -> AlertMessage | None:
    with rendering():
        return message_of([entry.finding for entry in entries]) if entries else None


QUARANTINED = "quarantined"
"""`undelivered_reason` of quarantined findings. They stay in the table for inspection."""


def valid_entries(findings: FindingTable, items: Iterable[Item], where: str) -> Iterator[Entry]:
    """The items that are findings; the others are quarantined."""
    for item in items:
        try:
            yield entry_of(item)
        except PoisonError as error:
            quarantine(findings, str(item.get("id", {}).get("S", "")), where, error)


def quarantine(findings: FindingTable, finding_id: str, where: str, error: PoisonError) -> None:
    """Counts and logs a finding, and takes it out of the outbox. Raises nothing: when the table can't be written, the
    finding is quarantined when it is next read.
    """
    count_by("PoisonFindings", {where: 1})
    logger().error("finding quarantined", extra={"finding": finding_id, "where": where, "error": str(error)})
    if not finding_id:
        return
    try:
        findings.mark_undelivered(finding_id, QUARANTINED)
    except (RetryableError, ClientError) as mark_error:
        logger().error("finding not quarantined", extra={"finding": finding_id, "error": str(mark_error)})
