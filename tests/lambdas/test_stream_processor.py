"""stream_processor: a payload becomes evidence, findings, Parquet and metrics; an invalid payload is an error."""

import base64
import gzip
import json
from types import ModuleType
from typing import Any

import pytest

from flowsentry import telemetry
from flowsentry.aws import clients
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Finding
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, metrics_in, recorded, total
from tests.lambdas.payloads import of_subscription, payload
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, OUTPUT_BUCKET, items_of, keys_in, object_in


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("stream_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def test_a_payload_raises_the_finding_that_is_in_it(handler: ModuleType, invocation: Invocation) -> None:
    answer = handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    assert answer == {"lines": 14, "rejected_lines": 0, "findings": 1}
    (item,) = items_of(FINDINGS_TABLE)
    finding = Finding.from_json(item["finding"]["S"])
    assert (finding.kind, finding.subject, finding.endpoints) == ("host_sweep", "10.0.1.5", 12)
    assert item["unpublished"] == {"S": "high"}


def test_metrics_are_printed_after_every_store_has_accepted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    printed = metrics_in(capsys.readouterr().out)
    assert total(printed, "Flows") == 13
    assert total(printed, "Lines") == 14
    assert total(printed, "NoDataRecords") == 1
    assert total(printed, "FindingsRaised") == 1
    assert total(printed, "FreshnessSeconds") == NOW - 1_793_675_701
    assert total(printed, "InventoryMissing") == 1


def test_a_payload_delivered_twice_stores_what_it_stores_once(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    once = items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    parquet = object_in(OUTPUT_BUCKET, once[2][0])
    answer = handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    assert answer["findings"] == 0
    assert (items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)) == once
    assert object_in(OUTPUT_BUCKET, once[2][0]) == parquet


def test_another_process_that_gets_the_payload_again_stores_the_same(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation
) -> None:
    handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    once = items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    other = load_handler("stream_processor")
    other.processor().sources.clock = lambda: NOW
    other.processor().sources.evidence.clock = handler.processor().sources.evidence.clock
    other.lambda_handler(recorded("stream_processor_payload"), invocation)
    evidence, findings, keys = items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    for item in evidence + once[0]:
        item.pop("expires_at")
    assert (evidence, findings, keys) == once


def test_a_control_message_is_ignored_and_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.lambda_handler(recorded("stream_processor_control_message"), invocation)
    assert total(metrics_in(capsys.readouterr().out), "ControlMessages") == 1
    assert items_of(EVIDENCE_TABLE) == []


def test_rejected_lines_are_counted_and_kept_and_valid_ones_are_processed(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    good = f"2 123456789012 eni-1 10.0.1.5 10.0.3.7 50001 443 6 20 9000 {NOW} {NOW} ACCEPT OK"
    answer = handler.lambda_handler(of_subscription(payload(good, "", "2 123456789012 half a line", good)), invocation)
    assert (answer["lines"], answer["rejected_lines"]) == (4, 2)
    (key,) = keys_in(OUTPUT_BUCKET, "rejected/")
    rows = [json.loads(line) for line in object_in(OUTPUT_BUCKET, key).splitlines()]
    assert [row["line"] for row in rows] == [2, 3]
    assert total(metrics_in(capsys.readouterr().out), "RejectedLines") == 2


def test_a_log_group_without_a_format_is_never_guessed(handler: ModuleType, invocation: Invocation) -> None:
    with pytest.raises(PoisonError, match="'/other' has no log format"):
        handler.lambda_handler(of_subscription(payload("2 1 2 3", log_group="/other")), invocation)
    assert items_of(EVIDENCE_TABLE) == []
    assert keys_in(OUTPUT_BUCKET) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("not base64 !", "payload-not-base64"),
        (base64.b64encode(b"not gzip").decode(), "payload-not-gzip"),
        (base64.b64encode(gzip.compress(b"no envelope", mtime=0)).decode(), "not-a-subscription"),
        (base64.b64encode(gzip.compress(b"{}", mtime=0)[:-9]).decode(), "payload-cut-off"),
    ],
)
def test_an_invalid_payload_fails_with_a_clear_error_and_is_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str], data: str, reason: str
) -> None:
    with pytest.raises(PoisonError) as poison:
        handler.lambda_handler(of_subscription(data), invocation)
    assert poison.value.reason == reason
    assert total(metrics_in(capsys.readouterr().out), "PoisonSources") == 1


@pytest.mark.parametrize(
    "event", [{}, {"awslogs": {}}, {"awslogs": None}, {"Records": []}, {"Records": [{"eventSource": "aws:sqs"}]}]
)
def test_an_event_of_another_service_is_refused_by_name(
    handler: ModuleType, invocation: Invocation, event: dict[str, Any]
) -> None:
    with pytest.raises(PoisonError, match=r"no awslogs\.data"):
        handler.lambda_handler(event, invocation)


def test_a_store_that_fails_prints_no_metrics(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    clients.s3().delete_bucket(Bucket=OUTPUT_BUCKET)
    with pytest.raises(Exception, match="NoSuchBucket"):
        handler.lambda_handler(recorded("stream_processor_payload"), invocation)
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 0


def test_a_missing_parameter_raises_retryable_error(handler: ModuleType, invocation: Invocation) -> None:
    clients.ssm().delete_parameter(Name="/flowsentry/log-formats")
    with pytest.raises(RetryableError, match="could not read log formats"):
        handler.lambda_handler(recorded("stream_processor_payload"), invocation)


def test_log_lines_have_the_request_id(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(recorded("stream_processor_control_message"), invocation)
    assert telemetry.logger().get_current_keys()["function_request_id"] == invocation.aws_request_id
