"""The inventory's request queue: change events of targets, and interfaces that the snapshot does not contain."""

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
from flowsentry.inventory.inventory import ABSENT_SECONDS
from flowsentry.telemetry import count, count_by, logger
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

INTERFACES_A_MESSAGE = 200
"""As many values as EC2 takes in one filter: a message is one call.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html"""
MAX_DELAY_SECONDS = 900
"""SQS's maximum. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
MAX_REMEMBERED_REQUESTS = 20_000
"""Requested interfaces that a processor remembers, some 100 bytes each. Fewer: in a large outage of the inventory every
batch requests the same interfaces again."""
INTERFACE_ID = re.compile(r"eni-[0-9a-f]{1,17}")
TARGET = re.compile(r"[\w./-]{1,200}")


class ChangeEvent(Value, frozen=True):
    """Something changed in a target, at `changed_at` (Unix seconds) at the latest."""

    message_id: str
    target: str
    changed_at: float


class InterfaceRequest(Value, frozen=True):
    """Interfaces in flow log records that the snapshot does not contain."""

    message_id: str
    interface_ids: tuple[str, ...]


Request: TypeAlias = ChangeEvent | InterfaceRequest


def request_of(record: Mapping[str, Any]) -> Request:
    """The request in an SQS record of a Lambda event. Raises PoisonError for anything else."""
    try:
        match json.loads(record["body"]):
            case {"target": str(target), "changed_at": int(at) | float(at)} if TARGET.fullmatch(target):
                return ChangeEvent(record["messageId"], target, min(_sent_at(record), at))
            case {"target": str(target)} if TARGET.fullmatch(target):
                return ChangeEvent(record["messageId"], target, _sent_at(record))
            case {"interfaces": [*ids]} if len(ids) <= INTERFACES_A_MESSAGE and all(map(_is_interface_id, ids)):
                return InterfaceRequest(record["messageId"], tuple(ids))
    except (ValueError, RecursionError) as error:
        raise PoisonError("not-an-inventory-request", f"the message is not valid JSON: {error}") from error
    raise PoisonError("not-an-inventory-request", "the message is neither a change event nor a list of interfaces")


def _sent_at(record: Mapping[str, Any]) -> float:
    """When a message was sent: its change was earlier. An event with a time in the future, or NaN, which is less than
    any number, would be delayed forever.
    """
    return int(record["attributes"]["SentTimestamp"]) / 1000


def _is_interface_id(value: object) -> bool:
    return isinstance(value, str) and INTERFACE_ID.fullmatch(value) is not None


class RequestQueue(Value, frozen=True):
    """The queue as the inventory function uses it."""

    queue_url: str
    client: "SQSClient"
    dead_letters: DeadLetters

    def parsed(self, records: Iterable[Mapping[str, Any]]) -> Iterator[Request]:
        """The requests in these records; anything else is sent to the dead-letter queue. Raises RetryableError when
        that fails.
        """
        for record in records:
            try:
                yield request_of(record)
            except PoisonError as poison:
                self.dead_letters.send(record["body"], poison)
                count_by("PoisonSources", {poison.reason: 1})
                logger().error(
                    "request sent to the dead-letter queue", extra={"reason": poison.reason, "error": str(poison)}
                )

    def put(self, target: str, changed_at: float, delay_seconds: int) -> None:
        """Sends a change event that becomes visible after a delay. Raises RetryableError when SQS can't be reached.

        The event carries the time of the change, not of sending, so that a discovery in between covers it.
        """
        with retryable("send a change event"):
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=json.dumps({"target": target, "changed_at": changed_at}),
                DelaySeconds=min(delay_seconds, MAX_DELAY_SECONDS),
            )


@dataclass(frozen=True)
class UnknownInterfaces:
    """The queue as a processor uses it, with the interfaces that it requested recently."""

    queue_url: str
    client: "SQSClient"
    clock: Callable[[], float] = time.time
    _requested_at: BoundedMemory[str, float] = field(
        default_factory=lambda: BoundedMemory(MAX_REMEMBERED_REQUESTS), init=False
    )

    def request(self, interface_ids: Iterable[str], absent: Mapping[str, int]) -> None:
        """Requests interfaces from the inventory, except those requested recently and those found `absent` (at a Unix
        second). A failure is counted and has no further effect: the next scheduled discovery finds the interfaces too.
        """
        now = self.clock()
        due = [each for each in interface_ids if self._is_due(each, absent, now)]
        for each in due:
            self._requested_at.put(each, now)
        try:
            for begin in range(0, len(due), INTERFACES_A_MESSAGE):
                self._send(due[begin : begin + INTERFACES_A_MESSAGE])
        except (BotoCoreError, ClientError, RetryableError):
            count("InventoryRequestsFailed")
            logger().exception("unknown interfaces were not requested")

    def _is_due(self, interface_id: str, absent: Mapping[str, int], now: float) -> bool:
        last = max(self._requested_at.get(interface_id) or 0, absent.get(interface_id, 0))
        return _is_interface_id(interface_id) and now - last >= ABSENT_SECONDS

    def _send(self, interface_ids: list[str]) -> None:
        with retryable("request unknown interfaces"):
            self.client.send_message(
                QueueUrl=self.queue_url, MessageBody=json.dumps({"interfaces": interface_ids}, separators=(",", ":"))
            )
