"""A pass with a fault has the outcome of a clean pass after Lambda's retries, and a loss is detected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from campaigns.emulation.deployed_limits import numbers_in
from campaigns.emulation.faults import Fault
from campaigns.emulation.passes import Triple, clean, passed
from flowsentry.aws.object_store import ObjectStore, StoredObject
from flowsentry.errors import RetryableError
from tests.moto_world import forget_clients

DELIVERY_PATH, FUNCTION = "subscription", "stream_processor"
PUT = ObjectStore.put_file


@pytest.fixture(scope="module", autouse=True)
def own_clients() -> Iterator[None]:
    forget_clients()
    yield
    forget_clients()


def first(operation: str) -> int:
    """The number of the first call of this operation among those of the function."""
    calls = [call.operation for call in clean(DELIVERY_PATH).calls if call.function == FUNCTION]
    return calls.index(operation)


def careless_put(store: ObjectStore, target: StoredObject, path: Path) -> None:
    """Ignores a failed write."""
    try:
        PUT(store, target, path)
    except (ClientError, RetryableError):
        return


def test_a_clean_pass_leaves_findings_evidence_objects_and_alerts() -> None:
    left = clean(DELIVERY_PATH).left
    assert {line.split()[1] for line in left.findings} == {"host_sweep", "port_scan", "remote_login"}
    assert all((left.evidence, left.objects, left.alerts))


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.SERVER_ERROR])
def test_nothing_is_missing_after_a_failed_write(fault: Fault) -> None:
    result = passed(DELIVERY_PATH, [Triple(FUNCTION, first("s3.PutObject"), fault, None)])
    assert result.met == (f"{FUNCTION} s3.PutObject {fault}",)
    assert result.left.lacks(clean(DELIVERY_PATH).left) == []


def test_nothing_is_missing_after_a_kill() -> None:
    at = first("dynamodb.PutItem")
    result = passed(DELIVERY_PATH, [Triple(FUNCTION, at, None, at)])
    assert result.met == (f"{FUNCTION} dynamodb.PutItem killed before it",)
    assert result.left.lacks(clean(DELIVERY_PATH).left) == []


def test_a_function_that_ignores_a_failed_write_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    at = first("s3.PutObject") + 1  # the enriched object, after the rejected lines
    monkeypatch.setattr(ObjectStore, "put_file", careless_put)
    lost = passed(DELIVERY_PATH, [Triple(FUNCTION, at, Fault.THROTTLED, None)]).left.lacks(clean(DELIVERY_PATH).left)
    assert len(lost) == sum(each.startswith("enriched") for each in clean(DELIVERY_PATH).left.objects)
    assert all(each.startswith("objects: enriched") for each in lost)


def test_the_limits_are_read_from_the_stacks() -> None:
    assert (
        numbers_in("sources/object_queue")["DEAD_LETTER_DAYS"]
        > numbers_in("sources/object_queue")["RETENTION_DAYS"]
        > 0
    )
    assert numbers_in("processing/processors")["STREAM_RETRIES"] == 2
