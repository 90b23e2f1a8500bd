"""SQS: event source mappings that invoke functions with batches, retries, and dead-letter queues."""

import concurrent.futures
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from moto.awslambda.models import EventSourceMapping, lambda_backends
from moto.sqs.models import Message, Queue, sqs_backends

from local.aws.compute.lambda_functions import Functions
from local.aws.deployment.cloudformation import ResourceType
from local.aws.messaging.polling import FailureLog, Poller
from local.aws.messaging.shards import failed_ids
from local.aws.monitoring import cloudwatch
from local.aws.moto_patches import replaces
from local.aws.settings import ACCOUNT, Settings

GAUGE_SECONDS = 15


@replaces(Queue, "add_message")
def store_message_only(original: Callable[..., Any], queue: Any, message: Any) -> None:
    """Moto invokes functions during SendMessage, one message at a time, and ignores their responses."""
    mappings, queue.lambda_event_source_mappings = queue.lambda_event_source_mappings, {}
    try:
        original(queue, message)
    finally:
        queue.lambda_event_source_mappings = mappings


@replaces(Queue, "delete_message")
def delete_under_lock(original: Callable[..., Any], queue: Any, receipt_handle: str) -> None:
    """Moto's deletion is not thread-safe: it may keep a message deleted concurrently, or lose one sent concurrently."""
    with queue._messages_lock:  # noqa: SLF001 moto has no public method
        original(queue, receipt_handle)


@replaces(Queue, "update_from_cloudformation_json")
def update_queue_in_place(
    _original: Callable[..., Any], _cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any
) -> Any:
    """Moto updates only the visibility timeout and the receive wait time of a queue. A key that is removed from the
    template is removed from the queue.
    """
    properties = {"KmsMasterKeyId": None, **cloudformation_json["Properties"]}
    wanted = {key: value for key, value in properties.items() if key not in {"Tags", "QueueName"}}
    original_resource._set_attributes(wanted)  # noqa: SLF001 moto has no public method
    return original_resource


class QueuePoller:
    """Polls queues for Lambda's event source mappings: batches, batching windows, partial batch responses."""

    def __init__(self, functions: Functions, settings: Settings, failures: FailureLog) -> None:
        self._functions = functions
        self._settings = settings
        self._running: dict[str, list[concurrent.futures.Future[None]]] = {}
        self._executor = concurrent.futures.ThreadPoolExecutor(16, "sqs")
        self._gauged_at = 0.0
        self._poller = Poller("sqs", self._poll, settings.polling_seconds, failures)
        self._failures = failures
        self._poller.start()

    @property
    def is_quiet(self) -> bool:
        """True if no queue with an event source mapping has a message, visible or not."""
        return not any(self._queue(mapping)._messages for mapping in self._mappings())  # noqa: SLF001 moto has no public method

    def stop(self) -> None:
        self._poller.stop()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _mappings(self) -> Sequence[EventSourceMapping]:
        known = list(lambda_backends[ACCOUNT][self._settings.region]._event_source_mappings.values())  # noqa: SLF001
        return [each for each in known if each.enabled and ":sqs:" in each.event_source_arn]

    def _queue(self, mapping: EventSourceMapping) -> Any:
        return sqs_backends[ACCOUNT][self._settings.region].queues[mapping.event_source_arn.split(":")[-1]]

    def _poll(self) -> None:
        for mapping in self._mappings():
            running = [future for future in self._running.get(mapping.uuid, []) if not future.done()]
            concurrency = min(
                self._settings.concurrency, int((mapping.scaling_config or {}).get("MaximumConcurrency", 1000))
            )
            if len(running) < concurrency and (messages := self._batch(mapping)):
                running.append(self._executor.submit(self._invoke_function, mapping, messages))
            self._running[mapping.uuid] = running
        if time.monotonic() > self._gauged_at + GAUGE_SECONDS:
            self._gauged_at = time.monotonic()
            gauge_queues(self._settings.region)

    def _batch(self, mapping: EventSourceMapping) -> Sequence[Message]:
        """Receives messages if the batch is full or its batching window has ended."""
        queue = self._queue(mapping)
        waiting = queue.messages
        if not waiting:
            return []
        window = min(float(mapping.max_batch_window or 0), self._settings.batch_window_seconds)
        oldest = min(float(message.sent_timestamp) for message in waiting)
        if len(waiting) < mapping.batch_size and time.time() * 1000 < oldest + window * 1000:
            return []
        return _receive(queue, mapping.batch_size)

    def _invoke_function(self, mapping: EventSourceMapping, messages: Sequence[Message]) -> None:
        function = lambda_backends[ACCOUNT][self._settings.region].get_function(mapping.function_arn)
        records = [record(message, mapping.event_source_arn, self._settings.region) for message in messages]
        answer = self._functions.invoke(function, json.dumps({"Records": records}).encode())
        failed = failed_ids(answer, [message.id for message in messages], mapping.function_response_types or [])
        queue = self._queue(mapping)
        for message_id in failed:
            _make_visible(queue, message_id, self._settings.redelivery_seconds)
        _delete(queue, {message.id for message in messages} - set(failed))


def record(message: Any, queue_arn: str, region: str) -> dict[str, Any]:
    """A message as Lambda passes it to functions.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
    """
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"string_value": "stringValue", "binary_value": "binaryValue", "data_type": "dataType"}
    return {kinds.get(key, key[0].lower() + key[1:]): each for key, each in value.items() if each is not None}


def _receive(queue: Any, max_messages: int) -> Sequence[Message]:
    """Receives up to `max_messages`; those beyond `maxReceiveCount` are moved to the dead-letter queue.

    Moto's own receive counts the whole queue for each message: a thousand take a minute.
    """
    received: list[Message] = []
    with queue._messages_lock:  # noqa: SLF001 moto has no public method
        for message in queue.messages:
            if queue.dead_letter_queue and message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"]:
                queue._messages.remove(message)  # noqa: SLF001 moto has no public method
                queue.dead_letter_queue.add_message(message)
            elif len(received) < max_messages:
                message.mark_received(visibility_timeout=queue.visibility_timeout)
                queue.pending_messages.add(message)
                received.append(message)
    return received


def _delete(queue: Any, message_ids: AbstractSet[str]) -> None:
    """Deletes messages in one pass; moto's own deletion scans the whole queue for each."""
    with queue._messages_lock:  # noqa: SLF001 moto has no public method
        gone = [message for message in queue._messages if message.id in message_ids]  # noqa: SLF001
        queue._messages = [message for message in queue._messages if message.id not in message_ids]  # noqa: SLF001
    for message in gone:
        queue.pending_messages.discard(message)
        queue.deleted_messages.update(message.all_receipt_handles)


def _make_visible(queue: Any, message_id: str, seconds: float | None) -> None:
    """Makes a message visible after `seconds` at most; None leaves its visibility timeout as the function set it."""
    if seconds is None:
        return
    for message in queue._messages:  # noqa: SLF001 moto has no public method
        if message.id == message_id:
            message.visible_at = min(message.visible_at, time.time() * 1000 + seconds * 1000)


def gauge_queues(region: str) -> None:
    """Stores SQS's metrics of all queues, which moto does not create."""
    now = time.time() * 1000
    for queue in list(sqs_backends[ACCOUNT][region].queues.values()):
        messages: list[Any] = list(queue._messages)  # noqa: SLF001 moto has no public method
        oldest = max((now - message.sent_timestamp for message in messages), default=0) / 1000
        values = {
            "ApproximateNumberOfMessagesVisible": float(len(queue.messages)),
            "ApproximateNumberOfMessagesNotVisible": float(len(messages) - len(queue.messages)),
            "ApproximateAgeOfOldestMessage": oldest,
        }
        cloudwatch.gauge(region, "AWS/SQS", {"QueueName": queue.name}, values)


class QueuePolicy(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::SQS::QueuePolicy"

    def create(self) -> str:
        policy = json.dumps(self.properties["PolicyDocument"])
        for url in self.properties["Queues"]:
            self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return self.name

    def delete(self) -> None:
        for url in self.properties["Queues"]:
            self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
