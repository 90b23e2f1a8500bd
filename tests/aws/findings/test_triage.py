"""What people say of findings: by whom, once, and only of what is there."""

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
def test_what_was_said_is_kept_with_who_when_and_why(world: OutboxWorld, state: State) -> None:
    triage = SAYINGS[state](world.finding_triage, "a")
    assert triage == Triage(state, NOW, "alice", "known", NOW + DAY if state is State.SNOOZED else None)
    assert world.finding_triage.entry("a").triage == triage


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED])
def test_saying_the_same_again_changes_nothing(world: OutboxWorld, state: State) -> None:
    first = SAYINGS[state](world.finding_triage, "a")
    world.clock.pass_(DAY)
    assert SAYINGS[state](world.finding_triage, "a") == first
    assert world.finding_triage.entry("a").triage == first


def test_a_new_reason_or_a_new_end_is_something_new(world: OutboxWorld) -> None:
    world.finding_triage.snooze("a", NOW + DAY, "alice", "known")
    assert world.finding_triage.snooze("a", NOW + DAY, "bob").by == "alice"
    assert world.finding_triage.snooze("a", NOW + 2 * DAY, "bob").until == NOW + 2 * DAY
    assert world.finding_triage.snooze("a", NOW + 2 * DAY, "bob", "still").note == "still"


@pytest.mark.parametrize("state", [State.ACKNOWLEDGED, State.SNOOZED, State.RESOLVED])
def test_what_was_not_told_yet_is_not_told_any_more(world: OutboxWorld, state: State) -> None:
    SAYINGS[state](world.finding_triage, "a")
    world.stream()
    world.sweep()
    assert world.topic.tellings == []


def test_what_is_open_stays_in_the_outbox_when_it_is_reopened(world: OutboxWorld) -> None:
    world.finding_triage.reopen("a", "alice", "why not")
    assert world.waiting == ["a"]


def test_what_was_reopened_is_open_without_what_was_said_before(world: OutboxWorld) -> None:
    world.finding_triage.snooze("a", NOW + DAY, "alice", "later")
    assert world.finding_triage.reopen("a", "bob") == Triage(State.OPEN, NOW, "bob")
    assert world.finding_triage.entry("a").triage == Triage(State.OPEN, NOW, "bob")
    assert world.waiting == []


@pytest.mark.parametrize("name", ["never-there", "quota#urgent"])
@pytest.mark.parametrize("state", SAYINGS)
def test_nothing_can_be_said_of_what_is_no_finding(world: OutboxWorld, state: State, name: str) -> None:
    clients.dynamodb().put_item(TableName=FINDINGS_TABLE, Item={"id": {"S": "quota#urgent"}})
    with pytest.raises(NoSuchFindingError, match=f"there is no finding {name}"):
        SAYINGS[state](world.finding_triage, name)


def test_names_and_notes_are_bounded(world: OutboxWorld) -> None:
    triage = world.finding_triage.acknowledge("a", "a" * 1_000, "n" * 1_000)
    assert (len(triage.by), len(triage.note)) == (MAX_BY_LETTERS, MAX_NOTE_LETTERS)


def test_a_snoozed_finding_is_kept_until_it_has_come_back(world: OutboxWorld) -> None:
    world.finding_triage.snooze("a", NOW + 365 * DAY, "alice")
    assert int(world.item("a")["expires_at"]["N"]) > NOW + 365 * DAY


def test_findings_are_listed_newest_first_without_counters_and_poison(world: OutboxWorld) -> None:
    poison: list[PoisonError] = []
    for name, age in (("quota#urgent", 0), ("bad", 0)):
        item = {"id": {"S": name}, "found_at": {"N": str(NOW - age)}}
        clients.dynamodb().put_item(
            TableName=FINDINGS_TABLE, Item=item | ({"finding": {"S": "?"}} if name == "bad" else {})
        )
    world.clock.pass_(10)
    world.put(finding("b"))
    assert [entry.finding.id for entry in world.finding_triage.newest(NOW, poison.append)] == ["b", "a"]
    assert [entry.finding.id for entry in world.finding_triage.newest(NOW + 1, poison.append)] == ["b"]
    assert [error.reason for error in poison] == ["not-a-finding"]


def test_the_others_of_a_thread_are_those_with_its_name(world: OutboxWorld) -> None:
    for name in ("x", "y", "z"):
        world.clock.pass_(DAY)
        world.put(finding(name, thread="t"))
    assert [entry.finding.id for entry in world.finding_triage.thread_of(world.finding_triage.entry("y"), never)] == [
        "z",
        "x",
    ]
    assert world.finding_triage.thread_of(world.finding_triage.entry("a"), never) == []
