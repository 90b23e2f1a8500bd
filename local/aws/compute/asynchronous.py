"""Asynchronous invocations: events are queued and retried; events that fail all attempts go to the failure destination.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import concurrent.futures
import datetime as dt
import json
import threading
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.aws.compute.destinations import put_record
from local.aws.compute.runtime_interface import Answer
from local.aws.messaging.polling import FailureLog
from local.aws.settings import Settings

DEFAULT_RETRIES = 2


@dataclass(frozen=True)
class QueuedEvent:
    """One queued event and its number of invocation attempts so far."""

    function: LambdaFunction
    event: bytes
    attempts: int = 0


class AsynchronousInvocations:
    """Lambda's internal queue in front of each function."""

    def __init__(self, invoke: Callable[[LambdaFunction, bytes], Answer], settings: Settings) -> None:
        self._invoke = invoke
        self._settings = settings
        self._executors: dict[str, concurrent.futures.ThreadPoolExecutor] = {}
        self._timers: set[threading.Timer] = set()
        self._lock = threading.Lock()
        self._pending = 0
        self.is_stopped = False
        self.failures = FailureLog()

    @property
    def is_quiet(self) -> bool:
        """True if no event is queued or being processed."""
        return self._pending == 0

    def add(self, function: LambdaFunction, event: bytes) -> None:
        """Queues an event for the function and returns at once."""
        with self._lock:
            self._pending += 1
        self._submit(QueuedEvent(function, event))

    def stop(self) -> None:
        """Drops the events that are still queued."""
        self.is_stopped = True
        for timer in list(self._timers):
            timer.cancel()
        for executor in self._executors.values():
            executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, queued: QueuedEvent) -> None:
        if self.is_stopped:
            return
        name = queued.function.function_name
        with self._lock:
            if name not in self._executors:
                self._executors[name] = concurrent.futures.ThreadPoolExecutor(
                    self._settings.concurrency, f"async-{name}"
                )
        self._executors[name].submit(self._process, queued)

    def _process(self, queued: QueuedEvent) -> None:
        try:
            answer = self._invoke(queued.function, queued.event)
            tried = QueuedEvent(queued.function, queued.event, queued.attempts + 1)
            if answer.is_error and tried.attempts <= _configuration(queued.function).get(
                "MaximumRetryAttempts", DEFAULT_RETRIES
            ):
                self._retry_later(tried)
                return
            deliver(tried, answer)
        except Exception:  # noqa: BLE001 recorded as a failure, which tests check
            self.failures.add(traceback.format_exc())
        with self._lock:
            self._pending -= 1

    def _retry_later(self, queued: QueuedEvent) -> None:
        def again() -> None:
            self._timers.discard(timer)
            self._submit(queued)

        timer = threading.Timer(self._settings.async_retry_seconds, again)
        timer.daemon = True
        self._timers.add(timer)
        timer.start()


def _configuration(function: LambdaFunction) -> dict[str, Any]:
    return function.event_invoke_config[-1].config if function.event_invoke_config else {}


def deliver(tried: QueuedEvent, answer: Answer) -> None:
    """Sends the invocation record to the function's destination for this outcome, if it has one."""
    kind = "OnFailure" if answer.is_error else "OnSuccess"
    arn = _configuration(tried.function).get("DestinationConfig", {}).get(kind, {}).get("Destination")
    if not arn:
        return
    key = record_key(tried.function.function_name, dt.datetime.now(tz=dt.UTC))
    put_record(tried.function, arn, json.dumps(invocation_record(tried, answer)), key)


def record_key(function_name: str, now: dt.datetime) -> str:
    """The S3 key of an invocation record, as Lambda names it."""
    return f"aws/lambda/async/{function_name}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"


def invocation_record(tried: QueuedEvent, answer: Answer) -> dict[str, Any]:
    """The record that Lambda sends to the destination."""
    response = json.loads(answer.payload or b"null")
    context = {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        **({"functionError": "Unhandled"} if answer.is_error else {}),
    }
    return {
        "version": "1.0",
        "timestamp": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": answer.request_id,
            "functionArn": f"{tried.function.function_arn}:$LATEST",
            "condition": "RetriesExhausted" if answer.is_error else "Success",
            "approximateInvokeCount": tried.attempts,
        },
        "requestPayload": json.loads(tried.event),
        "responseContext": context,
        "responsePayload": response,
    }
