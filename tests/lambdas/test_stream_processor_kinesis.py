"""stream_processor on batches of a Kinesis data stream: one source, in which a payload that fails fails alone."""

import io
import json
import re
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from flowsentry.aws.failed_invocation import failed_event
from flowsentry.aws.ingest.payload_parts import delivered
from flowsentry.errors import PoisonError, RetryableError
from tests.lambdas.conftest import FAILED_BUCKET, NOW, Invocation, LoadHandler, LogLines, metrics_in, recorded, total
from tests.lambdas.objects import DONE, Breaking, scan
from tests.lambdas.payloads import NO_GZIP, of_stream, payload, recorded_payload
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, OUTPUT_BUCKET, items_of, keys_in, object_in
from tests.recorded import recorded as sample


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("stream_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def test_a_recorded_batch_raises_the_finding_that_is_in_it(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handler.lambda_handler(recorded("stream_processor_kinesis"), invocation) == DONE
    assert [item["kind"] for item in items_of(FINDINGS_TABLE)] == [{"S": "host_sweep"}]
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Lines"), total(printed, "ControlMessages")) == (14, 1)


def test_a_payload_stores_the_same_by_subscription_and_by_stream(
    handler: ModuleType, invocation: Invocation, load_handler: LoadHandler
) -> None:
    handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    once = items_of(FINDINGS_TABLE), stored_rows()
    clients.s3().delete_object(Bucket=OUTPUT_BUCKET, Key=keys_in(OUTPUT_BUCKET, "enriched/")[0])
    load_handler("stream_processor").lambda_handler(recorded("stream_processor_kinesis"), invocation)
    assert (items_of(FINDINGS_TABLE), stored_rows()) == once


def test_payloads_of_one_format_are_one_enriched_object(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(of_stream(payload(*scan()), recorded_payload()), invocation)
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 1
    assert len(stored_rows()) == 12 + 13


def test_poison_payloads_are_set_aside_at_once_and_the_others_are_done(
    handler: ModuleType,
    invocation: Invocation,
    capsys: pytest.CaptureFixture[str],
    log_lines: LogLines,
) -> None:
    unknown = payload("2 1 2 3", log_group="/other")
    batch = of_stream(payload(*scan()), NO_GZIP, recorded_payload(), unknown)
    assert handler.lambda_handler(batch, invocation) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("Lines", "FailedPayloads")] == [26, 2]
    assert [line["sequence_number"] for line in log_lines("payload set aside")] == ["1", "3"]
    (key,) = keys_in(FAILED_BUCKET)
    event, _ = failed_event([object_in(FAILED_BUCKET, key)])
    assert [each.data for each in delivered(event)] == [NO_GZIP, unknown]


def test_an_unreadable_payload_is_set_aside_and_stores_nothing(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = of_stream(payload(*scan()), payload("x", "y", scan()[0]))
    assert handler.lambda_handler(batch, invocation) == DONE
    assert (len(stored_rows()), len(keys_in(FAILED_BUCKET)), keys_in(OUTPUT_BUCKET, "rejected/")) == (12, 1, [])
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("Lines", "RejectedLines", "FailedPayloads")] == [12, 0, 1]


def test_rejected_lines_of_a_batch_are_kept_with_their_payloads(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(of_stream(payload(*scan(), ""), payload("half a line", *scan())), invocation)
    (key,) = keys_in(OUTPUT_BUCKET, "rejected/")
    rows = [json.loads(line) for line in object_in(OUTPUT_BUCKET, key).splitlines()]
    assert [(row["line"], row["reason"]) for row in rows] == [(13, "empty-line"), (1, "too-few-fields")]
    assert len({row["source"] for row in rows}) == 2


def test_a_transient_error_is_an_error_of_the_function_and_counts_nothing_before_the_retry(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    real = clients.s3()
    first = [True]

    class FullOnce(Breaking):
        def put_object(self, **arguments: Any) -> Any:
            if first and first.pop():
                answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
                raise real.exceptions.ClientError(answer, "PutObject")
            return real.put_object(**arguments)

    force_setattr(handler.processor().sources.store, "client", FullOnce(real))
    batch = of_stream(payload(*scan()), recorded_payload())
    with pytest.raises(RetryableError):
        handler.lambda_handler(batch, invocation)
    assert handler.lambda_handler(batch, invocation) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "FailedPayloads"), total(printed, "Lines")) == (2, 26)


def test_the_control_message_of_a_deploy_loads_no_inventory_since_discovery_comes_later(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    control = recorded("stream_processor_control_message")["awslogs"]["data"]
    assert handler.lambda_handler(of_stream(control, NO_GZIP), invocation) == DONE
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("ControlMessages", "FailedPayloads", "InventoryMissing")] == [1, 1, 0]


def test_a_missing_parameter_fails_the_batch(handler: ModuleType, invocation: Invocation) -> None:
    clients.ssm().delete_parameter(Name="/flowsentry/log-formats")
    with pytest.raises(RetryableError, match="could not read log formats"):
        handler.lambda_handler(of_stream(recorded_payload(), recorded_payload()), invocation)


def test_a_batch_delivered_again_whole_or_in_halves_stores_what_it_stores_once(
    handler: ModuleType, invocation: Invocation
) -> None:
    payloads = [recorded_payload(), NO_GZIP, payload(*scan()), payload(*scan()[:3])]
    batch = of_stream(*payloads)
    handler.lambda_handler(batch, invocation)
    once = items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET), keys_in(FAILED_BUCKET)
    rows = stored_rows()
    handler.lambda_handler(batch, invocation)
    assert keys_in(OUTPUT_BUCKET) == once[2]
    for half in (batch["Records"][:2], batch["Records"][2:]):
        handler.lambda_handler({"Records": half}, invocation)
    assert (items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE)) == once[:2]
    assert stored_rows() == rows
    assert keys_in(FAILED_BUCKET) == once[3]


def test_a_payload_that_is_in_the_batch_twice_counts_once(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handler.lambda_handler(of_stream(*[payload(*scan())] * 3), invocation) == DONE
    assert len(stored_rows()) == 12
    assert total(metrics_in(capsys.readouterr().out), "Lines") == 12


def stored_rows() -> list[tuple[Any, ...]]:
    """The rows of all enriched objects."""
    files = (io.BytesIO(object_in(OUTPUT_BUCKET, key)) for key in keys_in(OUTPUT_BUCKET, "enriched/"))
    return sorted((row for file in files for row in pl.read_parquet(file).rows()), key=str)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("powertools-python/kinesisStreamCloudWatchLogsEvent.json", "pt-1488-DummyLogDataFunction.* has no log format"),
        ("aws-lambda-go/kinesis-event.json", "the payload is not gzip: b'Hello World'"),
        ("lambda-promtail-events/events_kinesis-event.json", "the payload is not gzip: b'Hello World'"),
    ],
)
def test_a_batch_recorded_by_other_projects_is_parsed_up_to_its_log_group(
    handler: ModuleType, invocation: Invocation, log_lines: LogLines, name: str, words: str
) -> None:
    event = json.loads(sample(f"samples/{name}").read_text())
    assert handler.lambda_handler(event, invocation) == DONE
    assert all(re.search(words, line["error"]) for line in log_lines("payload set aside"))
    assert len(keys_in(FAILED_BUCKET)) == 1


def test_an_envelope_without_its_event_is_refused(handler: ModuleType, invocation: Invocation) -> None:
    event = json.loads(sample("samples/lambda-promtail-events/kinesis-event.json").read_text())
    with pytest.raises(PoisonError, match=r"no awslogs\.data, and no records of a Kinesis data stream"):
        handler.lambda_handler(event, invocation)


@pytest.mark.parametrize("record", [None, "x", {"kinesis": None}, {"kinesis": {}}])
def test_a_batch_with_a_record_that_is_none_is_refused(record: object) -> None:
    with pytest.raises(PoisonError, match="no records of a Kinesis data stream"):
        delivered({"Records": [*of_stream(recorded_payload())["Records"], record]})


def test_parts_without_time_left_are_delivered_again_and_those_before_them_are_done(
    handler: ModuleType, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowsentry.aws.ingest.payloads.MAX_TOGETHER_BYTES", 1)
    left = iter([60_000, 21_000, 19_000])
    monkeypatch.setattr(invocation, "get_remaining_time_in_millis", lambda: next(left), raising=False)
    answer = handler.lambda_handler(of_stream(*(payload(*scan()[:number]) for number in (1, 2, 3, 4))), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert len(stored_rows()) == 3


def test_an_error_of_a_later_part_returns_its_payloads_only(
    handler: ModuleType, invocation: Invocation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flowsentry.aws.ingest.payloads.MAX_TOGETHER_BYTES", 1)
    real, puts = clients.s3(), iter(range(9))

    class FullLater(Breaking):
        def put_object(self, **arguments: Any) -> Any:
            if next(puts):
                raise ZeroDivisionError
            return real.put_object(**arguments)

    force_setattr(handler.processor().sources.store, "client", FullLater(real))
    answer = handler.lambda_handler(of_stream(payload(*scan()), recorded_payload()), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "FailedPayloads"), total(printed, "Lines")) == (1, 12)
