"""Envelopes and object events with every field of every wrong type: poison or counted, never retried for ever, and
never an invalid metric.
"""

import base64
import gzip
import itertools
import json
from types import ModuleType
from typing import Any

import pytest

from flowsentry.aws.ingest.object_events import object_events
from flowsentry.errors import PoisonError
from tests.lambdas.conftest import NOW, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, log_file, put, scan, with_messages
from tests.lambdas.payloads import of_subscription
from tests.moto_world import LOG_BUCKET, LOG_GROUP, make_log_formats, messages_in

SURROGATE = "\ud800"
WRONG: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    " ",
    SURROGATE,
    "\udfff/x",
    "\x00",
    "\n",
    "é",
    "x" * 600,
    "x" * 5_000,
    ":x",
    [],
    ["x"],
    {},
    {"a": 1},
    [[]],
]
ENVELOPE: dict[str, Any] = {
    "messageType": "DATA_MESSAGE",
    "owner": "123456789012",
    "logGroup": LOG_GROUP,
    "logStream": "eni-1-all",
    "subscriptionFilters": ["all"],
    "logEvents": [{"id": "0", "timestamp": 0, "message": scan()[0]}],
}
CASES = [*itertools.product(ENVELOPE, range(len(WRONG)))]
HOSTILE_IDS = [
    "x" * 256,
    "x" * 3_000,
    "é",
    "vpc-\u202e",
    ":vpc",
    "\x01",
    "vpc-\x7f",
    "%ED%A0%80",
    "😀",
    '"',
    "\\",
    "{}",
]


@pytest.fixture
def stream(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("stream_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


@pytest.fixture
def objects(load_handler: LoadHandler) -> ModuleType:
    loaded = load_handler("object_processor")
    loaded.processor().sources.clock = lambda: NOW
    return loaded


def packed(envelope: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(envelope).encode())).decode()


def is_taken(stream: ModuleType, invocation: Invocation, envelope: Any) -> bool:
    """Whether an envelope was processed, and not poison. Any other error would be retried, and fails the test."""
    try:
        stream.lambda_handler(of_subscription(packed(envelope)), invocation)
    except PoisonError:
        return False
    return True


def test_an_envelope_with_a_field_of_a_wrong_type_is_processed_or_raises_poison(
    stream: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, number in CASES:
        is_taken(stream, invocation, ENVELOPE | {name: WRONG[number]})
        metrics_in(capsys.readouterr().out)


def test_an_envelope_without_a_field_is_processed_or_raises_poison(stream: ModuleType, invocation: Invocation) -> None:
    for name in ENVELOPE:
        is_taken(stream, invocation, {key: value for key, value in ENVELOPE.items() if key != name})


def test_an_invalid_envelope_raises_poison(stream: ModuleType, invocation: Invocation) -> None:
    for each in WRONG:
        assert not is_taken(stream, invocation, each)


def test_a_log_event_of_a_wrong_type_is_rejected_or_raises_poison(
    stream: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in WRONG:
        for events in ([each], [{"message": each}], [*ENVELOPE["logEvents"], {"message": each}]):
            is_taken(stream, invocation, ENVELOPE | {"logEvents": events})
            metrics_in(capsys.readouterr().out)


def test_a_surrogate_in_a_message_rejects_only_its_line(
    stream: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [{"message": each} for each in (*scan(), f"2 1 {SURROGATE}")]
    assert is_taken(stream, invocation, ENVELOPE | {"logEvents": events})
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "Records"), total(printed, "RejectedLines")) == (12, 1)


def test_a_log_group_that_is_a_list_raises_poison(stream: ModuleType, invocation: Invocation) -> None:
    with pytest.raises(PoisonError, match="not a CloudWatch Logs envelope"):
        stream.lambda_handler(of_subscription(packed(ENVELOPE | {"logGroup": [LOG_GROUP]})), invocation)


FIELDS = (
    "vpc-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status instance-id"
)
FORMAT = " ".join(f"${{{name}}}" for name in FIELDS.split())


@pytest.mark.parametrize("hostile", HOSTILE_IDS)
def test_a_record_with_hostile_names_is_counted_in_valid_metrics(
    stream: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str], hostile: str
) -> None:
    make_log_formats({LOG_GROUP: FORMAT})
    lines = [
        f"{hostile} eni-{hostile} 10.0.1.5 10.0.2.{host} 50000 22 6 3 180 {NOW - 300} {NOW - 250} REJECT OK {hostile}"
        for host in range(10, 22)
    ]
    assert is_taken(stream, invocation, ENVELOPE | {"logEvents": [{"message": line} for line in lines]})
    printed = metrics_in(capsys.readouterr().out)
    assert total(printed, "Records") + total(printed, "RejectedLines") == 12
    assert total(printed, "Flows") == total(printed, "Records")


def object_event(**changes: Any) -> dict[str, Any]:
    """The record of an object event with other values in fields such as `s3.object.key`."""
    (message,) = recorded("object_processor_new_object")["Records"]
    (record,) = json.loads(message["body"])["Records"]
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner = record
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return record


RESOURCES = [
    "s3",
    "s3__object",
    "s3__object__key",
    "s3__object__eTag",
    "s3__object__versionId",
    "s3__object__sequencer",
    "s3__object__size",
    "s3__bucket",
    "s3__bucket__name",
    "eventName",
    "eventTime",
    "eventVersion",
]


@pytest.mark.parametrize("field", RESOURCES)
def test_an_object_event_with_a_field_of_a_wrong_type_is_never_retried(
    objects: ModuleType, invocation: Invocation, field: str
) -> None:
    put(log_file(*scan()))
    for each in WRONG:
        body = json.dumps({"Records": [object_event(**{field: each})]})
        assert objects.lambda_handler(with_messages(body), invocation) == DONE, each


@pytest.mark.parametrize("field", ["detail-type", "detail", "bucket", "object", "key", "name", "etag", "version-id"])
def test_an_eventbridge_event_with_a_field_of_a_wrong_type_is_never_retried(
    objects: ModuleType, invocation: Invocation, field: str
) -> None:
    for each in WRONG:
        entry = {"key": "some key", "etag": "abc"}
        bucket: dict[str, Any] = {"name": LOG_BUCKET}
        detail: dict[str, Any] = {"bucket": bucket, "object": entry}
        message: dict[str, Any] = {"detail-type": "Object Created", "source": "aws.s3", "detail": detail}
        holder = {"name": bucket, "bucket": detail, "object": detail, "detail": message, "detail-type": message}
        holder.get(field, entry)[field] = each
        assert objects.lambda_handler(with_messages(json.dumps(message)), invocation) == DONE, each


def test_an_sns_envelope_with_any_content_is_never_retried(objects: ModuleType, invocation: Invocation) -> None:
    for each in WRONG:
        for message in (each, json.dumps(each)):
            body = json.dumps({"Type": "Notification", "Message": message})
            assert objects.lambda_handler(with_messages(body), invocation) == DONE


KEYS = [
    SURROGATE,
    "%ED%A0%80",
    "%",
    "%zz",
    "%00",
    "a" * 1_024,
    "a" * 1_025,
    "é" * 600,
    "+",
    "%2B",
    "a/../b",
    "?x#y",
]


@pytest.mark.parametrize("key", KEYS)
def test_an_unusual_key_is_read_or_set_aside(
    objects: ModuleType, invocation: Invocation, world: World, key: str
) -> None:
    body = json.dumps({"Records": [object_event(s3__object__key=key)]})
    assert objects.lambda_handler(with_messages(body), invocation) == DONE
    [letter] = messages_in(world.dead_letters)
    assert letter["Body"] == body


def test_an_object_event_nested_too_deeply_raises_poison() -> None:
    with pytest.raises(PoisonError):
        object_events("[" * 200_000)
