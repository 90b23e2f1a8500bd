"""object_processor: processes each object once; sets aside with a reason what no retry can help."""

import gzip
import json
from types import ModuleType

import pytest

from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, KEY, log_file, object_event_of, put, reasons_in, scan, with_messages
from tests.moto_world import (
    EVIDENCE_TABLE,
    FINDINGS_TABLE,
    IDEMPOTENCY_TABLE,
    OUTPUT_BUCKET,
    items_of,
    keys_in,
    messages_in,
    object_in,
)


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def test_an_object_raises_the_finding_that_is_in_it(handler: ModuleType, invocation: Invocation) -> None:
    put(log_file(*scan()))
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert [item["kind"] for item in items_of(FINDINGS_TABLE)] == [{"S": "host_sweep"}]
    assert keys_in(OUTPUT_BUCKET)[0].startswith("enriched/day=2026-11-03/")


def test_an_object_delivered_twice_counts_once(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    once = items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    printed = metrics_in(capsys.readouterr().out)
    assert total(printed, "Flows") == 12
    assert total(printed, "DuplicateObjects") == 1
    assert (items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)) == once


def test_an_object_twice_in_a_batch_counts_once(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    handler.lambda_handler(with_messages(object_event_of(KEY), object_event_of(KEY, sequencer="F")), invocation)
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 12


def test_new_content_under_an_old_key_is_processed(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    handler.lambda_handler(
        with_messages(object_event_of(KEY, eTag="first"), object_event_of(KEY, eTag="second")), invocation
    )
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 24


def test_a_test_event_is_acknowledged_and_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str], world: World
) -> None:
    assert handler.lambda_handler(recorded("object_processor_test_event"), invocation) == DONE
    assert total(metrics_in(capsys.readouterr().out), "S3TestEvents") == 1
    assert messages_in(world.dead_letters) == []


def test_a_deleted_object_is_ignored_and_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    body = object_event_of(KEY).replace("ObjectCreated:Put", "ObjectRemoved:Delete")
    assert handler.lambda_handler(with_messages(body), invocation) == DONE
    assert total(metrics_in(capsys.readouterr().out), "IgnoredObjectEvents") == 1


def test_a_missing_object_goes_to_the_dead_letter_queue_with_its_reason(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    event = recorded("object_processor_new_object")
    assert handler.lambda_handler(event, invocation) == DONE
    (message,) = messages_in(world.dead_letters)
    assert message["Body"] == event["Records"][0]["body"]
    assert message["MessageAttributes"]["reason"]["StringValue"] == "object-missing"
    assert f"s3://flow-logs/{KEY}" in message["MessageAttributes"]["message"]["StringValue"]
    assert total(metrics_in(capsys.readouterr().out), "PoisonSources") == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (gzip.compress(b"not a header\nnot a line\n", mtime=0), "no-header"),
        (b"\x00\x01\x02 bytes", "no-header"),
        (log_file(*scan())[:-4] + b"beef", "gzip-corrupt"),
        (b'{"some": "json"}', "no-header"),
        (b"{" * (9 << 20), "no-header"),
        (b'{"KinesisBatchInfo": {}}', "not-a-failed-invocation"),
    ],
)
def test_an_object_that_is_no_log_is_set_aside_and_stores_nothing(
    handler: ModuleType, invocation: Invocation, world: World, body: bytes, reason: str
) -> None:
    put(body)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert reasons_in(world.dead_letters) == [reason]
    assert items_of(EVIDENCE_TABLE) == items_of(IDEMPOTENCY_TABLE) == []
    assert keys_in(OUTPUT_BUCKET) == []


def test_an_object_set_aside_is_processed_after_a_redrive(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    put(log_file(*scan()))
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_a_truncated_object_is_processed_up_to_the_cut_and_reported(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = log_file(*scan()) + log_file(*scan())[:-20]
    put(whole)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["gzip-cut-off"]
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert total(metrics_in(capsys.readouterr().out), "Flows") >= 12


def test_a_redriven_truncated_object_is_reported_again_and_not_counted_again(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()) + log_file(*scan())[:-20])
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    flows = total(metrics_in(capsys.readouterr().out), "Flows")
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    assert reasons_in(world.dead_letters) == ["gzip-cut-off"] * 2
    assert flows
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 0


@pytest.mark.parametrize("body", [b"", gzip.compress(b"", mtime=0), log_file()])
def test_an_object_without_lines_is_done_and_writes_no_file(
    handler: ModuleType, invocation: Invocation, world: World, body: bytes
) -> None:
    put(body)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert messages_in(world.dead_letters) == []
    assert keys_in(OUTPUT_BUCKET) == []


def test_an_invalid_line_rejects_only_itself(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan(), "2 123456789012 half a line"))
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Records"), total(printed, "RejectedLines")) == (12, 1)
    (key,) = keys_in(OUTPUT_BUCKET, "rejected/")
    assert json.loads(object_in(OUTPUT_BUCKET, key))["source"] == f"s3://flow-logs/{KEY}"
