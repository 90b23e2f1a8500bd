"""What people made of the finding before this one, in a sentence."""

from flowsentry.emit.plain_text import moment, plain
from flowsentry.life import MAX_NOTE_LETTERS, Earlier, Life, State


def earlier_text(earlier: Earlier) -> str:
    """`Resolved on 2026-11-01 09:12:00 UTC by maria (an old password); it is seen again.`."""
    life = earlier.life
    who_and_why = _by(life) + _note(life)
    if life.state is State.RESOLVED:
        return f"Resolved on {moment(life.changed_at)}{who_and_why}; it is seen again."
    if life.state is State.SNOOZED:
        return f"Snoozed until {moment(life.until or 0)}{who_and_why}; that is over, and it still happens."
    if life.state is State.ACKNOWLEDGED:
        return f"Acknowledged on {moment(life.changed_at)}{who_and_why}; still so."
    return f"Also seen on {moment(earlier.found_at)}, still open (finding {plain(earlier.finding_id)})."


def _by(life: Life) -> str:
    return f" by {plain(life.by)}" if life.by else ""


def _note(life: Life) -> str:
    return f" ({plain(life.note, MAX_NOTE_LETTERS)})" if life.note else ""
