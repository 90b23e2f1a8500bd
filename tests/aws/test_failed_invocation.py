"""Lambda's records of failed invocations, recognised among logs by their content."""

import json
from collections.abc import Iterator

import pytest

from flowsentry.aws import failed_invocation
from flowsentry.aws.failed_invocation import MAX_RECORD_BYTES, failed_event
from flowsentry.errors import PoisonError


@pytest.mark.parametrize("blocks", [[], [b""], [b"version", b" account-id"], [b"\x1f\x8b", b"..."], [b"", b"[1]"]])
def test_an_object_that_is_no_record_keeps_its_bytes(blocks: list[bytes]) -> None:
    event, rest = failed_event(blocks)
    assert event is None
    assert b"".join(rest) == b"".join(blocks)


def test_a_record_in_many_blocks_returns_its_event() -> None:
    record = json.dumps({"version": "1.0", "requestPayload": {"awslogs": {"data": "x"}}}).encode()
    event, rest = failed_event(record[at : at + 5] for at in range(0, len(record), 5))
    assert event == {"awslogs": {"data": "x"}}
    assert list(rest) == []


@pytest.mark.parametrize("payload", [{"Records": []}, json.dumps({"Records": []})])
def test_the_record_of_a_stream_batch_returns_its_event_escaped_or_not(payload: object) -> None:
    event, _ = failed_event([json.dumps({"version": "1.0", "KinesisBatchInfo": {}, "payload": payload}).encode()])
    assert event == {"Records": []}


def test_a_record_without_a_payload_as_sent_to_queues_raises_poison() -> None:
    with pytest.raises(PoisonError, match="not the record of a failed invocation: KeyError"):
        failed_event([json.dumps({"version": "1.0", "KinesisBatchInfo": {"batchSize": 5}}).encode()])


def test_a_record_with_an_invalid_json_payload_raises_poison() -> None:
    with pytest.raises(PoisonError) as poison:
        failed_event([b'{"KinesisBatchInfo": {}, "payload": "{"}'])
    assert poison.value.reason == "not-a-failed-invocation"


@pytest.mark.parametrize(
    "blocks",
    [
        [b"{"],
        [b"{}"],
        [b"{", b'"requestPayload"'],
        [b'{"a": 1}'],
        [b'{"payload": "{"}'],
        [b'{"message": "2 123456789012 eni-1"}{"mess', b'age": "\xff"}\n'],
        [b'{"a": "', b"\xc3", b'\xa4"}', b'{"requestPayload": {}}'],
        [b'{"a":' * 100_000],
    ],
)
def test_other_json_keeps_its_bytes(blocks: list[bytes]) -> None:
    event, rest = failed_event(blocks)
    assert event is None
    assert b"".join(rest) == b"".join(blocks)


def test_a_json_document_is_buffered_up_to_a_limit() -> None:
    taken: list[bytes] = []

    def blocks() -> Iterator[bytes]:
        for block in [b'{"a": "', *[bytes(1 << 20)] * (MAX_RECORD_BYTES // (1 << 20) + 9)]:
            taken.append(block)
            yield block

    event, rest = failed_event(blocks())
    assert event is None
    assert sum(map(len, taken)) <= MAX_RECORD_BYTES + (1 << 20)
    assert sum(map(len, rest)) == sum(map(len, taken))


@pytest.mark.parametrize("filler", [b"{},", b"[],", b"1,"])
def test_a_json_document_with_too_many_values_is_no_record(filler: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_invocation, "MAX_RECORD_VALUES", 100)
    data = b'{"requestPayload": [%s1]}' % (filler * 101)
    event, rest = failed_event([data])
    assert event is None
    assert b"".join(rest) == data


def test_a_payload_that_is_nested_too_deeply_raises_poison() -> None:
    record = {"KinesisBatchInfo": {}, "payload": "[" * 100_000}
    with pytest.raises(PoisonError):
        failed_event([json.dumps(record).encode()])
