"""Runs of the inventory function: discoveries, cooldowns, failures, and the resulting snapshot."""

from itertools import pairwise

import pytest

from flowsentry.aws.inventory.discovery_run import COOLDOWN_SECONDS, START_SECONDS
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


def test_a_scheduled_run_discovers_every_target_and_cluster(world: World) -> None:
    world.cluster.addresses = ("10.0.0.7",)
    assert world.discovery_run().discover_all() == 3
    assert set(world.known) == {"eni-1", "eni-2", "shop/default/pod-10.0.0.7"}


def test_pods_are_distinguished_from_nodes_found_in_the_same_run(world: World) -> None:
    world.cluster.addresses = ("10.0.0.1", "10.0.0.7")
    world.discovery_run().discover_all()
    assert set(world.known) == {"eni-1", "eni-2", "shop/default/pod-10.0.0.7"}


def test_many_change_events_of_a_target_lead_to_one_discovery(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += COOLDOWN_SECONDS
    assert world.discovery_run().process(world.changed() for _ in range(1_000)) == []
    assert len(world.home.discovered_at) == 2
    assert (len(world.away.discovered_at), world.change_events.delayed) == (1, [])


def test_continuous_change_events_lead_to_one_discovery_a_minute(world: World) -> None:
    discovery_run = world.discovery_run()
    discovery_run.discover_all()
    for second in range(600):
        world.clock.now = START + 100 + second
        if second % 10 == 0:
            discovery_run.process([*(world.changed() for _ in range(170)), *world.delayed_changes()])
    gaps = [later - earlier for earlier, later in pairwise(world.home.discovered_at)]
    assert min(gaps) == max(gaps[1:]) == COOLDOWN_SECONDS
    assert len(world.change_events.delayed) <= 6


def test_of_concurrent_runs_one_discovers_the_target_for_both(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now = START + 100

    def another_run() -> None:
        world.home.meanwhile = None
        world.clock.advance(1)
        world.discovery_run().process([world.changed(changed_at=START + 50)])

    world.home.meanwhile = another_run
    world.discovery_run().process([world.changed(changed_at=START + 50)])
    assert world.home.discovered_at == [START, START + 100]
    assert world.change_events.delayed == []


def test_a_change_during_another_run_is_discovered_after_the_cooldown(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now = START + 100

    def another_run() -> None:
        world.home.meanwhile = None
        world.clock.advance(1)
        world.discovery_run().process([world.changed(changed_at=START + 101)])

    world.home.meanwhile = another_run
    world.discovery_run().process([world.changed(changed_at=START + 50)])
    assert world.change_events.delayed == [(HOME, START + 101, COOLDOWN_SECONDS - 1)]
    world.clock.advance(COOLDOWN_SECONDS)
    world.discovery_run().process(world.delayed_changes())
    assert world.home.discovered_at == [START, START + 100, START + 161]


def test_a_throttled_target_has_the_same_cooldown(world: World) -> None:
    world.home.failure = throttled()
    first, second = world.changed(), world.changed()
    with pytest.raises(RetryableError):
        world.discovery_run().process([first])
    assert world.discovery_run().process([second]) == []
    assert len(world.home.discovered_at) == 1
    assert len(world.change_events.delayed) == 1


def test_changes_during_the_cooldown_become_one_delayed_event(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now = START + 20
    assert world.discovery_run().process([world.changed(), world.changed(), world.changed()]) == []
    assert world.change_events.delayed == [(HOME, START + 20, COOLDOWN_SECONDS - 20)]
    assert len(world.home.discovered_at) == 1


def test_a_slow_target_has_a_longer_cooldown(world: World) -> None:
    world.home.seconds = 100
    world.discovery_run().discover_all()
    world.clock.now = START + 150
    world.discovery_run().process([world.changed()])
    assert world.change_events.delayed == [(HOME, START + 150, 50)]


def test_a_change_covered_by_the_last_discovery_starts_none(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 10 * COOLDOWN_SECONDS
    world.discovery_run().process([world.changed(changed_at=START - 10)])
    assert (len(world.home.discovered_at), world.change_events.delayed) == (1, [])


def test_a_change_moments_before_a_discovery_leads_to_another_since_ec2_is_eventually_consistent(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 10 * COOLDOWN_SECONDS
    world.discovery_run().process([world.changed(changed_at=START - 1)])
    assert len(world.home.discovered_at) == 2


def test_a_change_event_for_an_unknown_target_is_deleted(world: World) -> None:
    assert world.discovery_run().process([world.changed("210987654321/eu-central-1"), world.changed("?")]) == []
    assert (world.home.discovered_at, world.change_events.delayed) == ([], [])


def test_a_change_in_a_region_leads_to_a_discovery_of_its_clusters(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += COOLDOWN_SECONDS
    world.cluster.addresses = ("10.0.0.7",)
    world.discovery_run().process([world.changed()])
    assert "shop/default/pod-10.0.0.7" in world.known


def test_a_failed_target_keeps_its_previous_state_and_does_not_stop_others(
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
    assert printed.count('"InventoryTargetsFailed":[1.0]') == 1


def test_when_every_target_fails_the_run_fails_and_the_snapshot_is_unchanged(world: World) -> None:
    world.discovery_run().discover_all()
    world.home.failure, world.away.failure = throttled(), DENIED
    with pytest.raises(RetryableError, match="no target could be discovered"):
        world.discovery_run().discover_all()
    assert set(world.known) == {"eni-1", "eni-2"}


def test_an_unreachable_cluster_keeps_its_pods_and_is_counted_separately(
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
    assert "InventoryTargetsFailed" not in printed


def test_change_events_of_a_throttled_target_are_retried_and_others_are_not(world: World) -> None:
    world.home.failure = throttled()
    here, there = world.changed(HOME), world.changed(AWAY)
    assert world.discovery_run().process([here, there]) == [here.message_id]
    assert set(world.known) == {"eni-2"}


def test_change_events_of_a_permanently_failed_target_are_not_retried(world: World) -> None:
    world.away.failure = DENIED
    assert world.discovery_run().process([world.changed(AWAY)]) == []


def test_when_no_request_can_be_processed_the_run_fails(world: World) -> None:
    world.home.failure = throttled()
    with pytest.raises(RetryableError, match="no request could be processed"):
        world.discovery_run().process([world.changed(HOME)])


def test_missing_names_are_counted_by_the_denied_call(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.away.failed_calls = ("rds describe_db_instances: AccessDenied",)
    assert world.discovery_run().discover_all() == 3
    printed = capsys.readouterr().out
    assert '"call":"rds describe_db_instances: AccessDenied"' in printed
    assert printed.count('"InventoryNamesMissing":[1.0]') == 1


def test_of_two_concurrent_runs_neither_overwrites_the_other_s_results(world: World) -> None:
    world.discovery_run().discover_all()
    world.clock.now += 600

    def another_run() -> None:
        world.home.meanwhile = None
        world.away.interfaces["eni-4"] = "10.1.0.4"
        world.discovery_run(targets=(world.home, world.away)).process([world.changed(AWAY)])

    world.home.meanwhile = another_run
    world.home.interfaces["eni-3"] = "10.0.0.3"
    world.discovery_run().process([world.changed(HOME)])
    assert {"eni-3", "eni-4"} <= set(world.known)


def test_an_older_discovery_than_the_stored_one_changes_nothing(world: World) -> None:
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


def test_targets_without_time_are_discovered_first_in_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowsentry.aws.concurrency.MAX_THREADS", 1)
    world.home.meanwhile = world.away.meanwhile = lambda: world.clock.advance(START_SECONDS)
    world.discovery_run().discover_all()
    assert (len(world.home.discovered_at), len(world.away.discovered_at)) == (1, 0)
    world.discovery_run().discover_all()
    assert (len(world.home.discovered_at), len(world.away.discovered_at)) == (1, 1)


def test_a_removed_target_is_forgotten_with_its_rows(world: World) -> None:
    world.discovery_run().discover_all()
    for day in range(1, 9):
        world.clock.now = START + day * 86_400
        world.discovery_run(targets=(world.home,), clusters=()).discover_all()
        assert (AWAY in world.snapshot.target_states) == (day <= 7)
    assert set(world.known) == {"eni-1"}


def test_a_deleted_instance_is_kept_for_the_retention_period(world: World) -> None:
    world.discovery_run(retention_days=1).discover_all()
    del world.home.interfaces["eni-1"]
    world.clock.now += 86_000
    world.discovery_run(retention_days=1).discover_all()
    assert "eni-1" in world.known
    world.clock.now += 1_000
    world.discovery_run(retention_days=1).discover_all()
    assert "eni-1" not in world.known


def test_every_decision_uses_the_currently_stored_state(world: World) -> None:
    """A run in another environment may have discovered the target a moment ago."""
    first, second = world.discovery_run(), world.discovery_run()
    first.discover_all()
    second.discover_all()
    world.clock.now += COOLDOWN_SECONDS
    first.process([world.changed()])
    world.clock.now += 10
    second.process([world.changed()])
    assert len(world.home.discovered_at) == 3
    assert store().load().target_states[HOME].taken_at == world.home.discovered_at[-1]
