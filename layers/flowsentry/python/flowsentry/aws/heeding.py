"""What people said of earlier findings of a thread, heeded: whether one is told, and what is told with it."""

from typing import NamedTuple

from flowsentry.aws.finding_item import Entry
from flowsentry.aws.finding_table import FindingTable
from flowsentry.life import Earlier, State


class Heeded(NamedTuple):
    """Whether people want to hear nothing of a finding; else the earlier one to tell with it."""

    is_silenced: bool
    earlier: Earlier | None


def heeded(findings: FindingTable, entry: Entry, now: float) -> Heeded:
    """What is silenced has been taken out of the outbox. What was said last of a thread holds; what was said of the
    finding itself, which has come back, is not what silences it.
    """
    earlier = findings.earlier(entry.finding)
    own = Earlier(entry.finding.id, entry.found_at, entry.before) if entry.before else None
    if earlier is None or (own and earlier.life.changed_at <= own.life.changed_at):
        return Heeded(is_silenced=False, earlier=own)
    if earlier.life.is_silent(now):
        findings.inherit(entry.finding.id, earlier)
        return Heeded(is_silenced=True, earlier=earlier)
    if earlier.life.is_resolved_before(entry.finding.last_seen) and entry.life.state is State.OPEN:
        findings.mark_seen_again(entry.finding.id)
    return Heeded(is_silenced=False, earlier=earlier)
