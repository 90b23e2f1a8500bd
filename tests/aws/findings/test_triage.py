"""Triage of findings: stored with a name, idempotent, and only for existing findings."""

from collections.abc import Callable

import pytest

from flowsentry.aws import clients
from flowsentry.aws.findings.triage import FindingTriage, NoSuchFindingError
from flowsentry.errors import PoisonError
from flowsentry.findings.triage import MAX_BY_LETTERS, MAX_NOTE_LETTERS, State, Triage
from tests.aws.notifications.outbox_world import DAY, NOW, OutboxWorld, finding
from tests.moto_world import FINDINGS_TABLE

SAYINGS: dict[State, Callable[[FindingTriage, str], Triage]] = {
    State.ACKNOWLEDGED: lambda finding_triage, name: finding_triage.acknowledge(name, "alice", "known"),
    State.SNOOZED: lambda finding_triage, name: finding_triage.snooze(name, NOW + DAY, "alice", "known"),
    State.RESOLVED: lambda finding_triage, name: finding_triage.resolve(name, "alice", "known"),
    State.OPEN: lambda finding_triage, name: finding_triage.reopen(name, "alice", "known"),
}


@pytest.fixture
def world() -> OutboxWorld:
    made = OutboxWorld()
    made.put(finding("a"))
    return made


def never(error: PoisonError) -> None:
    raise AssertionError(error)


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED])
def test_triage_is_stored_with_name_time_and_note(world: OutboxWorld, state: State) -> None:
    triage = SAYINGS[state](world.finding_triage, "a")
    assert triage == Triage(state, NOW, "alice", "known", NOW + DAY if state is State.SNOOZED else None)
    assert world.finding_triage.entry("a").triage == triage


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED])
def test_repeated_triage_changes_nothing(world: OutboxWorld, state: State) -> None:
    first = SAYINGS[state](world.finding_triage, "a")
    world.clock.advance(DAY)
    assert SAYINGS[state](world.finding_triage, "a") == first
    assert world.finding_triage.entry("a").triage == first


def test_a_new_note_or_a_new_end_changes_the_triage(world: OutboxWorld) -> None:
    world.finding_triage.snooze("a", NOW + DAY, "alice", "known")
    assert world.finding_triage.snooze("a", NOW + DAY, "bob").by == "alice"
    assert world.finding_triage.snooze("a", NOW + 2 * DAY, "bob").until == NOW + 2 * DAY
    assert world.finding_triage.snooze("a", NOW + 2 * DAY, "bob", "still").note == "still"


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED])
def test_triage_of_an_undelivered_finding_takes_it_out_of_the_outbox(world: OutboxWorld, state: State) -> None:
    SAYINGS[state](world.finding_triage, "a")
    world.stream()
    world.sweep()
    assert world.topic.sent == []


def test_reopening_an_open_finding_keeps_it_in_the_outbox(world: OutboxWorld) -> None:
    world.finding_triage.reopen("a", "alice", "why not")
    assert world.waiting == ["a"]


def test_a_reopened_finding_is_open_without_its_earlier_triage(world: OutboxWorld) -> None:
    world.finding_triage.snooze("a", NOW + DAY, "alice", "later")
    assert world.finding_triage.reopen("a", "bob") == Triage(State.OPEN, NOW, "bob")
    assert world.finding_triage.entry("a").triage == Triage(State.OPEN, NOW, "bob")
    assert world.waiting == []


@pytest.mark.parametrize("name", ["never-there", "rate-limit#urgent"])
@pytest.mark.parametrize("state", SAYINGS)
def test_triage_of_an_unknown_finding_raises_no_such_finding(world: OutboxWorld, state: State, name: str) -> None:
    clients.dynamodb().put_item(TableName=FINDINGS_TABLE, Item={"id": {"S": "rate-limit#urgent"}})
    with pytest.raises(NoSuchFindingError, match=f"there is no finding {name}"):
        SAYINGS[state](world.finding_triage, name)


def test_names_and_notes_are_bounded(world: OutboxWorld) -> None:
    triage = world.finding_triage.acknowledge("a", "a" * 1_000, "n" * 1_000)
    assert (len(triage.by), len(triage.note)) == (MAX_BY_LETTERS, MAX_NOTE_LETTERS)


def test_a_snoozed_finding_does_not_expire_before_its_snooze_ends(world: OutboxWorld) -> None:
    world.finding_triage.snooze("a", NOW + 365 * DAY, "alice")
    assert int(world.item("a")["expires_at"]["N"]) > NOW + 365 * DAY


def test_findings_are_listed_newest_first_without_counters_or_poison(world: OutboxWorld) -> None:
    poison: list[PoisonError] = []
    for name, age in (("rate-limit#urgent", 0), ("bad", 0)):
        item = {"id": {"S": name}, "found_at": {"N": str(NOW - age)}}
        clients.dynamodb().put_item(
            TableName=FINDINGS_TABLE, Item=item | ({"finding": {"S": "?"}} if name == "bad" else {})
        )
    world.clock.advance(10)
    world.put(finding("b"))
    assert [entry.finding.id for entry in world.finding_triage.newest(NOW, poison.append)] == ["b", "a"]
    assert [entry.finding.id for entry in world.finding_triage.newest(NOW + 1, poison.append)] == ["b"]
    assert [error.reason for error in poison] == ["not-a-finding"]


def test_a_thread_consists_of_the_other_findings_with_its_name(world: OutboxWorld) -> None:
    for name in ("x", "y", "z"):
        world.clock.advance(DAY)
        world.put(finding(name, thread="t"))
    assert [entry.finding.id for entry in world.finding_triage.thread_of(world.finding_triage.entry("y"), never)] == [
        "z",
        "x",
    ]
    assert world.finding_triage.thread_of(world.finding_triage.entry("a"), never) == []
