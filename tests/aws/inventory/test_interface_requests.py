"""Requested interfaces: searched once, in each target, until found or absent."""

import pytest

from flowsentry.aws.inventory.discovery_run import MAX_INTERFACES_A_RUN
from flowsentry.errors import PoisonError
from flowsentry.inventory.inventory import ABSENT_SECONDS
from tests.aws.inventory.discovery_world import START, World, new_world, throttled

DENIED = PoisonError("access-denied", "the role may not be assumed")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return new_world(monkeypatch)


def test_an_unknown_interface_is_found_between_two_scheduled_runs(world: World) -> None:
    world.discovery_run().discover_all()
    world.home.interfaces["eni-3"] = "10.0.0.3"
    world.clock.now = START + 10
    assert world.discovery_run().process([world.requested("eni-3"), world.requested("eni-3", "eni-1")]) == []
    assert "eni-3" in world.known
    assert (world.home.requested_ids, world.away.requested_ids, len(world.home.discovered_at)) == ([["eni-3"]], [], 1)


def test_an_interface_is_searched_in_each_target_until_it_is_found(world: World) -> None:
    world.discovery_run().discover_all()
    world.home.interfaces["eni-3"], world.away.interfaces["eni-4"] = "10.0.0.3", "10.1.0.4"
    world.discovery_run().process([world.requested("eni-3", "eni-4", "eni-5")])
    assert world.home.requested_ids == [["eni-3", "eni-4", "eni-5"]]
    assert world.away.requested_ids == [["eni-4", "eni-5"]]
    assert set(world.snapshot.absent) == {"eni-5"}


def test_interfaces_over_the_limit_are_left_to_the_next_scheduled_run(world: World) -> None:
    world.discovery_run().discover_all()
    many = [f"eni-{number:08x}" for number in range(MAX_INTERFACES_A_RUN + 500)]
    messages = [world.requested(*many[begin : begin + 100]) for begin in range(0, len(many), 100)]
    assert world.discovery_run().process(messages) == []
    assert world.home.requested_ids == [many[:MAX_INTERFACES_A_RUN]]


def test_an_absent_interface_is_not_searched_again_for_15_minutes(world: World) -> None:
    world.discovery_run().discover_all()
    world.discovery_run().process([world.requested("eni-9")])
    world.clock.now += ABSENT_SECONDS - 60
    world.discovery_run().process([world.requested("eni-9")])
    assert len(world.home.requested_ids) == 1
    world.clock.now += 120
    world.discovery_run().process([world.requested("eni-9")])
    assert len(world.home.requested_ids) == 2


def test_outdated_absent_interfaces_are_removed_from_the_snapshot(world: World) -> None:
    world.discovery_run().discover_all()
    world.discovery_run().process([world.requested("eni-9")])
    world.clock.now += ABSENT_SECONDS + 60
    world.discovery_run().discover_all()
    assert world.snapshot.absent == {}


def test_an_interface_is_not_absent_while_a_target_can_not_be_searched(world: World) -> None:
    world.discovery_run().discover_all()
    world.away.failure = DENIED
    assert world.discovery_run().process([world.requested("eni-9")]) == []
    assert world.snapshot.absent == {}


def test_with_a_throttled_target_missing_interfaces_are_retried_and_found_ones_kept(world: World) -> None:
    world.discovery_run().discover_all()
    world.away.failure = throttled()
    world.home.interfaces["eni-3"] = "10.0.0.3"
    here, there = world.requested("eni-3"), world.requested("eni-4")
    assert world.discovery_run().process([here, there]) == [there.message_id]
    assert "eni-3" in world.known


def test_a_target_without_a_discovery_is_discovered_as_a_whole(world: World) -> None:
    world.discovery_run().process([world.requested("eni-1")])
    assert (len(world.home.discovered_at), world.home.requested_ids) == (1, [])
    assert set(world.known) == {"eni-1", "eni-2"}
