"""object_processor by trigger: messages of a queue, and events of S3, SNS and EventBridge without a queue."""

import copy
import json
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from flowsentry.errors import RetryableError
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, LogLines, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, KEY, Breaking, log_file, object_event_of, put, reasons_in, scan, with_messages
from tests.moto_world import FINDINGS_TABLE, items_of, messages_in


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def s3_event(*keys: str) -> dict[str, Any]:
    return {"Records": [record for key in keys for record in json.loads(object_event_of(key))["Records"]]}


def sns_event(*messages: str) -> dict[str, Any]:
    (record,) = recorded("object_processor_sns_direct")["Records"]
    return {"Records": [{**record, "Sns": {**record["Sns"], "Message": message}} for message in messages]}


def eventbridge_event(key: str) -> dict[str, Any]:
    event = copy.deepcopy(recorded("object_processor_eventbridge_direct"))
    event["detail"]["object"]["key"] = key
    return event


DIRECT = {
    "S3": s3_event,
    "SNS": lambda *keys: sns_event(*map(object_event_of, keys)),
    "EventBridge": eventbridge_event,
}


def break_reading(handler: ModuleType, *keys: str) -> None:
    """Makes S3 fail for these keys."""
    real = clients.s3()

    class SlowForSome(Breaking):
        def get_object(self, **arguments: Any) -> Any:
            if arguments["Key"] in keys:
                answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
                raise real.exceptions.ClientError(answer, "GetObject")
            return real.get_object(**arguments)

    force_setattr(handler.processor().sources.store, "client", SlowForSome(real))


@pytest.mark.parametrize("trigger", DIRECT)
def test_a_transient_error_without_a_queue_is_raised_and_the_next_invocation_succeeds(
    handler: ModuleType, invocation: Invocation, world: World, trigger: str
) -> None:
    put(log_file(*scan()))
    real = handler.processor().sources.store.client
    break_reading(handler, KEY)
    with pytest.raises(RetryableError, match="SlowDown"):
        handler.lambda_handler(DIRECT[trigger](KEY), invocation)
    force_setattr(handler.processor().sources.store, "client", real)
    assert handler.lambda_handler(DIRECT[trigger](KEY), invocation) is None
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert messages_in(world.dead_letters) == []


@pytest.mark.parametrize("trigger", ["S3", "SNS"])
def test_all_objects_are_tried_before_an_error_is_raised_and_done_ones_are_not_repeated(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str], world: World, trigger: str
) -> None:
    put(log_file(*scan()), "good")
    break_reading(handler, "slow", "slower")
    for _ in range(2):
        with pytest.raises(RetryableError, match="could not read s3://flow-logs/slow:"):
            handler.lambda_handler(DIRECT[trigger]("slow", "missing", "slower", "good"), invocation)
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "RetriedObjectEvents"), total(printed, "DuplicateObjects")) == (4, 1)
    assert len(items_of(FINDINGS_TABLE)) == 1
    assert reasons_in(world.dead_letters) == ["object-missing"] * 2


def test_all_objects_of_a_queue_message_are_tried(handler: ModuleType, invocation: Invocation) -> None:
    put(log_file(*scan()), "good")
    break_reading(handler, "slow")
    answer = handler.lambda_handler(with_messages(json.dumps(s3_event("slow", "good"))), invocation)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(items_of(FINDINGS_TABLE)) == 1


@pytest.mark.parametrize("trigger", DIRECT)
def test_poison_without_a_queue_is_set_aside_so_that_a_redrive_to_the_queue_processes_it(
    handler: ModuleType, invocation: Invocation, world: World, trigger: str
) -> None:
    assert handler.lambda_handler(DIRECT[trigger](KEY), invocation) is None
    (letter,) = messages_in(world.dead_letters)
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "object-missing"
    put(log_file(*scan()))
    assert handler.lambda_handler(with_messages(letter["Body"]), invocation) == DONE
    assert len(items_of(FINDINGS_TABLE)) == 1


def test_of_several_objects_without_a_queue_only_the_bad_one_is_set_aside(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    put(log_file(*scan()), "good")
    handler.lambda_handler(s3_event("missing", "good"), invocation)
    (letter,) = messages_in(world.dead_letters)
    assert [record["s3"]["object"]["key"] for record in json.loads(letter["Body"])["Records"]] == ["missing"]


def test_an_invalid_message_of_a_topic_is_set_aside_with_the_name_of_the_topic(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    assert handler.lambda_handler(sns_event("hello", object_event_of("missing")), invocation) is None
    letters = messages_in(world.dead_letters)
    assert [letter["MessageAttributes"]["reason"]["StringValue"] for letter in letters] == [
        "not-an-object-event",
        "object-missing",
    ]
    assert json.loads(letters[0]["Body"])["TopicArn"].startswith("arn:aws:sns:")


@pytest.mark.parametrize("event", [{}, {"hello": "world"}, [], "hello", {"Records": []}])
def test_an_event_of_another_service_is_set_aside_unchanged(
    handler: ModuleType, invocation: Invocation, world: World, event: Any
) -> None:
    assert handler.lambda_handler(event, invocation) is None
    (letter,) = messages_in(world.dead_letters)
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "not-an-object-event"
    assert json.loads(letter["Body"]) == event


def test_without_the_dead_letter_queue_a_poison_event_is_retried(handler: ModuleType, invocation: Invocation) -> None:
    force_setattr(
        handler.processor().dead_letters, "client", Breaking(clients.sqs(), send_message=OSError("no network"))
    )
    with pytest.raises(OSError, match="no network"):
        handler.lambda_handler(s3_event("missing"), invocation)


def test_an_object_named_by_every_trigger_counts_once(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    put(log_file(*scan()))
    for event in (
        with_messages(object_event_of(KEY)),
        *(make(KEY) for make in DIRECT.values()),
        recorded("object_processor_sns_sqs"),
        recorded("object_processor_eventbridge_sqs"),
    ):
        handler.lambda_handler(event, invocation)
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Flows"), total(printed, "DuplicateObjects")) == (12, 5)


def test_log_lines_about_a_message_carry_its_id(
    handler: ModuleType, invocation: Invocation, log_lines: LogLines
) -> None:
    handler.lambda_handler(with_messages("no json", object_event_of("missing")), invocation)
    assert [line["message_id"] for line in log_lines("object event set aside")] == ["m0", "m1"]
