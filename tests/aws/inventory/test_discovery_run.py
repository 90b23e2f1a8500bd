"""Runs of the inventory: what is looked at, what rests, what fails, and what is left in the snapshot."""

from itertools import pairwise

import pytest

from flowsentry.aws.inventory.discovery_run import BEGIN_SECONDS, COOLDOWN_SECONDS
from flowsentry.errors import PoisonError, RetryableError
from tests.aws.inventory.discovery_world import (
    AWAY,
    CLUSTER,
    HOME,
    START,
    World,
    new_world,
    store,
    throttled,
)

DENIED = PoisonError("access-denied", "the role may not be assumed")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return new_world(monkeypatch)


def test_a_look_everywhere_sees_every_place_and_cluster(world: World) -> None:
    world.cluster.addresses = ("10.0.0.7",)
    assert world.discovery_run().discover_all() == 3
    assert set(world.known) == {"eni-1", "eni-2", "shop/default/pod-10.0.0.7"}


def test_pods_are_told_from_nodes_that_the_same_run_saw(world: World) -> None:
    world.cluster.addresses = ("10.0.0.1", "10.0.0.7")
    world.discovery_run().discover_all()
    assert set(world.known) == {"eni-1", "eni-2", "shop/default/pod-10.0.0.7"}


def test_a_storm_of_changes_is_one_look_at_the_place_it_is_in(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += COOLDOWN_SECONDS
    assert world.discovery_run().answer(world.mark() for _ in range(1_000)) == []
    assert len(world.home.looks) == 2
    assert (len(world.away.looks), world.change_events.delayed) == (1, [])


def test_a_storm_that_goes_on_is_one_look_a_minute(world: World) -> None:
    discovery_run = world.discovery_run()
    discovery_run.discover_all()
    for second in range(600):
        world.clock.now = START + 100 + second
        if second % 10 == 0:
            discovery_run.answer([*(world.mark() for _ in range(170)), *world.marks_back()])
    gaps = [later - earlier for earlier, later in pairwise(world.home.looks)]
    assert min(gaps) == max(gaps[1:]) == COOLDOWN_SECONDS
    assert len(world.change_events.delayed) <= 6


def test_of_runs_at_the_same_time_one_looks_for_both(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now = START + 100

    def another_run() -> None:
        world.home.meanwhile = None
        world.clock.pass_by(1)
        world.discovery_run().answer([world.mark(changed_at=START + 50)])

    world.home.meanwhile = another_run
    world.discovery_run().answer([world.mark(changed_at=START + 50)])
    assert world.home.looks == [START, START + 100]
    assert world.change_events.delayed == []


def test_a_change_while_another_run_looks_is_looked_at_when_the_place_has_rested(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now = START + 100

    def another_run() -> None:
        world.home.meanwhile = None
        world.clock.pass_by(1)
        world.discovery_run().answer([world.mark(changed_at=START + 101)])

    world.home.meanwhile = another_run
    world.discovery_run().answer([world.mark(changed_at=START + 50)])
    assert world.change_events.delayed == [(HOME, START + 101, COOLDOWN_SECONDS - 1)]
    world.clock.pass_by(COOLDOWN_SECONDS)
    world.discovery_run().answer(world.marks_back())
    assert world.home.looks == [START, START + 100, START + 161]


def test_a_place_that_is_throttled_rests_as_any_other(world: World) -> None:
    world.home.failure = throttled()
    first, second = world.mark(), world.mark()
    with pytest.raises(RetryableError):
        world.discovery_run().answer([first])
    assert world.discovery_run().answer([second]) == []
    assert len(world.home.looks) == 1
    assert len(world.change_events.delayed) == 1


def test_changes_while_a_place_rests_come_back_as_one_mark_when_it_has_rested(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now = START + 20
    assert world.discovery_run().answer([world.mark(), world.mark(), world.mark()]) == []
    assert world.change_events.delayed == [(HOME, START + 20, COOLDOWN_SECONDS - 20)]
    assert len(world.home.looks) == 1


def test_a_place_that_takes_long_to_look_at_rests_for_longer(world: World) -> None:
    world.home.seconds = 100
    world.discovery_run().discover_all()
    world.clock.now = START + 150
    world.discovery_run().answer([world.mark()])
    assert world.change_events.delayed == [(HOME, START + 150, 50)]


def test_a_change_that_the_last_look_saw_asks_for_nothing(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 10 * COOLDOWN_SECONDS
    world.discovery_run().answer([world.mark(changed_at=START - 10)])
    assert (len(world.home.looks), world.change_events.delayed) == (1, [])


def test_a_change_moments_before_a_look_is_looked_at_again_since_ec2_shows_it_later(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 10 * COOLDOWN_SECONDS
    world.discovery_run().answer([world.mark(changed_at=START - 1)])
    assert len(world.home.looks) == 2


def test_a_mark_of_a_place_that_nobody_looks_at_is_done_with(world: World) -> None:
    assert world.discovery_run().answer([world.mark("210987654321/eu-central-1"), world.mark("?")]) == []
    assert (world.home.looks, world.change_events.delayed) == ([], [])


def test_a_change_of_a_region_is_a_look_at_its_clusters_too(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += COOLDOWN_SECONDS
    world.cluster.addresses = ("10.0.0.7",)
    world.discovery_run().answer([world.mark()])
    assert "shop/default/pod-10.0.0.7" in world.known


def test_a_place_that_fails_keeps_what_was_seen_of_it_and_holds_up_no_other(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.discovery_run().discover_all()
    world.away.failure = DENIED
    world.home.interfaces["eni-3"] = "10.0.0.3"
    world.clock.now = START + 600
    assert world.discovery_run().discover_all() == 2
    assert world.known == {"eni-1": START + 600, "eni-2": START, "eni-3": START + 600}
    printed = capsys.readouterr().out
    assert f'"target":"{AWAY}"' in printed
    assert printed.count('"InventoryPlacesFailed":[1.0]') == 1


def test_when_every_place_fails_the_run_fails_and_the_snapshot_stays(world: World) -> None:
    world.discovery_run().discover_all()
    world.home.failure, world.away.failure = throttled(), DENIED
    with pytest.raises(RetryableError, match="no place could be looked at"):
        world.discovery_run().discover_all()
    assert set(world.known) == {"eni-1", "eni-2"}


def test_a_cluster_that_can_not_be_reached_keeps_its_pods_and_is_counted_by_itself(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.cluster.addresses = ("10.0.0.7",)
    world.discovery_run().discover_all()
    world.cluster.failure = RetryableError("could not ask cluster 'shop': timed out")
    world.clock.now += 600
    assert world.discovery_run().discover_all() == 2
    assert "shop/default/pod-10.0.0.7" in world.known
    printed = capsys.readouterr().out
    assert f'"cluster":"{CLUSTER}"' in printed
    assert "InventoryPlacesFailed" not in printed


def test_marks_of_a_place_that_is_throttled_come_again_and_others_do_not(world: World) -> None:
    world.home.failure = throttled()
    here, there = world.mark(HOME), world.mark(AWAY)
    assert world.discovery_run().answer([here, there]) == [here.message_id]
    assert set(world.known) == {"eni-2"}


def test_marks_of_a_place_that_no_retry_helps_do_not_come_again(world: World) -> None:
    world.away.failure = DENIED
    assert world.discovery_run().answer([world.mark(AWAY)]) == []


def test_when_nothing_can_be_answered_the_run_fails(world: World) -> None:
    world.home.failure = throttled()
    with pytest.raises(RetryableError, match="no request could be answered"):
        world.discovery_run().answer([world.mark(HOME)])


def test_names_that_are_missing_are_counted_by_the_call_that_was_refused(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.away.unnamed = ("rds describe_db_instances: AccessDenied",)
    assert world.discovery_run().discover_all() == 3
    printed = capsys.readouterr().out
    assert '"call":"rds describe_db_instances: AccessDenied"' in printed
    assert printed.count('"InventoryNamesMissing":[1.0]') == 1


def test_of_two_runs_at_the_same_time_neither_loses_what_the_other_saw(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 600

    def another_run() -> None:
        world.home.meanwhile = None
        world.away.interfaces["eni-4"] = "10.1.0.4"
        world.discovery_run(targets=(world.home, world.away)).answer([world.mark(AWAY)])

    world.home.meanwhile = another_run
    world.home.interfaces["eni-3"] = "10.0.0.3"
    world.discovery_run().answer([world.mark(HOME)])
    assert {"eni-3", "eni-4"} <= set(world.known)


def test_a_look_that_began_before_the_one_already_stored_changes_nothing(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 600

    def later_look() -> None:
        world.home.meanwhile = None
        world.clock.now += 100
        world.home.interfaces["eni-3"] = "10.0.0.3"
        world.discovery_run(targets=(world.home,), clusters=()).discover_all()

    world.home.meanwhile = later_look
    world.discovery_run(targets=(world.home,), clusters=()).discover_all()
    assert world.snapshot.target_states[HOME].taken_at == START + 700
    assert world.known["eni-3"] == START + 700


def test_looks_that_can_not_begin_in_time_are_left_to_the_next_run_which_begins_with_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowsentry.aws.concurrency.MAX_THREADS", 1)
    world.home.meanwhile = world.away.meanwhile = lambda: world.clock.pass_by(BEGIN_SECONDS)
    world.discovery_run().discover_all()
    assert (len(world.home.looks), len(world.away.looks)) == (1, 0)
    world.discovery_run().discover_all()
    assert (len(world.home.looks), len(world.away.looks)) == (1, 1)


def test_a_place_that_is_no_longer_looked_at_is_forgotten_when_its_rows_are(world: World) -> None:
    world.discovery_run().discover_all()
    for day in range(1, 9):
        world.clock.now = START + day * 86_400
        world.discovery_run(targets=(world.home,), clusters=()).discover_all()
        assert (AWAY in world.snapshot.target_states) == (day <= 7)
    assert set(world.known) == {"eni-1"}


def test_an_instance_that_is_gone_stays_for_the_retention(world: World) -> None:
    world.discovery_run(retention_days=1).discover_all()
    del world.home.interfaces["eni-1"]
    world.clock.now += 86_000
    world.discovery_run(retention_days=1).discover_all()
    assert "eni-1" in world.known
    world.clock.now += 1_000
    world.discovery_run(retention_days=1).discover_all()
    assert "eni-1" not in world.known


def test_every_decision_is_taken_on_what_is_stored_now(world: World) -> None:
    """A run in another environment may have looked a moment ago."""
    first, second = world.discovery_run(), world.discovery_run()
    first.discover_all()
    second.discover_all()
    world.clock.now += COOLDOWN_SECONDS
    first.answer([world.mark()])
    world.clock.now += 10
    second.answer([world.mark()])
    assert len(world.home.looks) == 3
    assert store().load().target_states[HOME].taken_at == world.home.looks[-1]
