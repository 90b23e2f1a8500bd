"""Triage of a replay's findings: the same actions leave the same states as in the findings table."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import FindingTriage, NoSuchFindingError
from flowsentry.findings.triage import State, Triage
from local.console.inbox.triage_in_memory import TriagedFindings, TriageInMemory
from tests.aws.notifications.outbox_world import DAY, NOW, Clock, finding
from tests.moto_world import FINDINGS_TABLE, aws_in_memory, forget_clients, make_findings_table

ONE, OTHER = finding("one", thread="t"), finding("other", thread="t", last_seen=NOW - DAY)
Act = Callable[[TriagedFindings], Triage]
ACTS: dict[str, Act] = {
    "acknowledge": lambda findings: findings.acknowledge("one", "alice", "our scanner"),
    "acknowledge without a note": lambda findings: findings.acknowledge("one", "bob"),
    "snooze": lambda findings: findings.snooze("one", NOW + 7 * DAY, "alice"),
    "snooze longer": lambda findings: findings.snooze("one", NOW + 9 * DAY, "alice"),
    "resolve": lambda findings: findings.resolve("one", "b" * 100, "n" * 300),
    "reopen": lambda findings: findings.reopen("one", "carol", "again"),
}
COURSES: Sequence[Sequence[str]] = (
    ("acknowledge", "acknowledge without a note", "reopen", "reopen"),
    ("snooze", "snooze longer", "snooze", "resolve"),
    ("reopen", "resolve", "resolve", "acknowledge"),
)


@pytest.fixture(scope="module")
def table() -> Iterator[None]:
    forget_clients()
    with pytest.MonkeyPatch.context() as patch, aws_in_memory(patch):
        make_findings_table()
        yield
    forget_clients()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("course", COURSES)
def test_the_same_actions_leave_the_same_triage_as_in_the_table(course: Sequence[str]) -> None:
    clock = Clock()
    stored, held = FindingTriage(FINDINGS_TABLE, clients.dynamodb(), clock), TriageInMemory(clock)
    clients.dynamodb().delete_item(TableName=FINDINGS_TABLE, Key={"id": {"S": "one"}})
    FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock).put_new([ONE])
    held.put([ONE])
    for name in course:
        clock.advance(60)
        assert ACTS[name](held) == ACTS[name](stored), name
        assert held.entry("one").triage == stored.entry("one").triage


def test_an_unknown_finding_is_named() -> None:
    with pytest.raises(NoSuchFindingError, match="there is no finding nothing"):
        TriageInMemory().acknowledge("nothing", "alice")


def test_findings_are_listed_newest_first_and_those_of_a_thread_without_itself() -> None:
    held = TriageInMemory()
    held.put([OTHER, ONE, finding("alone")])
    assert [each.finding.id for each in held.newest(0, print)] == ["alone", "one", "other"]
    assert [each.finding.id for each in held.thread_of(held.entry("one"), print)] == ["other"]
    assert held.thread_of(held.entry("alone"), print) == []


def test_a_finding_is_open_again_when_its_snooze_has_ended() -> None:
    clock = Clock()
    held = TriageInMemory(clock)
    held.put([ONE])
    held.snooze("one", NOW + DAY, "alice")
    assert held.entry("one").triage.state is State.SNOOZED
    clock.advance(DAY)
    entry = held.entry("one")
    assert (entry.triage.state, entry.triage.changed_at) == (State.OPEN, NOW + DAY)
    assert entry.before is not None
    assert entry.before.by == "alice"
