"""Objects that are Lambda's records of failed invocations, told from logs by their content."""

import json

import pytest

from flowsentry.aws.failed_invocation import MAX_RECORD_BYTES, failed_event
from flowsentry.errors import PoisonError


@pytest.mark.parametrize("blocks", [[], [b""], [b"version", b" account-id"], [b"\x1f\x8b", b"..."], [b"", b"[1]"]])
def test_any_other_object_keeps_its_bytes(blocks: list[bytes]) -> None:
    event, rest = failed_event(blocks)
    assert event is None
    assert b"".join(rest) == b"".join(blocks)


def test_a_record_in_many_blocks_gives_its_event() -> None:
    record = json.dumps({"version": "1.0", "requestPayload": {"awslogs": {"data": "x"}}}).encode()
    event, rest = failed_event(record[at : at + 5] for at in range(0, len(record), 5))
    assert event == {"awslogs": {"data": "x"}}
    assert list(rest) == []


@pytest.mark.parametrize("payload", [{"Records": []}, json.dumps({"Records": []})])
def test_the_record_of_a_stream_s_batch_gives_its_event_also_where_it_is_not_escaped(payload: object) -> None:
    event, _ = failed_event([json.dumps({"version": "1.0", "KinesisBatchInfo": {}, "payload": payload}).encode()])
    assert event == {"Records": []}


def test_a_record_without_its_payload_as_queues_get_it_is_poison() -> None:
    with pytest.raises(PoisonError, match="no record of a failed invocation: KeyError"):
        failed_event([json.dumps({"version": "1.0", "KinesisBatchInfo": {"batchSize": 5}}).encode()])


@pytest.mark.parametrize("record", [b"{", b"{}", b'{"requestPayload"', b'{"a": 1}', b'{"payload": "{"}'])
def test_other_json_is_poison(record: bytes) -> None:
    with pytest.raises(PoisonError) as poison:
        failed_event([record])
    assert poison.value.reason == "not-a-failed-invocation"


def test_a_record_is_read_up_to_a_bound() -> None:
    with pytest.raises(PoisonError, match="too large"):
        failed_event([b"{"] + [b" " * (1 << 20)] * (MAX_RECORD_BYTES // (1 << 20) + 1))
