"""stream_processor on batches of a Kinesis data stream: payloads are independent, failures are reported."""

import json
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from flowsentry.aws import clients
from flowsentry.errors import PoisonError
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, LogLines, metrics_in, recorded, total
from tests.lambdas.objects import DONE, Breaking, scan
from tests.lambdas.payloads import NO_GZIP, of_stream, payload, recorded_payload
from tests.moto_world import EVIDENCE_TABLE, FINDINGS_TABLE, OUTPUT_BUCKET, items_of, keys_in
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
    once = items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    load_handler("stream_processor").lambda_handler(recorded("stream_processor_kinesis"), invocation)
    assert (items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)) == once


def test_a_poison_payload_is_reported_and_the_others_are_done(
    handler: ModuleType,
    invocation: Invocation,
    capsys: pytest.CaptureFixture[str],
    log_lines: LogLines,
) -> None:
    batch = of_stream(payload(*scan()), NO_GZIP, recorded_payload())
    assert handler.lambda_handler(batch, invocation) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert len(keys_in(OUTPUT_BUCKET, "enriched/")) == 2
    printed = metrics_in(capsys.readouterr().out)
    assert [total(printed, name) for name in ("Lines", "PoisonSources", "FailedPayloads")] == [26, 1, 1]
    assert [line["sequence_number"] for line in log_lines("payload failed")] == ["1"]


def test_a_payload_with_a_transient_error_is_reported_and_is_no_poison(
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

    object.__setattr__(handler.processor().sources.store, "client", FullOnce(real))
    batch = of_stream(payload(*scan()), recorded_payload())
    assert handler.lambda_handler(batch, invocation) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert handler.lambda_handler(batch, invocation) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "FailedPayloads"), total(printed, "PoisonSources")) == (1, 0)


def test_a_batch_in_which_everything_fails_is_an_error_of_the_function(
    handler: ModuleType, invocation: Invocation
) -> None:
    clients.ssm().delete_parameter(Name="/flowsentry/log-formats")
    with pytest.raises(BatchProcessingError, match="could not read log formats"):
        handler.lambda_handler(of_stream(recorded_payload(), recorded_payload()), invocation)


def test_a_batch_delivered_twice_stores_what_it_stores_once(handler: ModuleType, invocation: Invocation) -> None:
    batch = of_stream(recorded_payload(), NO_GZIP)
    handler.lambda_handler(batch, invocation)
    once = items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    handler.lambda_handler(batch, invocation)
    assert (items_of(EVIDENCE_TABLE), items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)) == once


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("powertools-python/kinesisStreamCloudWatchLogsEvent.json", "pt-1488-DummyLogDataFunction.* has no log format"),
        ("aws-lambda-go/kinesis-event.json", "the payload is not gzip: b'Hello World'"),
        ("lambda-promtail-events/events_kinesis-event.json", "the payload is not gzip: b'Hello World'"),
    ],
)
def test_a_batch_recorded_by_other_projects_is_parsed_up_to_its_log_group(
    handler: ModuleType, invocation: Invocation, name: str, words: str
) -> None:
    event = json.loads(sample(f"samples/{name}").read_text())
    with pytest.raises(BatchProcessingError, match=words):
        handler.lambda_handler(event, invocation)


def test_an_envelope_without_its_event_is_refused(handler: ModuleType, invocation: Invocation) -> None:
    event = json.loads(sample("samples/lambda-promtail-events/kinesis-event.json").read_text())
    with pytest.raises(PoisonError, match=r"no awslogs\.data, and no records of a Kinesis data stream"):
        handler.lambda_handler(event, invocation)


def test_payloads_without_time_left_are_returned_and_those_before_them_are_not(
    handler: ModuleType, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([60_000, 9_000, 9_000, 9_000, 9_000])
    monkeypatch.setattr(invocation, "get_remaining_time_in_millis", lambda: next(left), raising=False)
    answer = handler.lambda_handler(of_stream(*[recorded_payload()] * 4), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": str(number)} for number in (1, 2, 3)]}
