"""Findings → messages, where a finding that no message can be made of costs that one alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flowsentry.aws.findings.item import Entry
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Finding


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
    kept = _fit(list(entries), message_of, on_poison)
    return kept, _message(kept, message_of)


def _fit(
    entries: list[Entry],
    message_of: Callable[[Sequence[Finding]], AlertMessage],
    on_poison: Callable[[Entry, PoisonError], None],
) -> list[Entry]:
    """Those that one can be made of. What spoils a message about thousands is looked for by halves."""
    try:
        _message(entries, message_of)
    except PoisonError as error:
        if len(entries) == 1:
            on_poison(entries[0], error)
            return []
        half = len(entries) // 2
        return [each for part in (entries[:half], entries[half:]) for each in _fit(part, message_of, on_poison)]
    return entries


def _message(entries: Sequence[Entry], message_of: Callable[[Sequence[Finding]], AlertMessage]) -> AlertMessage | None:
    with rendering():
        return message_of([entry.finding for entry in entries]) if entries else None
