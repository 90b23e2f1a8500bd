"""AWS in memory with the deployed resources, and the functions loaded as Lambda loads them."""

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from botocore.session import Session
from moto.moto_api._internal import mock_random

from campaigns.emulation.faults import Calls, KilledError
from campaigns.emulation.simulated_time import Clock, powertools_by, set_clocks
from flowsentry.aws import clients
from tests.lambdas.conftest import World, cold_start, environment, forget_everything
from tests.moto_world import (
    LOG_BUCKET,
    OUTPUT_BUCKET,
    REGION,
    aws_in_memory,
    make_bucket,
    make_evidence_table,
    make_findings_table,
    make_idempotency_table,
    make_log_formats,
    make_queue,
    make_targets,
)

FAILED_BUCKET, BUS, SUPPRESSIONS_PARAMETER = "failed-invocations", "security", "/flowsentry/suppressions"
TIMEOUT_SECONDS = {"stream_processor": 60, "object_processor": 300, "inventory": 300, "notifier": 60}
"""The limits that the stacks set."""
MILLISECONDS = 1_000


@dataclass
class Invocation:
    """The context that Lambda passes to a handler, with the simulated clock."""

    function_name: str
    clock: Clock
    memory_limit_in_mb: int = 1024
    aws_request_id: str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

    def __post_init__(self) -> None:
        self.invoked_function_arn = f"arn:aws:lambda:{REGION}:123456789012:function:{self.function_name}"
        self.ends_at = self.clock.now + TIMEOUT_SECONDS[self.function_name]

    def end(self) -> None:
        """Raises KilledError when the invocation has timed out."""
        if self.clock.now > self.ends_at:
            raise KilledError

    def get_remaining_time_in_millis(self) -> int:
        return round((self.ends_at - self.clock.now) * MILLISECONDS)


@dataclass
class Emulated:
    """The AWS of one pass. A function stays warm until it is killed. `has_news` is set when functions may have put
    something into a queue or a table since it was reset.
    """

    world: World
    calls: Calls
    clock: Clock
    warm: dict[str, ModuleType] = field(default_factory=dict)
    published: list[tuple[str, str]] = field(default_factory=list)
    invocations: int = 0
    has_news: bool = True

    def __post_init__(self) -> None:
        self.calls.effect, self.calls.slow = self._note, self.clock.pass_by

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """The function's response. Raises the function's exception, or KilledError when it was killed or timed out."""
        self.invocations += 1
        self.calls.function, self.calls.is_dead = function, False
        context = Invocation(function, self.clock)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                answer = self._handler(function).lambda_handler(event, context)
            self.calls.end()
            context.end()
        except KilledError:
            self.warm.pop(function, None)
            forget_everything()
            raise
        finally:
            self.calls.function = ""
        return answer

    def _handler(self, function: str) -> ModuleType:
        if function not in self.warm:
            self.warm[function] = cold_start(function)
        set_clocks(self.warm[function], self.clock)
        return self.warm[function]

    def _note(self, operation: str, arguments: dict[str, Any]) -> None:
        """Records published alerts, and whether a queue or a table may have something new."""
        self.has_news |= operation.startswith("sqs.") or (
            operation.startswith("dynamodb.") and self.calls.function != "notifier"
        )
        if operation == "sns.Publish":
            self.published.append((str(arguments.get("TopicArn")), str(arguments["Message"])))
        if operation == "events.PutEvents":
            self.published += [("event-bus", str(entry["Detail"])) for entry in arguments["Entries"]]
        if operation == "securityhub.BatchImportFindings":
            self.published.append(("security-hub", json.dumps(arguments, default=str)))


@contextmanager
def emulated(calls: Calls | None = None, clock: Clock | None = None) -> Iterator[Emulated]:
    """A new emulated AWS without access to a real account."""
    used, at = calls or Calls(), clock or Clock()
    with pytest.MonkeyPatch.context() as patch, aws_in_memory(patch), powertools_by(at), used.watched():
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # seconds of each pass
        patch.setattr(Session, "create_client", _made_once)
        mock_random.seed(0)  # the ids of interfaces are those of the clean pass
        made = _made()
        for name, value in _environment(made).items():
            patch.setenv(name, value)
        forget_everything()
        with _quiet_logger():
            yield Emulated(made, used, at)
    forget_everything()


_CLIENTS: dict[tuple[str, str | None], Any] = {}
_CREATE = Session.create_client


def _made_once(session: Session, service_name: str, region_name: str | None = None, **arguments: Any) -> Any:
    """A cached client, because creating one takes longer than a pass."""
    key = (service_name, region_name)
    if key not in _CLIENTS:
        make: Any = _CREATE
        _CLIENTS[key] = make(session, service_name, region_name, **arguments)
    return _CLIENTS[key]


@contextmanager
def _quiet_logger() -> Iterator[None]:
    from flowsentry.telemetry import logger  # noqa: PLC0415 - made with the environment of this pass

    handler: Any = logger().registered_handler
    before = handler.stream
    handler.stream = io.StringIO()
    try:
        yield
    finally:
        handler.stream = before if before is not None else sys.stderr


def _made() -> World:
    make_evidence_table()
    make_findings_table()
    make_idempotency_table()
    for bucket in (LOG_BUCKET, OUTPUT_BUCKET, FAILED_BUCKET):
        make_bucket(bucket)
    make_log_formats()
    make_targets()
    clients.ssm().put_parameter(Name=SUPPRESSIONS_PARAMETER, Value=json.dumps({"suppressions": []}), Type="String")
    clients.event_bridge().create_event_bus(Name=BUS)
    hub: Any = clients.security_hub()
    hub.enable_security_hub()
    topic = clients.sns().create_topic(Name="alerts")["TopicArn"]
    queues = [make_queue(name) for name in ("subscriber", "inventory-requests", "inventory-dlq")]
    return World(make_queue("notices-dlq"), topic, *queues)


def _environment(world: World) -> dict[str, str]:
    more = {
        "EVENT_BUS": BUS,
        "SECURITY_HUB": "true",
        "ACCOUNT_ID": "123456789012",
        "SUPPRESSIONS_PARAMETER": SUPPRESSIONS_PARAMETER,
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    return environment(world) | more
