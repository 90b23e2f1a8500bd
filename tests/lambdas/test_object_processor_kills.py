"""object_processor when an object ends the function by time-out or memory, at any position of a batch."""

import contextlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import force_setattr

from flowsentry import pipeline
from flowsentry.aws import clients
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World
from tests.lambdas.objects import Breaking, log_file, object_event_of, put, reasons_in, scan
from tests.moto_world import IDEMPOTENCY_TABLE, OUTPUT_BUCKET, items_of, keys_in, messages_in

MAX_RECEIVES = 100


class Killed(BaseException):
    """The end of the function that no handler can catch: SIGKILL for memory, or the time-out."""


@dataclass
class Clock(Invocation):
    """A run of 300 seconds, in which objects take time."""

    left_ms: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


@dataclass
class Deployed:
    """A queue, and a function that is killed by the objects in `deadly` and takes `seconds` for any other."""

    handler: ModuleType
    queue: str
    deadly: set[str]
    seconds: int = 1
    size: int = 50_000_000
    begun: list[list[str]] = field(default_factory=list)
    receives: list[list[int]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        real, deployed = clients.s3(), self

        class Store(Breaking):
            def get_object(self, **arguments: Any) -> Any:
                deployed.begun[-1].append(arguments["Key"])
                if arguments["Key"] in deployed.deadly:
                    raise Killed
                deployed.clock.left_ms -= deployed.seconds * 1_000
                return real.get_object(**arguments)

        force_setattr(self.handler.processor().sources.store, "client", Store(real))

    def send(self, *keys: str) -> None:
        for key in keys:
            clients.sqs().send_message(QueueUrl=self.queue, MessageBody=object_event_of(key, size=self.size))

    def run(self) -> bool:
        """Whether there was a batch. The messages that a killed run hid return after their visibility timeout."""
        records = self._received()
        if not records:
            return False
        self.begun.append([])
        self.clock.left_ms = 300_000
        try:
            answer = self.handler.lambda_handler({"Records": records}, self.clock)
        except Killed:
            self._let_time_pass(records)
            return True
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in failed:
                clients.sqs().delete_message(QueueUrl=self.queue, ReceiptHandle=record["receiptHandle"])
        return True

    def run_until_empty(self, most: int = 200) -> None:
        for _ in range(most):
            if not self.run():
                return
        raise AssertionError(f"there still are messages after {most} runs")

    def _received(self) -> list[dict[str, Any]]:
        answer = clients.sqs().receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, AttributeNames=["All"])
        messages = answer.get("Messages", [])
        self.receives.append([int(each["Attributes"]["ApproximateReceiveCount"]) for each in messages])
        arn = f"arn:aws:sqs:eu-central-1:123456789012:{self.queue.rsplit('/', 1)[-1]}"
        return [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
            }
            for each in messages
        ]

    def _let_time_pass(self, records: Sequence[dict[str, Any]]) -> None:
        """Visibility timeouts and records in progress end with the time of the killed run."""
        for record in records:
            handle = record["receiptHandle"]
            with contextlib.suppress(clients.sqs().exceptions.ReceiptHandleIsInvalid):  # the function deleted it
                clients.sqs().change_message_visibility(QueueUrl=self.queue, ReceiptHandle=handle, VisibilityTimeout=0)
        for item in items_of(IDEMPOTENCY_TABLE):
            if item["status"] == {"S": "INPROGRESS"}:
                clients.dynamodb().put_item(
                    TableName=IDEMPOTENCY_TABLE, Item={**item, "in_progress_expiration": {"N": "1"}}
                )


@pytest.fixture
def deployed(load_handler: LoadHandler, world: World) -> Deployed:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    dead = clients.sqs().get_queue_attributes(QueueUrl=world.dead_letters, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps({"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": MAX_RECEIVES})
    attributes = {"RedrivePolicy": policy, "VisibilityTimeout": "1805"}
    return Deployed(
        loaded, clients.sqs().create_queue(QueueName="object_events", Attributes=attributes)["QueueUrl"], set()
    )


def objects(count: int, prefix: str = "object") -> list[str]:
    keys = [f"{prefix}-{number}" for number in range(count)]
    for key in keys:
        put(log_file(*scan()), key)
    return keys


def is_read(keys: Sequence[str]) -> bool:
    return len(keys_in(OUTPUT_BUCKET, "enriched/")) == len(keys)


def set_aside(world: World) -> list[str]:
    letters = messages_in(world.dead_letters)
    return sorted(json.loads(letter["Body"])["Records"][0]["s3"]["object"]["key"] for letter in letters)


@pytest.mark.parametrize("position", range(10))
def test_an_object_that_ends_the_function_three_times_is_set_aside_and_the_others_are_read(
    deployed: Deployed, world: World, position: int
) -> None:
    keys = objects(10)
    deployed.deadly = {keys[position]}
    deployed.send(*keys)
    deployed.run_until_empty()
    assert is_read(keys[1:])
    interrupted_runs = sum(each.count(keys[position]) for each in deployed.begun)
    assert interrupted_runs == 3
    assert set_aside(world) == [keys[position]]
    assert max(itertools.chain.from_iterable(deployed.receives)) <= 5


@pytest.mark.parametrize("position", [0, 9])
def test_a_small_object_that_ends_the_function_is_read_beside_others_once(
    deployed: Deployed, world: World, position: int
) -> None:
    keys = objects(10)
    deployed.size, deployed.deadly = 1_000, {keys[position]}
    deployed.send(*keys)
    deployed.run_until_empty()
    assert is_read(keys[1:])
    assert sum(each.count(keys[position]) for each in deployed.begun) == 4
    assert set_aside(world) == [keys[position]]
    assert max(itertools.chain.from_iterable(deployed.receives)) <= 6


def test_small_objects_in_progress_together_when_the_function_ends_are_all_read(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, real, calls = objects(3), pipeline.process_together, iter(range(9))

    def ends_once(*arguments: Any) -> Any:
        if next(calls) == 0:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(pipeline, "process_together", ends_once)
    deployed.size = 1_000
    deployed.send(*keys)
    deployed.run_until_empty()
    assert is_read(keys)
    assert {item["status"]["S"] for item in items_of(IDEMPOTENCY_TABLE)} == {"COMPLETED"}
    assert max(itertools.chain.from_iterable(deployed.receives)) <= 5


@pytest.mark.parametrize("deadly", [(0, 1), (0, 9), (4, 5), (8, 9), (0, 1, 2, 3, 4, 5, 6, 7, 8)])
def test_several_objects_that_end_the_function_do_not_affect_the_others(
    deployed: Deployed, world: World, deadly: tuple[int, ...]
) -> None:
    keys = objects(10)
    deployed.deadly = {keys[number] for number in deadly}
    deployed.send(*keys)
    deployed.run_until_empty()
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 10 - len(deadly)
    assert set_aside(world) == sorted(deployed.deadly)
    assert max(sum(each.count(key) for each in deployed.begun) for key in keys) == 3
    assert max(itertools.chain.from_iterable(deployed.receives)) < MAX_RECEIVES / 2


def test_the_reason_says_that_the_object_ended_the_function(deployed: Deployed, world: World) -> None:
    deployed.deadly = set(objects(1))
    deployed.send(*deployed.deadly)
    deployed.run_until_empty()
    assert reasons_in(world.dead_letters) == ["killed-the-function"]


def test_a_redriven_object_gets_as_many_attempts_as_a_new_one(deployed: Deployed, world: World) -> None:
    deployed.deadly = set(objects(1))
    deployed.send(*deployed.deadly)
    deployed.run_until_empty()
    [letter] = messages_in(world.dead_letters)
    deployed.deadly = set()
    clients.sqs().send_message(QueueUrl=deployed.queue, MessageBody=letter["Body"])
    deployed.run_until_empty()
    assert is_read(["object-0"])
    assert items_of(IDEMPOTENCY_TABLE)[0]["status"] == {"S": "COMPLETED"}


def test_an_object_read_after_two_interruptions_is_no_longer_a_suspect(deployed: Deployed, world: World) -> None:
    deployed.deadly = set(objects(1))
    deployed.send(*deployed.deadly)
    deployed.run()
    deployed.run()
    deployed.deadly = set()
    deployed.run_until_empty()
    assert is_read(["object-0"])
    assert "tries" not in items_of(IDEMPOTENCY_TABLE)[0]
    assert messages_in(world.dead_letters) == []


def test_objects_without_time_left_return_at_once_and_are_read_by_the_next_runs(deployed: Deployed) -> None:
    keys = objects(10)
    deployed.seconds = 90
    deployed.send(*keys)
    deployed.run()
    assert len(deployed.begun[0]) == 3  # 300, 210 and 120 s are left before them, 30 after
    deployed.run()  # those that were not begun are visible already
    assert len(deployed.begun[1]) == 3
    deployed.run_until_empty()
    assert is_read(keys)
    assert sorted(itertools.chain.from_iterable(deployed.begun)) == sorted(keys)


def test_new_objects_are_read_before_those_received_before(deployed: Deployed) -> None:
    old = objects(3, "old")
    deployed.seconds = 250
    deployed.send(*old)
    deployed.run()
    new = objects(2, "new")
    deployed.seconds = 1
    deployed.send(*new)
    deployed.run()
    assert sorted(deployed.begun[1][:2]) == new


def test_a_steady_stream_of_objects_that_end_the_function_does_not_starve_a_valid_one(deployed: Deployed) -> None:
    good = objects(1, "good")
    deployed.send(*good)
    for number in range(20):
        killers = [f"killer-{number}"]
        put(b"x", killers[0])
        deployed.deadly |= set(killers)
        deployed.send(*killers)
        deployed.run()
    assert any(good[0] in each for each in deployed.begun)
    assert is_read(good)


def test_an_object_costs_two_writes_of_the_idempotency_table(deployed: Deployed) -> None:
    writes: list[str] = []
    real = clients.dynamodb()

    class Counted(Breaking):
        def __getattr__(self, name: str) -> Any:
            if name in {"put_item", "update_item", "delete_item", "get_item"}:
                writes.append(name)
            return getattr(real, name)

    deployed.handler.processor().once.client = Counted(real)
    deployed.send(*objects(1))
    deployed.run_until_empty()
    assert writes == ["update_item", "update_item"]
