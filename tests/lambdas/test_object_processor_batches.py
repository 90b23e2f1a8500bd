"""object_processor on batches of a stream whose retries in stream_processor are used up."""

from types import ModuleType
from typing import Any

import pytest

from flowsentry import pipeline
from flowsentry.aws import clients
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, object_event_of, put, scan, with_messages
from tests.lambdas.payloads import NO_GZIP, failed_batch, of_stream, payload, recorded_payload
from tests.moto_world import (
    FINDINGS_TABLE,
    LOG_GROUP,
    OUTPUT_BUCKET,
    items_of,
    keys_in,
    make_log_formats,
    messages_in,
)

KEY = (
    "aws/lambda/7d3f1c52-0b8e-4a96-8d41-5e2c9fa06b17/shardId-000000000002/2026/11/03/"
    "2026-11-03T03.23.41-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
)


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def take(handler: ModuleType, invocation: Invocation, event: dict[str, Any]) -> Any:
    """The answer to the object event of a record with this event."""
    put(failed_batch(event), KEY)
    return handler.lambda_handler(with_messages(object_event_of(KEY)), invocation)


def test_every_payload_of_a_recorded_batch_is_processed_and_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take(handler, invocation, recorded("stream_processor_kinesis")) == DONE
    assert [item["kind"] for item in items_of(FINDINGS_TABLE)] == [{"S": "host_sweep"}]
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("Flows", "RecoveredPayloads", "ControlMessages")] == [13, 2, 1]


def test_with_a_poison_payload_the_others_are_processed_and_the_event_is_set_aside_once(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = payload("2 1 2 3", log_group="/other")
    assert take(handler, invocation, of_stream(payload(*scan()), NO_GZIP, unknown, recorded_payload())) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1
    [letter] = messages_in(world.dead_letters)
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["reason"] == "payload-not-gzip"
    assert attributes["message"].startswith("2 of 4 payloads of a batch: payload-not-gzip: the payload is not gzip")
    assert "unknown-log-group: log group '/other' has no log format" in attributes["message"]
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "RecoveredPayloads"), total(printed, "PoisonSources")) == (4, 1)


def test_a_batch_redriven_after_the_cause_is_fixed_is_found_once(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    take(handler, invocation, of_stream(recorded_payload(), payload(*scan(), log_group="/other")))
    once = items_of(FINDINGS_TABLE)
    [letter] = messages_in(world.dead_letters)
    clients.sqs().delete_message(QueueUrl=world.dead_letters, ReceiptHandle=letter["ReceiptHandle"])
    make_log_formats(dict.fromkeys((LOG_GROUP, "/other"), DEFAULT_LOG_FORMAT))
    assert handler.lambda_handler(with_messages(letter["Body"]), invocation) == DONE
    assert items_of(FINDINGS_TABLE) == once
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1
    assert messages_in(world.dead_letters) == []


def test_a_transient_error_of_a_payload_leaves_the_event_in_the_queue(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    clients.ssm().delete_parameter(Name="/flowsentry/log-formats")
    answer = take(handler, invocation, of_stream(NO_GZIP, recorded_payload()))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert messages_in(world.dead_letters) == []


def test_a_payload_that_breaks_the_processor_is_retried_after_the_others(
    handler: ModuleType, invocation: Invocation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pipeline.process_together

    def breaks(sources: Any, *rest: Any) -> Any:
        if any(b"10.0.1.77" in source.chunks[0].text for source in sources):
            raise ZeroDivisionError
        return real(sources, *rest)

    monkeypatch.setattr(pipeline, "process_together", breaks)
    breaking = [each.replace("10.0.1.5", "10.0.1.77") for each in scan()]
    answer = take(handler, invocation, of_stream(payload(*breaking), recorded_payload(), NO_GZIP))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1
    assert messages_in(world.dead_letters) == []


def test_a_payload_that_breaks_the_decoder_is_retried_after_the_others(
    handler: ModuleType, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = LogFormats.of

    def breaks(self: LogFormats, log_group: str) -> tuple[str, ...]:
        if log_group != LOG_GROUP:
            raise ZeroDivisionError
        return real(self, log_group)

    monkeypatch.setattr(LogFormats, "of", breaks)
    answer = take(handler, invocation, of_stream(payload(*scan(), log_group="/other"), recorded_payload()))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1


def test_an_unreadable_payload_is_measured_and_set_aside_and_the_others_are_processed(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take(handler, invocation, of_stream(payload("x", "y", scan()[0]), recorded_payload())) == DONE
    [letter] = messages_in(world.dead_letters)
    assert "log group" in letter["MessageAttributes"]["message"]["StringValue"]
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("Lines", "RejectedLines", "Flows")] == [17, 2, 14]
