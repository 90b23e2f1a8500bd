"""The inventory snapshot: several writers of which none loses what another wrote, readers that refresh by ETag."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.inventory.store import MAX_TRIES, REFRESH_SECONDS, InventoryStore
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Discovery, Interface, Inventory, TargetState
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, make_bucket, object_in

WEB = Interface("eni-1", "vpc-1", "subnet-1", "euc1-az1", ("10.0.0.5",), ("203.0.113.5",), "instance", "i-1", "web-1")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Unreachable:
    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
        raise ClientError(answer, "GetObject")


def store(clock: Clock | None = None) -> InventoryStore:
    return InventoryStore(OUTPUT_BUCKET, INVENTORY_KEY, clients.s3(), clock or Clock())


def seen(target: str, taken_at: int = 100) -> Callable[[Inventory], Inventory]:
    """A change of an inventory: one look at a place."""
    look = Discovery(target, TargetState(taken_at, 1, {"vpc-1": ("10.0.0.0/16",)}), (WEB,))
    return lambda inventory: inventory.after(look)


def targets(inventory: Inventory) -> dict[str, int]:
    return {target: target_state.taken_at for target, target_state in inventory.target_states.items()}


@pytest.fixture(autouse=True)
def bucket() -> None:
    make_bucket(OUTPUT_BUCKET)


def test_without_a_snapshot_the_inventory_is_empty_and_known_to_be_missing() -> None:
    reader = store()
    assert reader.load().is_empty
    assert reader.is_missing


def test_what_was_written_is_loaded() -> None:
    written = store().update(seen("here"))
    reader = store()
    assert targets(reader.load()) == targets(written) == {"here": 100}
    assert set(reader.load().assignments["address"]) == {"10.0.0.5", "203.0.113.5"}
    assert not reader.is_missing


def test_an_unchanged_snapshot_is_the_same_object_again() -> None:
    clock = Clock()
    store().update(seen("here"))
    reader = store(clock)
    first = reader.load()
    clock.now += REFRESH_SECONDS
    assert reader.load() is first


def test_a_changed_snapshot_is_seen_after_the_refresh_time() -> None:
    clock = Clock()
    writer, reader = store(), store(clock)
    writer.update(seen("here"))
    reader.load()
    writer.update(seen("here", 200))
    assert targets(reader.load()) == {"here": 100}
    clock.now += REFRESH_SECONDS
    assert targets(reader.load()) == {"here": 200}


def test_a_change_is_made_to_what_is_stored_and_not_to_what_was_read_before() -> None:
    slow = store()
    slow.load()
    store().update(seen("here"))
    assert targets(slow.update(seen("there"))) == {"here": 100, "there": 100}


def test_of_two_writers_at_the_same_time_the_slower_makes_its_change_again_to_what_the_other_wrote() -> None:
    store().update(seen("here"))
    tries = []

    def overtaken(inventory: Inventory) -> Inventory:
        tries.append(targets(inventory))
        if len(tries) == 1:
            store().update(seen("there"))
        return seen("everywhere")(inventory)

    store().update(overtaken)
    assert tries == [{"here": 100}, {"here": 100, "there": 100}]
    assert targets(store().load()) == {"here": 100, "there": 100, "everywhere": 100}


def test_of_two_first_writers_neither_is_lost() -> None:
    def overtaken(inventory: Inventory) -> Inventory:
        if inventory.is_empty:
            store().update(seen("there"))
        return seen("here")(inventory)

    assert targets(store().update(overtaken)) == {"here": 100, "there": 100}


def test_a_writer_that_others_always_overtake_gives_up_for_now() -> None:
    tries = []

    def overtaken(inventory: Inventory) -> Inventory:
        tries.append(inventory)
        store().update(seen("there", len(tries)))
        return seen("here")(inventory)

    with pytest.raises(RetryableError, match="written meanwhile, each time"):
        store().update(overtaken)
    assert len(tries) == MAX_TRIES
    assert "here" not in targets(store().load())


def test_a_snapshot_that_can_not_be_read_is_missing_and_is_replaced() -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=b"no zip")
    writer = store()
    writer.load()
    assert writer.is_missing
    writer.update(seen("here"))
    assert targets(store().load()) == {"here": 100}
    assert object_in(OUTPUT_BUCKET, INVENTORY_KEY) != b"no zip"


def test_a_reader_that_knows_nothing_does_not_go_on_without_s3() -> None:
    reader = store()
    reader.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="could not read the inventory: SlowDown"):
        reader.load()


def test_a_writer_does_not_go_on_with_what_it_knows_when_s3_fails() -> None:
    writer = store()
    writer.update(seen("here"))
    writer.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="could not read the inventory: SlowDown"):
        writer.update(seen("there"))


def test_a_reader_goes_on_with_what_it_knows_when_s3_fails() -> None:
    clock = Clock()
    store().update(seen("here"))
    reader = store(clock)
    reader.load()
    reader.client = Unreachable()  # type: ignore[assignment]
    clock.now += REFRESH_SECONDS
    assert targets(reader.load()) == {"here": 100}
