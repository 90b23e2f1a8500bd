"""Object events that failed: when they return to the queue, and what a failed call to SQS changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws.ingest.object_batch import MARGIN_SECONDS, ObjectBatch
from flowsentry.aws.ingest.object_queue import (
    FIRST_RETRY_SECONDS,
    LAST_RETRY_SECONDS,
    ObjectQueue,
    QueueMessage,
    retry_delay,
)
from flowsentry.aws.time_budget import TimeBudget
from flowsentry.errors import NotBegunError, RetryableError
from stacks.settings.operation import OperationSettings
from stacks.sources.object_queue import MAX_RECEIVES

ARN = "arn:aws:sqs:eu-west-1:123456789012:object-events"
RUN_SECONDS = 300.0


@dataclass
class Meta:
    endpoint_url: str = "https://sqs.eu-west-1.amazonaws.com"


@dataclass
class Sqs:
    """Notes the visibility timeouts that are set, by receipt handle; `fails` refuses all calls."""

    fails: bool = False
    timeouts: dict[str, list[int]] = field(default_factory=dict)
    meta: Meta = field(default_factory=Meta)

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> None:  # noqa: N803
        assert QueueUrl == "https://sqs.eu-west-1.amazonaws.com/123456789012/object-events"
        assert len(Entries) <= 10
        if self.fails:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ChangeMessageVisibilityBatch")
        for entry in Entries:
            self.timeouts.setdefault(entry["ReceiptHandle"], []).append(entry["VisibilityTimeout"])

    def delete_message_batch(self, **_: Any) -> None:
        pass


@dataclass
class Processor:
    """Fails on bodies by their word."""

    suspects: frozenset[str] = frozenset()

    def process(self, *bodies: str, may_begin: Callable[[], bool]) -> None:
        assert may_begin()
        if "throttled" in bodies[0]:
            raise RetryableError("S3 throttles")
        if "late" in bodies[0]:
            raise NotBegunError("no time was left")

    def process_together(self, _bodies: Sequence[str], _may_begin: Callable[[], bool]) -> set[int]:
        return set()

    def interrupted_runs(self, body: str) -> int:
        return int(body in self.suspects)


def message(body: str, receives: int = 1) -> QueueMessage:
    return QueueMessage(f"id of {body}", body, body, ARN, receives)


def run(sqs: Sqs, *messages: QueueMessage, suspects: frozenset[str] = frozenset(), jitter: float = 0.0) -> list[str]:
    queue = ObjectQueue(cast("Any", sqs), jitter=lambda: jitter)
    batch = ObjectBatch(Processor(suspects), queue, TimeBudget(RUN_SECONDS, lambda: RUN_SECONDS))
    return batch.process(messages)


HIDDEN = int(RUN_SECONDS) + MARGIN_SECONDS


def test_a_message_that_failed_once_returns_within_seconds_and_is_reported() -> None:
    sqs = Sqs()
    assert run(sqs, message("throttled"), message("good")) == ["id of throttled"]
    assert sqs.timeouts == {"throttled": [HIDDEN, FIRST_RETRY_SECONDS], "good": [HIDDEN]}


def test_each_failed_message_of_a_batch_has_the_delay_of_its_own_receives() -> None:
    sqs = Sqs()
    run(sqs, message("throttled-a", 1), message("throttled-b", 3), message("throttled-c", 90))
    assert {name: seconds[-1] for name, seconds in sqs.timeouts.items()} == {
        "throttled-a": 10,
        "throttled-b": 40,
        "throttled-c": LAST_RETRY_SECONDS,
    }


def test_a_message_that_was_not_begun_is_visible_at_once() -> None:
    sqs = Sqs()
    assert run(sqs, message("late")) == ["id of late"]
    assert sqs.timeouts == {"late": [HIDDEN, 0]}


def test_a_failed_message_returns_before_a_suspect_that_may_end_the_function() -> None:
    sqs, seen = Sqs(), dict[str, list[int]]()

    class EndsTheFunction(Processor):
        def process(self, *bodies: str, may_begin: Callable[[], bool]) -> None:
            if bodies[0] in self.suspects:
                seen.update({name: list(seconds) for name, seconds in sqs.timeouts.items()})
            super().process(*bodies, may_begin=may_begin)

    queue = ObjectQueue(cast("Any", sqs), jitter=lambda: 0.0)
    processor = EndsTheFunction(frozenset({"suspect"}))
    batch = ObjectBatch(processor, queue, TimeBudget(RUN_SECONDS, lambda: RUN_SECONDS))
    batch.process([message("throttled"), message("suspect", 2)])
    assert seen["throttled"] == [HIDDEN, FIRST_RETRY_SECONDS]
    assert sqs.timeouts["throttled"] == seen["throttled"]


def test_a_visibility_that_cannot_be_set_changes_nothing_else() -> None:
    """The message then returns after the time that the run hid it for, or after the queue's visibility timeout."""
    assert run(Sqs(fails=True), message("throttled"), message("good")) == ["id of throttled"]


@pytest.mark.parametrize(("receives", "seconds"), [(1, 10), (2, 20), (3, 40), (6, 320), (7, 600), (100, 600)])
def test_the_delay_doubles_with_each_receive_up_to_a_limit(receives: int, seconds: int) -> None:
    assert retry_delay(receives, 0.0) == seconds
    assert retry_delay(receives, 1.0) == seconds / 2


def test_five_failed_tries_end_before_the_alarm_on_the_oldest_object_event() -> None:
    waited = sum(retry_delay(receives, 0.0) for receives in range(1, 6))
    assert waited < OperationSettings().freshness_minutes * 60 / 2


def test_a_message_that_always_fails_is_tried_for_more_than_ten_hours() -> None:
    assert sum(retry_delay(receives, 0.5) for receives in range(1, MAX_RECEIVES + 1)) > 10 * 3600
