"""The inventory snapshot: no writer loses another's change, and readers refresh by ETag."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry import telemetry
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


def discovered(target: str, taken_at: int = 100) -> Callable[[Inventory], Inventory]:
    """A change of an inventory: one discovery of a target."""
    discovery = Discovery(target, TargetState(taken_at, 1, {"vpc-1": ("10.0.0.0/16",)}), (WEB,))
    return lambda inventory: inventory.after(discovery)


def targets(inventory: Inventory) -> dict[str, int]:
    return {target: target_state.taken_at for target, target_state in inventory.target_states.items()}


@pytest.fixture(autouse=True)
def bucket() -> None:
    make_bucket(OUTPUT_BUCKET)


def test_without_a_snapshot_the_inventory_is_empty_and_missing() -> None:
    reader = store()
    assert reader.load().is_empty
    assert reader.is_missing


def test_a_written_inventory_is_loaded() -> None:
    written = store().update(discovered("here"))
    reader = store()
    assert targets(reader.load()) == targets(written) == {"here": 100}
    assert set(reader.load().assignments["address"]) == {"10.0.0.5", "203.0.113.5"}
    assert not reader.is_missing


def test_an_unchanged_snapshot_returns_the_same_object() -> None:
    clock = Clock()
    store().update(discovered("here"))
    reader = store(clock)
    first = reader.load()
    clock.now += REFRESH_SECONDS
    assert reader.load() is first


def test_a_changed_snapshot_is_loaded_after_the_refresh_time() -> None:
    clock = Clock()
    writer, reader = store(), store(clock)
    writer.update(discovered("here"))
    reader.load()
    writer.update(discovered("here", 200))
    assert targets(reader.load()) == {"here": 100}
    clock.now += REFRESH_SECONDS
    assert targets(reader.load()) == {"here": 200}


def test_an_update_changes_the_stored_snapshot_not_an_earlier_copy() -> None:
    slow = store()
    slow.load()
    store().update(discovered("here"))
    assert targets(slow.update(discovered("there"))) == {"here": 100, "there": 100}


def test_of_two_concurrent_writers_the_slower_repeats_its_change_on_the_other_s_snapshot() -> None:
    store().update(discovered("here"))
    tries = []

    def overtaken(inventory: Inventory) -> Inventory:
        tries.append(targets(inventory))
        if len(tries) == 1:
            store().update(discovered("there"))
        return discovered("everywhere")(inventory)

    store().update(overtaken)
    assert tries == [{"here": 100}, {"here": 100, "there": 100}]
    assert targets(store().load()) == {"here": 100, "there": 100, "everywhere": 100}


def test_of_two_first_writers_neither_change_is_lost() -> None:
    def overtaken(inventory: Inventory) -> Inventory:
        if inventory.is_empty:
            store().update(discovered("there"))
        return discovered("here")(inventory)

    assert targets(store().update(overtaken)) == {"here": 100, "there": 100}


def test_an_update_that_others_always_overtake_raises_retryable_error() -> None:
    tries = []

    def overtaken(inventory: Inventory) -> Inventory:
        tries.append(inventory)
        store().update(discovered("there", len(tries)))
        return discovered("here")(inventory)

    with pytest.raises(RetryableError, match="wrote the inventory first, each time"):
        store().update(overtaken)
    assert len(tries) == MAX_TRIES
    assert "here" not in targets(store().load())


def test_an_unreadable_snapshot_is_missing_and_is_replaced() -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=b"no zip")
    writer = store()
    writer.load()
    assert writer.is_missing
    writer.update(discovered("here"))
    assert targets(store().load()) == {"here": 100}
    assert object_in(OUTPUT_BUCKET, INVENTORY_KEY) != b"no zip"


class Denied:
    """Denies the snapshot, as S3 does without permission for the key that encrypts it."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "GetObject")

    def put_object(self, **given: Any) -> None:
        self.written.append(given)


def test_a_denied_snapshot_is_not_missing_the_last_valid_one_is_kept_and_counted() -> None:
    clock = Clock()
    store().update(discovered("here"))
    reader = store(clock)
    reader.load()
    reader.client = Denied()  # type: ignore[assignment]
    clock.now += REFRESH_SECONDS
    telemetry.metrics().clear_metrics()
    assert targets(reader.load()) == {"here": 100}
    assert not reader.is_missing
    assert telemetry.metrics().metric_set["StoredObjectsUnreadable"]["Value"] == [1.0]


def test_a_denied_snapshot_is_never_replaced_the_update_is_retried() -> None:
    writer, denied = store(), Denied()
    writer.client = denied  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="it can't be read"):
        writer.update(discovered("here"))
    assert denied.written == []


def test_without_s3_a_reader_without_a_snapshot_raises_retryable_error() -> None:
    reader = store()
    reader.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="could not read the inventory: SlowDown"):
        reader.load()


def test_when_s3_fails_an_update_raises_retryable_error() -> None:
    writer = store()
    writer.update(discovered("here"))
    writer.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="could not read the inventory: SlowDown"):
        writer.update(discovered("there"))


def test_when_s3_fails_a_reader_uses_its_last_snapshot() -> None:
    clock = Clock()
    store().update(discovered("here"))
    reader = store(clock)
    reader.load()
    reader.client = Unreachable()  # type: ignore[assignment]
    clock.now += REFRESH_SECONDS
    assert targets(reader.load()) == {"here": 100}
