"""Discovery claims: two concurrent runs never discover a target for the same reason."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.inventory.discovery_claims import DiscoveryClaims
from flowsentry.aws.inventory.store import MAX_TRIES
from flowsentry.errors import RetryableError
from flowsentry.settings import CLAIMS_KEY
from tests.aws.inventory.discovery_world import AWAY, HOME, START, Clock
from tests.moto_world import OUTPUT_BUCKET, keys_in, make_bucket

REST = 60


@pytest.fixture
def clock() -> Clock:
    make_bucket(OUTPUT_BUCKET)
    return Clock()


def begun(clock: Clock) -> DiscoveryClaims:
    return DiscoveryClaims(OUTPUT_BUCKET, CLAIMS_KEY, clients.s3(), clock)


def rested(clock: Clock, *targets: str) -> Any:
    """Chooses the targets without a discovery within the last minute."""
    return lambda times: [each for each in targets if times.get(each, 0) + REST <= clock.now]


def test_a_target_without_a_claim_is_claimed(clock: Clock) -> None:
    assert begun(clock).claim(rested(clock, HOME)) == [HOME]


def test_a_claim_is_visible_to_another_run(clock: Clock) -> None:
    begun(clock).claim(rested(clock, HOME))
    clock.advance(10)
    assert begun(clock).claim(rested(clock, HOME, AWAY)) == [AWAY]
    clock.advance(50)
    assert begun(clock).claim(rested(clock, HOME, AWAY)) == [HOME]


@pytest.mark.parametrize("has_object", [False, True])
def test_of_two_concurrent_runs_one_claims_the_target(clock: Clock, *, has_object: bool) -> None:
    if has_object:
        begun(clock).claim(rested(clock, AWAY))
    others: list[str] = []

    def overtaken(times: Mapping[str, int]) -> list[str]:
        chosen: list[str] = rested(clock, HOME)(times)
        if not others:
            others.extend(begun(clock).claim(rested(clock, HOME)))
        return chosen

    assert begun(clock).claim(overtaken) == []
    assert others == [HOME]


def test_without_a_chosen_target_nothing_is_written(clock: Clock) -> None:
    assert begun(clock).claim(lambda _: []) == []
    assert keys_in(OUTPUT_BUCKET) == []


def test_a_claim_that_other_runs_always_overtake_raises_retryable_error(clock: Clock) -> None:
    tries: list[int] = []

    def overtaken(_: Mapping[str, int]) -> list[str]:
        tries.append(1)
        clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=CLAIMS_KEY, Body=f'{{"x":{len(tries)}}}'.encode())
        return [HOME]

    with pytest.raises(RetryableError, match="wrote the discovery claims first"):
        begun(clock).claim(overtaken)
    assert len(tries) == MAX_TRIES


@pytest.mark.parametrize("body", [b"", b"[]", b'{"123456789012/eu-central-1": "soon"}', b"\xff"])
def test_an_unreadable_claims_object_is_replaced(clock: Clock, body: bytes) -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=CLAIMS_KEY, Body=body)
    assert begun(clock).claim(rested(clock, HOME)) == [HOME]
    assert begun(clock).claim(rested(clock, HOME)) == []


def test_an_unreachable_s3_raises_retryable_error(clock: Clock) -> None:
    class Unreachable:
        def get_object(self, **_: Any) -> None:
            answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
            raise ClientError(answer, "GetObject")

    unreachable = DiscoveryClaims(OUTPUT_BUCKET, CLAIMS_KEY, Unreachable(), clock)  # type: ignore[arg-type]
    with pytest.raises(RetryableError, match="could not read the discovery claims: SlowDown"):
        unreachable.claim(rested(clock, HOME))
    assert clock.now == START
