"""object_processor when something fails: transiently, permanently, or three times in stream_processor."""

import json
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from flowsentry.errors import RetryableError
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import (
    DONE,
    FAILED_KEY,
    KEY,
    Breaking,
    log_file,
    object_event_of,
    put,
    reasons_in,
    scan,
    with_messages,
)
from tests.moto_world import (
    FINDINGS_TABLE,
    IDEMPOTENCY_TABLE,
    OUTPUT_BUCKET,
    items_of,
    keys_in,
    make_log_formats,
    messages_in,
)


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def test_an_invalid_message_does_not_stop_the_others(handler: ModuleType, invocation: Invocation, world: World) -> None:
    put(log_file(*scan()))
    event = with_messages("no json", object_event_of("missing"), object_event_of(KEY))
    assert handler.lambda_handler(event, invocation) == DONE
    assert reasons_in(world.dead_letters) == ["not-an-object-event", "object-missing"]
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_a_message_with_a_transient_error_stays_in_the_queue_and_the_others_are_done(
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

    force_setattr(handler.processor().sources.store, "client", SlowOne(real))
    answer = handler.lambda_handler(with_messages(object_event_of("slow"), object_event_of("good")), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert messages_in(world.dead_letters) == []
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert total(metrics_in(capsys.readouterr().out), "RetriedObjectEvents") == 1


def test_a_failed_attempt_is_not_recorded_as_done(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    clients.dynamodb().delete_table(TableName=FINDINGS_TABLE)
    answer = handler.lambda_handler(with_messages(object_event_of(KEY)), invocation)
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


def test_an_idempotency_table_lost_during_a_run_makes_nothing_run_twice(
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


def test_an_event_stays_in_its_queue_when_the_dead_letter_queue_cannot_be_reached(
    handler: ModuleType, invocation: Invocation
) -> None:
    force_setattr(
        handler.processor().dead_letters, "client", Breaking(clients.sqs(), send_message=OSError("no network"))
    )
    answer = handler.lambda_handler(with_messages(object_event_of("missing")), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_a_recorded_failed_invocation_is_processed_as_its_payload(
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


def test_a_payload_delivered_by_both_functions_is_found_once(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation
) -> None:
    stream = load_handler("stream_processor")
    stream.processor().sources.clock = lambda: NOW
    stream.lambda_handler(recorded("stream_processor_payload"), invocation)
    once = items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)
    put(json.dumps(recorded("failed_invocation_record")).encode(), FAILED_KEY, "failed-invocations")
    handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation)
    assert (items_of(FINDINGS_TABLE), keys_in(OUTPUT_BUCKET)) == once


def test_a_poison_payload_goes_to_the_dead_letter_queue_with_its_reason(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    record = recorded("failed_invocation_record")
    record["requestPayload"] = {"awslogs": {"data": "bm90IGd6aXA="}}
    put(json.dumps(record).encode(), FAILED_KEY, "failed-invocations")
    assert handler.lambda_handler(recorded("object_processor_failed_invocation"), invocation) == DONE
    assert reasons_in(world.dead_letters) == ["payload-not-gzip"]
