"""The queue of the inventory: marks of places where something changed, and interfaces that nobody knows yet."""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.service_errors import retryable
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.telemetry import count, count_by, logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

INTERFACES_A_MESSAGE = 200
"""As many as one filter of EC2 takes: a message is a call.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html"""
MAX_DELAY_SECONDS = 900
"""SQS's most. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
ASKED_AGAIN_SECONDS = 900
"""How long an interface that was asked for, or looked for and not found, is not asked for again. Longer: one that was
asked for too early stays unnamed until all is looked at anew. Shorter: interfaces that are gone for good, of which late
records tell, are asked for again and again."""
MAX_REMEMBERED = 20_000
"""Interfaces that a processor remembers to have asked for, some 100 bytes each. Fewer: in a large outage of the
inventory the same are asked for by every batch."""
INTERFACE_ID = re.compile(r"eni-[0-9a-f]{1,17}")
TARGET = re.compile(r"[\w./-]{1,200}")


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """Something changed at a place, not after `changed_at` (Unix seconds)."""

    message_id: str
    target: str
    changed_at: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Interfaces that a processor saw and did not find."""

    message_id: str
    interface_ids: tuple[str, ...]


Request: TypeAlias = ChangeEvent | Wanted


def request_of(record: Mapping[str, Any]) -> Request:
    """What a message of the queue, as Lambda hands it over, asks for. Raises PoisonError for what is neither."""
    try:
        match json.loads(record["body"]):
            case {"mark": str(target), "changed_at": int(at) | float(at)} if TARGET.fullmatch(target):
                return ChangeEvent(record["messageId"], target, min(_sent_at(record), at))
            case {"mark": str(target)} if TARGET.fullmatch(target):
                return ChangeEvent(record["messageId"], target, _sent_at(record))
            case {"interfaces": [*ids]} if len(ids) <= INTERFACES_A_MESSAGE and all(map(_is_interface_id, ids)):
                return Wanted(record["messageId"], tuple(ids))
    except (ValueError, RecursionError) as error:
        raise PoisonError("not-an-inventory-request", f"the message is no JSON that can be read: {error}") from error
    raise PoisonError("not-an-inventory-request", "the message is neither a mark nor a list of interfaces")


def _sent_at(record: Mapping[str, Any]) -> float:
    """When a message was sent: what it tells of was before. One that told of the future, or of no time
    (NaN, which is less than nothing), would be put off for ever.
    """
    return int(record["attributes"]["SentTimestamp"]) / 1000


def _is_interface_id(value: object) -> bool:
    return isinstance(value, str) and INTERFACE_ID.fullmatch(value) is not None


@dataclass(frozen=True)
class RequestQueue:
    """The queue as the inventory function sees it."""

    queue_url: str
    client: "SQSClient"
    dead_letters: DeadLetters

    def understood(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Request]:
        """The requests among messages; what is none is set aside. Raises RetryableError when it can't be."""
        for record in records:
            try:
                yield request_of(record)
            except PoisonError as poison:
                self.dead_letters.send(record["body"], poison)
                count_by("PoisonSources", {poison.reason: 1})
                logger().error("request set aside", extra={"reason": poison.reason, "error": str(poison)})

    def mark(self, target: str, changed_at: float, delay_seconds: int) -> None:
        """Marks a place that changed, to be looked at after a while. Raises RetryableError when SQS can't be reached.

        By then somebody may have looked: the mark says when the change was, and not when it was put off.
        """
        with retryable("send a mark"):
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=json.dumps({"mark": target, "changed_at": changed_at}),
                DelaySeconds=min(delay_seconds, MAX_DELAY_SECONDS),
            )


@dataclass(frozen=True)
class UnknownInterfaces:
    """The queue as a processor sees it, with what it has asked for lately."""

    queue_url: str
    client: "SQSClient"
    clock: Callable[[], float] = time.time
    _asked: BoundedMemory[str, float] = field(default_factory=lambda: BoundedMemory(MAX_REMEMBERED), init=False)

    def ask(self, interface_ids: Iterable[str], absent: Mapping[str, int]) -> None:
        """The inventory is asked to look for those that it was not asked for lately and did not find to be `absent`
        (at a Unix second). That this fails is counted and harms nobody: the next look at everything finds them too.
        """
        now = self.clock()
        fresh = [each for each in interface_ids if self._is_fresh(each, absent, now)]
        for each in fresh:
            self._asked.put(each, now)
        try:
            for begin in range(0, len(fresh), INTERFACES_A_MESSAGE):
                self._send(fresh[begin : begin + INTERFACES_A_MESSAGE])
        except (BotoCoreError, ClientError, RetryableError):
            count("InventoryRequestsFailed")
            logger().exception("the inventory was not asked for unknown interfaces")

    def _is_fresh(self, interface_id: str, absent: Mapping[str, int], now: float) -> bool:
        last = max(self._asked.get(interface_id) or 0, absent.get(interface_id, 0))
        return _is_interface_id(interface_id) and now - last >= ASKED_AGAIN_SECONDS

    def _send(self, interface_ids: list[str]) -> None:
        with retryable("ask for unknown interfaces"):
            self.client.send_message(
                QueueUrl=self.queue_url, MessageBody=json.dumps({"interfaces": interface_ids}, separators=(",", ":"))
            )
