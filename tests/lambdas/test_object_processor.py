"""object_processor: each object once; what no retry can help to the dead-letter queue with its reason."""

import copy
import gzip
import json
from types import ModuleType
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.errors import RetryableError
from flowsentry.fields import DEFAULT_NAMES
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.moto_world import (
    EVIDENCE_TABLE,
    FINDINGS_TABLE,
    IDEMPOTENCY_TABLE,
    LOG_BUCKET,
    OUTPUT_BUCKET,
    items_of,
    keys_in,
    make_log_formats,
    messages_in,
    object_in,
)

KEY = (
    "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2026/month=11/day=03/"
    "123456789012_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20261103T0315Z_5f1e2d3c.log.gz"
)
FAILED_KEY = "aws/lambda/async/stream_processor/2026/11/03/2026-11-03T03.23.41-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
HEADER = " ".join(DEFAULT_NAMES)
DONE: dict[str, Any] = {"batchItemFailures": []}


def scan() -> list[str]:
    return [
        f"2 123456789012 eni-1 10.0.1.5 10.0.2.{host} {50_000 + host} 22 6 3 180 {NOW - 300} {NOW - 250} REJECT OK"
        for host in range(10, 22)
    ]


def put(body: bytes, key: str = KEY, bucket: str = LOG_BUCKET) -> None:
    clients.s3().put_object(Bucket=bucket, Key=key, Body=body)


def log_file(*lines: str) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in (HEADER, *lines)).encode(), mtime=0)


def with_messages(*bodies: str) -> dict[str, Any]:
    """The recorded event with these messages, called m0, m1 and so on."""
    (message,) = recorded("object_processor_new_object")["Records"]
    return {"Records": [{**message, "messageId": f"m{index}", "body": body} for index, body in enumerate(bodies)]}


def notice_of(key: str, **entry: str) -> str:
    event = copy.deepcopy(json.loads(recorded("object_processor_new_object")["Records"][0]["body"]))
    event["Records"][0]["s3"]["object"] |= {"key": key, **entry}
    return json.dumps(event)


def reasons_in(queue_url: str) -> list[str]:
    return [message["MessageAttributes"]["reason"]["StringValue"] for message in messages_in(queue_url)]


class Breaking:
    """A client of which some operations fail for a while."""

    def __init__(self, real: Any, **broken: Exception) -> None:
        self.real, self.broken = real, broken

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> None:
            raise self.broken[name]

        return fail if name in self.broken else getattr(self.real, name)


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
    handler.lambda_handler(with_messages(notice_of(KEY), notice_of(KEY, sequencer="F")), invocation)
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 12


def test_new_content_under_an_old_key_is_new(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    handler.lambda_handler(with_messages(notice_of(KEY, eTag="first"), notice_of(KEY, eTag="second")), invocation)
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 24


def test_a_test_event_is_acknowledged_and_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str], world: World
) -> None:
    assert handler.lambda_handler(recorded("object_processor_test_event"), invocation) == DONE
    assert total(metrics_in(capsys.readouterr().out), "TestNotices") == 1
    assert messages_in(world.dead_letters) == []


def test_a_deleted_object_is_ignored_and_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    body = notice_of(KEY).replace("ObjectCreated:Put", "ObjectRemoved:Delete")
    assert handler.lambda_handler(with_messages(body), invocation) == DONE
    assert total(metrics_in(capsys.readouterr().out), "IgnoredNotices") == 1


def test_a_missing_object_goes_to_the_dead_letters_with_its_reason(
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
        (b'{"some": "json"}', "not-a-failed-invocation"),
        (b"{" * (9 << 20), "not-a-failed-invocation"),
    ],
)
def test_an_object_that_is_no_log_is_set_aside_and_leaves_nothing(
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


def test_a_cut_off_object_keeps_what_came_before_the_cut_and_is_reported(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = log_file(*scan()) + log_file(*scan())[:-20]
    put(whole)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["gzip-cut-off"]
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert total(metrics_in(capsys.readouterr().out), "Flows") >= 12


def test_a_redriven_cut_off_object_is_reported_again_and_counts_no_more(
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
def test_an_object_without_lines_is_done_and_leaves_no_file(
    handler: ModuleType, invocation: Invocation, world: World, body: bytes
) -> None:
    put(body)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert messages_in(world.dead_letters) == []
    assert keys_in(OUTPUT_BUCKET) == []


def test_a_bad_line_costs_one_line(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan(), "2 123456789012 half a line"))
    handler.lambda_handler(recorded("object_processor_new_object"), invocation)
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Records"), total(printed, "RejectedLines")) == (12, 1)
    (key,) = keys_in(OUTPUT_BUCKET, "rejected/")
    assert json.loads(object_in(OUTPUT_BUCKET, key))["source"] == f"s3://flow-logs/{KEY}"


def test_one_bad_message_holds_up_no_other(handler: ModuleType, invocation: Invocation, world: World) -> None:
    put(log_file(*scan()))
    event = with_messages("no json", notice_of("missing"), notice_of(KEY))
    assert handler.lambda_handler(event, invocation) == DONE
    assert reasons_in(world.dead_letters) == ["not-a-notice", "object-missing"]
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_what_fails_for_now_stays_in_the_queue_and_the_rest_is_done(
    handler: ModuleType, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()), "good")
    put(log_file(*scan()), "slow")
    real = clients.s3()

    class SlowOne(Breaking):
        def get_object(self, **arguments: Any) -> Any:
            if arguments["Key"] == "slow":
                answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
                raise real.exceptions.ClientError(answer, "GetObject")
            return real.get_object(**arguments)

    object.__setattr__(handler.processor().sources.store, "client", SlowOne(real))
    answer = handler.lambda_handler(with_messages(notice_of("slow"), notice_of("good")), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert messages_in(world.dead_letters) == []
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert total(metrics_in(capsys.readouterr().out), "RetriedNotices") == 1


def test_a_try_that_failed_is_not_remembered_as_done(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    clients.dynamodb().delete_table(TableName=FINDINGS_TABLE)
    answer = handler.lambda_handler(with_messages(notice_of(KEY)), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert total(metrics_in(capsys.readouterr().out), "Flows") == 0
    assert items_of(IDEMPOTENCY_TABLE) == []


def test_without_the_idempotency_table_objects_are_processed_and_that_is_counted(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    clients.dynamodb().delete_table(TableName=IDEMPOTENCY_TABLE)
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Flows"), total(printed, "IdempotencyUnavailable")) == (12, 1)


def test_an_idempotency_table_lost_on_the_way_makes_nothing_run_twice(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    handler.processor().once.client = Breaking(clients.dynamodb(), update_item=OSError("lost"))
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Flows"), total(printed, "IdempotencyUnavailable")) == (12, 1)


def test_a_failure_keeps_its_own_error_when_the_idempotency_table_is_lost_as_well(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    handler.processor().once.client = Breaking(clients.dynamodb(), delete_item=OSError("lost"))
    assert handler.lambda_handler(recorded("object_processor_new_object"), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["object-missing"]


def test_a_notice_stays_in_its_queue_when_the_dead_letter_queue_can_not_be_reached(
    handler: ModuleType, invocation: Invocation
) -> None:
    object.__setattr__(
        handler.processor().dead_letters, "client", Breaking(clients.sqs(), send_message=OSError("no network"))
    )
    answer = handler.lambda_handler(with_messages(notice_of("missing")), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_recorded_failed_invocation_is_processed_as_the_payload_it_holds(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(json.dumps(recorded("failed_invocation_record")).encode(), FAILED_KEY, "failed-invocations")
    assert handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation) == DONE
    assert [item["kind"] for item in items_of(FINDINGS_TABLE)] == [{"S": "host_sweep"}]
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Flows"), total(printed, "RecoveredPayloads")) == (13, 1)


def test_a_payload_that_fails_three_times_arrives_through_its_failure_destination_and_the_queue(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation
) -> None:
    stream, event = load_handler("stream_processor"), recorded("stream_processor_payload")
    clients.ssm().delete_parameter(Name="/flowsentry/log-formats")
    for _ in range(3):  # Lambda's two retries of an asynchronous invocation
        with pytest.raises(RetryableError):
            stream.lambda_handler(event, invocation)
    record = recorded("failed_invocation_record") | {"requestPayload": event}  # what Lambda then puts in the bucket
    put(json.dumps(record).encode(), FAILED_KEY, "failed-invocations")
    make_log_formats()
    assert handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_a_payload_that_came_both_ways_is_found_once(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation
) -> None:
    stream = load_handler("stream_processor")
    stream.processor().sources.clock = lambda: NOW
    stream.lambda_handler(recorded("stream_processor_payload"), invocation)
    once = items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    put(json.dumps(recorded("failed_invocation_record")).encode(), FAILED_KEY, "failed-invocations")
    handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation)
    assert (items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)) == once


def test_a_poison_payload_ends_in_the_dead_letters_with_its_reason(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    record = recorded("failed_invocation_record")
    record["requestPayload"] = {"awslogs": {"data": "bm90IGd6aXA="}}
    put(json.dumps(record).encode(), FAILED_KEY, "failed-invocations")
    assert handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["payload-not-gzip"]
