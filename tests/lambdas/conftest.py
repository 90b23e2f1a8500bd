"""Handlers, loaded as Lambda loads them, and the AWS resources that they use."""

import importlib.util
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.settings import settings
from local.aws.monitoring.embedded_format import defects_of
from tests.moto_world import (
    COVERAGE_PARAMETER,
    EVIDENCE_TABLE,
    FINDINGS_TABLE,
    IDEMPOTENCY_TABLE,
    LOG_BUCKET,
    LOG_FORMATS_PARAMETER,
    OUTPUT_BUCKET,
    REGION,
    TARGETS_PARAMETER,
    aws_in_memory,
    forget_clients,
    make_bucket,
    make_coverage,
    make_evidence_table,
    make_findings_table,
    make_idempotency_table,
    make_log_formats,
    make_queue,
    make_targets,
)

ROOT = Path(__file__).parents[2]
FAILED_BUCKET = "failed-invocations"
NOW = 1_793_676_000  # 2026-11-03 03:20:00 UTC, minutes after the recorded events

LoadHandler = Callable[[str], ModuleType]
LogLines = Callable[[str], list[dict[str, Any]]]


@dataclass
class Invocation:
    """Lambda's context object."""

    function_name: str = "function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:123456789012:function:function"
    aws_request_id: str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@dataclass(frozen=True)
class World:
    """Queues and the topic by address."""

    dead_letters: str
    topic: str
    subscriber: str
    requests: str
    unanswered: str


@pytest.fixture(scope="module", autouse=True)
def own_clients() -> Iterator[None]:
    forget_clients()
    yield
    forget_clients()


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with aws_in_memory(monkeypatch):
        make_evidence_table()
        make_findings_table()
        make_idempotency_table()
        make_bucket(LOG_BUCKET)
        make_bucket(FAILED_BUCKET)
        make_bucket(OUTPUT_BUCKET)
        make_log_formats()
        topic = clients.sns().create_topic(Name="alerts")["TopicArn"]
        queues = (make_queue("subscriber"), make_queue("inventory-requests"), make_queue("inventory-dlq"))
        made = World(make_queue("objects-dlq"), topic, *queues)
        make_targets()
        make_coverage()
        subscribe(topic, made.subscriber)
        for name, value in environment(made).items():
            monkeypatch.setenv(name, value)
        forget_everything()
        yield made
    forget_everything()


def subscribe(topic: str, queue_url: str) -> None:
    answer = clients.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    clients.sns().subscribe(TopicArn=topic, Protocol="sqs", Endpoint=answer["Attributes"]["QueueArn"])


def environment(world: World) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": "function",
        "EVIDENCE_TABLE": EVIDENCE_TABLE,
        "FINDINGS_TABLE": FINDINGS_TABLE,
        "IDEMPOTENCY_TABLE": IDEMPOTENCY_TABLE,
        "OUTPUT_BUCKET": OUTPUT_BUCKET,
        "FAILED_INVOCATION_BUCKET": FAILED_BUCKET,
        "LOG_FORMATS_PARAMETER": LOG_FORMATS_PARAMETER,
        "OBJECT_DLQ_URL": world.dead_letters,
        "ALERT_TOPIC_ARN": world.topic,
        "INVENTORY_QUEUE_URL": world.requests,
        "INVENTORY_DLQ_URL": world.unanswered,
        "INVENTORY_TARGETS_PARAMETER": TARGETS_PARAMETER,
        "COVERAGE_PARAMETER": COVERAGE_PARAMETER,
    }


def forget_everything() -> None:
    """As in a new process: reads the settings and the service name from the environment again."""
    settings.cache_clear()
    telemetry.metrics().clear_metrics()
    telemetry.metrics.cache_clear()


@pytest.fixture
def load_handler() -> LoadHandler:
    """Loads a function's handler again: a cold start."""
    return cold_start


def cold_start(function: str) -> ModuleType:
    path = ROOT / "lambdas" / function / "handler.py"
    spec = importlib.util.spec_from_file_location(f"{function}_handler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def recorded(name: str) -> dict[str, Any]:
    """A recorded event of the folder events/."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


@pytest.fixture
def invocation() -> Invocation:
    return Invocation()


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    """Returns the log lines of a message, with the log level DEBUG."""
    written, logger = io.StringIO(), telemetry.logger()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before, handler.stream = handler.stream, written
    logger.setLevel(logging.DEBUG)

    def lines(message: str) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, written.getvalue().splitlines()) if line["message"] == message]

    yield lines
    logger.setLevel(logging.INFO)
    handler.stream = before


def metrics_in(text: str) -> list[dict[str, Any]]:
    """The metrics among printed lines, checked to be valid for CloudWatch; without log lines."""
    lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
    metrics = [line for line in lines if "_aws" in line]
    assert [each for line in metrics for each in defects_of(line)] == []
    return metrics


def total(printed: list[dict[str, Any]], name: str) -> float:
    """The sum of a pipeline metric over its lines with no dimension but the service; of a traffic metric over all."""
    directives = [(line, line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) for line in printed if name in line]
    values = [line[name] for line, dimensions in directives if dimensions in (["service"], ["vpc"])]
    return sum(sum(value) if isinstance(value, list) else value for value in values)
