"""Findings → messages, where a finding that no message can be made of costs that one alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flowsentry.aws.finding_item import Entry
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.errors import PoisonError
from flowsentry.findings import Finding


@contextmanager
def rendering() -> Iterator[None]:
    """What a message trips over in a finding leaves as PoisonError: it is there the next time as well."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise PoisonError("no-message", f"no message can be made of it: {error!r}") from error


def rendered(
    entries: Sequence[Entry],
    message_of: Callable[[Sequence[Finding]], AlertMessage],
    on_poison: Callable[[Entry, PoisonError], None],
) -> tuple[list[Entry], AlertMessage | None]:
    """One message about all that one can be made of, and which these are; no message when there are none. `on_poison`
    is told of the others.
    """
    kept = list(entries)
    try:
        return kept, _message(kept, message_of)
    except PoisonError:
        kept = [entry for entry in entries if _is_fit(entry, message_of, on_poison)]
        return kept, _message(kept, message_of)


def _message(entries: Sequence[Entry], message_of: Callable[[Sequence[Finding]], AlertMessage]) -> AlertMessage | None:
    with rendering():
        return message_of([entry.finding for entry in entries]) if entries else None


def _is_fit(
    entry: Entry,
    message_of: Callable[[Sequence[Finding]], AlertMessage],
    on_poison: Callable[[Entry, PoisonError], None],
) -> bool:
    try:
        _message([entry], message_of)
    except PoisonError as error:
        on_poison(entry, error)
        return False
    return True
