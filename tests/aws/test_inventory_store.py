"""The inventory snapshot: one writer at a time, readers that refresh by ETag."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.inventory_store import REFRESH_SECONDS, InventoryStore
from flowsentry.errors import RetryableError
from flowsentry.ownership import Interface, Inventory
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, make_bucket

WEB = Interface("eni-1", "vpc-1", "subnet-1", "euc1-az1", ("10.0.0.5",), ("203.0.113.5",), "instance", "i-1", "web-1")
FIRST = Inventory(100, (WEB,), {"vpc-1": ("10.0.0.0/16",)})
SECOND = Inventory(200, (), {"vpc-1": ("10.0.0.0/16",)})


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


@pytest.fixture(autouse=True)
def bucket() -> None:
    make_bucket(OUTPUT_BUCKET)


def test_without_a_snapshot_the_inventory_is_empty_and_known_to_be_missing() -> None:
    reader = store()
    assert reader.load() == Inventory()
    assert reader.is_missing


def test_what_was_saved_is_loaded() -> None:
    store().save(FIRST)
    reader = store()
    assert reader.load() == FIRST
    assert not reader.is_missing


def test_an_unchanged_snapshot_is_the_same_object_again() -> None:
    clock = Clock()
    store().save(FIRST)
    reader = store(clock)
    first = reader.load()
    clock.now += REFRESH_SECONDS
    assert reader.load() is first


def test_a_changed_snapshot_is_seen_after_the_refresh_time() -> None:
    clock = Clock()
    writer, reader = store(), store(clock)
    writer.save(FIRST)
    reader.load()
    writer.save(SECOND)
    assert reader.load() == FIRST
    clock.now += REFRESH_SECONDS
    assert reader.load() == SECOND


def test_the_slower_of_two_writers_is_refused() -> None:
    store().save(FIRST)
    slow, fast = store(), store()
    slow.load()
    fast.load()
    fast.save(SECOND)
    with pytest.raises(RetryableError, match="written meanwhile"):
        slow.save(FIRST)
    assert store().load() == SECOND


def test_the_slower_of_two_first_writers_is_refused() -> None:
    slow = store()
    slow.load()
    store().save(FIRST)
    with pytest.raises(RetryableError, match="written meanwhile"):
        slow.save(SECOND)


def test_a_snapshot_that_can_not_be_read_is_missing_and_may_be_replaced() -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=b"not gzip")
    writer = store()
    writer.load()
    assert writer.is_missing
    writer.save(FIRST)
    assert store().load() == FIRST


def test_a_reader_that_knows_nothing_does_not_go_on_without_s3() -> None:
    reader = store()
    reader.client = Unreachable()  # type: ignore[assignment]
    with pytest.raises(RetryableError, match="could not read the inventory: SlowDown"):
        reader.load()


def test_a_reader_goes_on_with_what_it_knows_when_s3_fails() -> None:
    clock = Clock()
    store().save(FIRST)
    reader = store(clock)
    reader.load()
    reader.client = Unreachable()  # type: ignore[assignment]
    clock.now += REFRESH_SECONDS
    assert reader.load() == FIRST
