"""Interfaces that processors do not know: looked for once, where they may be, and not for ever."""

import pytest

from flowsentry.aws.inventory.discovery_run import MAX_LOOKED_FOR
from flowsentry.aws.inventory.requests import ASKED_AGAIN_SECONDS
from flowsentry.errors import PoisonError
from tests.aws.inventory.discovery_world import START, World, new_world, throttled

DENIED = PoisonError("access-denied", "the role may not be assumed")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return new_world(monkeypatch)


def test_an_unknown_interface_is_found_between_two_looks_at_everything(world: World) -> None:
    world.discovery_run().discover_all()
    world.home.interfaces["eni-3"] = "10.0.0.3"
    world.clock.now = START + 10
    assert world.discovery_run().answer([world.wanted("eni-3"), world.wanted("eni-3", "eni-1")]) == []
    assert "eni-3" in world.known
    assert (world.home.asked, world.away.asked, len(world.home.looks)) == ([["eni-3"]], [], 1)


def test_an_interface_is_looked_for_in_every_place_until_it_is_found(world: World) -> None:
    world.discovery_run().discover_all()
    world.home.interfaces["eni-3"], world.away.interfaces["eni-4"] = "10.0.0.3", "10.1.0.4"
    world.discovery_run().answer([world.wanted("eni-3", "eni-4", "eni-5")])
    assert world.home.asked == [["eni-3", "eni-4", "eni-5"]]
    assert world.away.asked == [["eni-4", "eni-5"]]
    assert set(world.snapshot.absent) == {"eni-5"}


def test_of_very_many_interfaces_some_are_left_to_the_next_look_at_everything(world: World) -> None:
    world.discovery_run().discover_all()
    many = [f"eni-{number:08x}" for number in range(MAX_LOOKED_FOR + 500)]
    messages = [world.wanted(*many[begin : begin + 100]) for begin in range(0, len(many), 100)]
    assert world.discovery_run().answer(messages) == []
    assert world.home.asked == [many[:MAX_LOOKED_FOR]]


def test_an_interface_that_is_nowhere_is_not_looked_for_again_for_a_while(world: World) -> None:
    world.discovery_run().discover_all()
    world.discovery_run().answer([world.wanted("eni-9")])
    world.clock.now += ASKED_AGAIN_SECONDS - 60
    world.discovery_run().answer([world.wanted("eni-9")])
    assert len(world.home.asked) == 1
    world.clock.now += 120
    world.discovery_run().answer([world.wanted("eni-9")])
    assert len(world.home.asked) == 2


def test_what_was_absent_long_ago_is_forgotten_by_the_snapshot(world: World) -> None:
    world.discovery_run().discover_all()
    world.discovery_run().answer([world.wanted("eni-9")])
    world.clock.now += ASKED_AGAIN_SECONDS + 60
    world.discovery_run().discover_all()
    assert world.snapshot.absent == {}


def test_an_interface_is_not_said_to_be_absent_while_a_place_can_not_be_asked(world: World) -> None:
    world.discovery_run().discover_all()
    world.away.failure = DENIED
    assert world.discovery_run().answer([world.wanted("eni-9")]) == []
    assert world.snapshot.absent == {}


def test_interfaces_come_again_when_a_place_is_throttled_and_those_found_are_kept(world: World) -> None:
    world.discovery_run().discover_all()
    world.away.failure = throttled()
    world.home.interfaces["eni-3"] = "10.0.0.3"
    here, there = world.wanted("eni-3"), world.wanted("eni-4")
    assert world.discovery_run().answer([here, there]) == [there.message_id]
    assert "eni-3" in world.known


def test_a_place_that_nobody_has_looked_at_yet_is_looked_at_as_a_whole(world: World) -> None:
    world.discovery_run().answer([world.wanted("eni-1")])
    assert (len(world.home.looks), world.home.asked) == (1, [])
    assert set(world.known) == {"eni-1", "eni-2"}
