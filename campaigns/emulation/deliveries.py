"""Redelivers events to failing functions: each event source retries by its own rules, until it gives up."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from campaigns.emulation.deployed_limits import ALERTING, OBJECT_QUEUE_LIMITS, PROCESSORS
from campaigns.emulation.emulated import FAILED_BUCKET, TIMEOUT_SECONDS, Emulated
from campaigns.emulation.faults import KilledError
from flowsentry.aws import clients
from tests.lambdas.conftest import recorded
from tests.lambdas.objects import object_event_of
from tests.moto_world import FINDINGS_TABLE, items_of, messages_in

BATCH_SIZE, STREAM_RETRIES = PROCESSORS["BATCH_SIZE"], PROCESSORS["STREAM_RETRIES"]
FINDINGS_BATCH, FINDINGS_RETRIES = ALERTING["STREAM_BATCH"], ALERTING["STREAM_RETRIES"]
MAX_RECEIVES = OBJECT_QUEUE_LIMITS["MAX_RECEIVES"]
VISIBLE_SECONDS = (
    OBJECT_QUEUE_LIMITS["VISIBILITY_TIMEOUTS"] * TIMEOUT_SECONDS["object_processor"]
    + OBJECT_QUEUE_LIMITS["BATCH_WINDOW_SECONDS"]
)
RETRY_SECONDS = 60
"""Lambda's wait before the first retry of an asynchronous invocation; the second wait is twice as long.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html"""
SWEEP_SECONDS, MAX_SWEEPS = 1_860, 8
"""One sweep per half hour; the sweeps between find nothing new."""
MAX_ROUNDS = 60
"""Maximum deliveries of a pass; a pass that needs more does not end."""


@dataclass
class Message:
    """A message in the queue of object events or of the discovery."""

    body: str
    message_id: str
    sent_at: float
    receives: int = 0


@dataclass
class Tried:
    """An event that is delivered until it succeeds or its retries are used up."""

    function: str
    event: dict[str, Any]
    tries: int = 0


@dataclass
class Deliveries:
    """All pending deliveries. `dead` are messages that reached the maximum receives; `given_up` counts events of
    streams and schedules without retries left, and `expired` are payloads that the failure destination could not store.
    """

    aws: Emulated
    asynchronous: list[Tried] = field(default_factory=list)
    batches: list[Tried] = field(default_factory=list)
    object_events: list[Message] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    new_findings: list[Tried] = field(default_factory=list)
    known_findings: set[str] = field(default_factory=set)
    later: list[Tried] = field(default_factory=list)
    given_up: int = 0
    redriven: int = 0
    rounds: int = 0
    max_rounds: int = MAX_ROUNDS
    can_keep: Callable[[], bool] = lambda: True
    expired: list[Tried] = field(default_factory=list)
    _sent: int = 0

    def object_event(self, body: str) -> None:
        self._sent += 1
        self.object_events.append(Message(body, f"message-{self._sent}", self.aws.clock.now))

    def request(self, body: str) -> None:
        self._sent += 1
        self.requests.append(Message(body, f"request-{self._sent}", self.aws.clock.now))

    def settle(self) -> None:
        """Delivers until nothing is pending, then runs the notifier's schedule, and `later` events last. Raises
        RuntimeError when deliveries do not end.
        """
        self._deliver()
        self.asynchronous, self.later = self.later, []
        self._deliver()
        for _ in range(MAX_SWEEPS):
            if not self._has_undelivered():
                break
            self.aws.clock.pass_by(SWEEP_SECONDS)
            self.asynchronous.append(self.sweep())
            self._deliver()

    def sweep(self) -> Tried:
        """An event of the notifier's schedule."""
        return Tried("notifier", recorded("notifier_schedule"))

    def send_again(self, expired: list[Tried]) -> None:
        """Sends expired payloads again through their delivery path."""
        for each in expired:
            (self.batches if "Records" in each.event else self.asynchronous).append(each)

    def deliver_until(self, at: float) -> None:
        """Delivers until nothing is pending or the clock reaches `at`."""
        while self.aws.clock.now < at and self._step():
            self.rounds += 1

    def redrive(self) -> None:
        """Redrives dead letters once after the faults have ended, as the runbook says."""
        letters = [each.body for each in self.dead]
        self.dead = []
        while found := messages_in(self.aws.world.dead_letters):
            for letter in found:
                clients.sqs().delete_message(
                    QueueUrl=self.aws.world.dead_letters, ReceiptHandle=letter["ReceiptHandle"]
                )
                letters.append(letter["Body"])
        self.redriven += len(letters)
        for body in letters:
            self.object_event(body)
        if letters:
            self.settle()

    def _deliver(self) -> None:
        while self._step():
            self.rounds += 1
            if self.rounds > self.max_rounds:
                raise RuntimeError("deliveries go on for ever")

    def _step(self) -> bool:
        """Delivers one pending event; returns whether there was one."""
        self._aggregate()
        if self.asynchronous:
            self._asynchronous(self.asynchronous.pop(0))
        elif self.batches:
            self._batch(self.batches.pop(0))
        elif self.object_events:
            self.object_events = self._queue("object_processor", self.object_events, self.dead)
        elif self.requests:
            self.requests = self._queue("inventory", self.requests, [])
        elif self.new_findings:
            self._findings(self.new_findings.pop(0))
        else:
            return False
        return True

    def _aggregate(self) -> None:
        """Takes up what the functions have put into queues and tables."""
        if not self.aws.has_news:
            return
        self.aws.has_news = False
        while found := messages_in(self.aws.world.requests):
            for message in found:
                clients.sqs().delete_message(QueueUrl=self.aws.world.requests, ReceiptHandle=message["ReceiptHandle"])
                self.request(message["Body"])
        images = [item for item in items_of(FINDINGS_TABLE) if item["id"]["S"] not in self.known_findings]
        self.known_findings |= {item["id"]["S"] for item in images}
        for begin in range(0, len(images), FINDINGS_BATCH):
            records = [_inserted(image) for image in images[begin : begin + FINDINGS_BATCH]]
            self.new_findings.append(Tried("notifier", {"Records": records}))

    def _succeeded(self, tried: Tried) -> bool:
        tried.tries += 1
        try:
            self.aws.invoke(tried.function, tried.event)
        except (Exception, KilledError):  # noqa: BLE001 - an error of a function, whichever
            return False
        return True

    def _asynchronous(self, tried: Tried) -> None:
        if self._succeeded(tried):
            return
        if tried.tries <= STREAM_RETRIES:
            self.aws.clock.pass_by(RETRY_SECONDS * tried.tries)
            self.asynchronous.append(tried)
        elif tried.function == "stream_processor":
            self._keep(tried, recorded("failed_invocation_record") | {"requestPayload": tried.event})
        elif tried.function == "object_processor":
            self.dead += [Message(body, "direct", 0) for body in _bodies(tried.event)]
        else:
            self.given_up += 1

    def _keep(self, failed: Tried, record: dict[str, Any]) -> None:
        """The failure destination stores an object, which sends an object event."""
        if not self.can_keep():
            self.expired.append(Tried(failed.function, failed.event))
            return
        self._sent += 1
        key = f"aws/lambda/failed-{self._sent}"
        clients.s3().put_object(Bucket=FAILED_BUCKET, Key=key, Body=json.dumps(record).encode())
        body = json.loads(object_event_of(key, eTag=key))
        body["Records"][0]["s3"]["bucket"]["name"] = FAILED_BUCKET
        self.object_event(json.dumps(body))

    def _batch(self, tried: Tried) -> None:
        """Delivers a stream batch, and retries it from the first failed record."""
        tried.tries += 1
        try:
            answer = self.aws.invoke(tried.function, tried.event)
            failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        except (Exception, KilledError):  # noqa: BLE001 - an error of a function, whichever
            failed = [_number(tried.event["Records"][0])]
        if not failed:
            return
        numbers = [_number(record) for record in tried.event["Records"]]
        left = {"Records": tried.event["Records"][min(map(numbers.index, failed)) :]}
        if tried.tries <= STREAM_RETRIES:
            self.batches.append(Tried(tried.function, left, tried.tries))
        else:
            record = recorded("failed_kinesis_batch_record") | {"payload": json.dumps(left)}
            self._keep(Tried(tried.function, left), record)

    def _queue(self, function: str, waiting: list[Message], dead: list[Message]) -> list[Message]:
        """The messages left in a queue after a batch: the failed ones without those at the maximum receives."""
        batch, others = waiting[:BATCH_SIZE], waiting[BATCH_SIZE:]
        for message in batch:
            message.receives += 1
        failed = self._failed(function, batch)
        if failed:
            self.aws.clock.pass_by(VISIBLE_SECONDS)
        dead += [each for each in failed if each.receives >= MAX_RECEIVES]
        return others + [each for each in failed if each.receives < MAX_RECEIVES]

    def _failed(self, function: str, batch: list[Message]) -> list[Message]:
        try:
            answer = self.aws.invoke(function, {"Records": [_queued(message) for message in batch]})
        except (Exception, KilledError):  # noqa: BLE001 - an error of a function, whichever
            return batch
        failed = {each["itemIdentifier"] for each in (answer or {}).get("batchItemFailures", ())}
        return [each for each in batch if each.message_id in failed]

    def _findings(self, tried: Tried) -> None:
        if self._succeeded(tried):
            return
        if tried.tries <= FINDINGS_RETRIES:
            self.new_findings.append(tried)
        else:
            self.given_up += 1

    def _has_undelivered(self) -> bool:
        return any("unpublished" in item for item in items_of(FINDINGS_TABLE))


def _inserted(image: dict[str, Any]) -> dict[str, Any]:
    return {"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": {"NewImage": image}}


def _number(record: dict[str, Any]) -> str:
    return str(record["kinesis"]["sequenceNumber"])


def _queued(message: Message) -> dict[str, Any]:
    (example,) = recorded("object_processor_new_object")["Records"]
    attributes = example["attributes"] | {
        "SentTimestamp": str(round(message.sent_at * 1_000)),
        "ApproximateReceiveCount": str(message.receives),
    }
    return {**example, "messageId": message.message_id, "body": message.body, "attributes": attributes}


def _bodies(event: dict[str, Any]) -> Iterator[str]:
    """The messages of an event without a queue, as an operator would send them to the queue."""
    for record in event.get("Records", [event]):
        yield json.dumps(record.get("Sns", event))
