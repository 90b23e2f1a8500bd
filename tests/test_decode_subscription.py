"""CloudWatch Logs payloads: one log event is one line."""

import gzip
import json

import pytest

from flowsentry.decode import subscription, subscription_text
from flowsentry.errors import PoisonError
from flowsentry.fields import DEFAULT_LOG_FORMAT
from flowsentry.parse import parse
from tests.builders import ACCOUNT, INTERFACE, V2, line, log_text, no_data, payload


def test_a_payload_is_its_group_its_stream_and_a_line_for_each_event() -> None:
    seen = subscription(payload([line(V2), no_data(V2)]))
    assert (seen.owner, seen.log_group, seen.log_stream) == (ACCOUNT, "flow-logs", f"{INTERFACE}-all")
    assert seen.text == log_text([line(V2), no_data(V2)]).text
    assert not seen.is_control


def test_the_log_format_names_the_fields() -> None:
    text = subscription_text(subscription(payload([line(V2)])), DEFAULT_LOG_FORMAT)
    assert text.names == V2
    assert len(parse(text).records) == 1


def test_a_control_message_has_no_lines() -> None:
    seen = subscription(payload(["CWL CONTROL MESSAGE: Checking health of destination"], "CONTROL_MESSAGE"))
    assert seen.is_control
    assert subscription_text(seen, DEFAULT_LOG_FORMAT).text == b""


@pytest.mark.parametrize("inside", ["\n", "\r\n", "\r", "\n\n"])
def test_an_event_with_line_breaks_inside_is_one_rejected_line(inside: str) -> None:
    seen = subscription(payload([line(V2), line(V2) + inside + line(V2), line(V2)]))
    parsed = parse(subscription_text(seen, DEFAULT_LOG_FORMAT))
    assert (parsed.lines, len(parsed.records), parsed.rejected.counts) == (3, 2, {"too-many-fields": 1})


def test_an_event_may_end_with_a_line_break() -> None:
    assert subscription(payload([line(V2) + "\n", line(V2) + "\r\n"])).text == log_text([line(V2)] * 2).text


def test_an_event_without_text_is_one_rejected_line() -> None:
    parsed = parse(subscription_text(subscription(payload([line(V2), ""])), DEFAULT_LOG_FORMAT))
    assert (len(parsed.records), parsed.rejected.counts) == (1, {"empty-line": 1})


def test_an_event_with_half_a_character_is_one_rejected_line() -> None:
    seen = subscription(payload([line(V2), line(V2).replace("eni", "\ud800")]))
    assert parse(subscription_text(seen, DEFAULT_LOG_FORMAT)).rejected.total <= 1


ENVELOPE = {"messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": "g", "logStream": "s", "logEvents": []}


def without(key: str) -> bytes:
    return gzip.compress(json.dumps({name: value for name, value in ENVELOPE.items() if name != key}).encode(), mtime=0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "payload-not-gzip"),
        (b"not gzip", "payload-not-gzip"),
        (payload([line(V2)])[:-12], "payload-cut-off"),
        (gzip.compress(b"not json", mtime=0), "not-a-subscription"),
        (gzip.compress(b"\xff\xff", mtime=0), "not-a-subscription"),
        (gzip.compress(b"[]", mtime=0), "not-a-subscription"),
        (gzip.compress(b'"text"', mtime=0), "not-a-subscription"),
        (without("owner"), "not-a-subscription"),
        (without("messageType"), "not-a-subscription"),
        (gzip.compress(json.dumps(ENVELOPE | {"logEvents": [{"id": "1"}]}).encode(), mtime=0), "not-a-subscription"),
        (gzip.compress(json.dumps(ENVELOPE | {"logEvents": [{"message": 7}]}).encode(), mtime=0), "not-a-subscription"),
        (gzip.compress(json.dumps(ENVELOPE | {"logEvents": 7}).encode(), mtime=0), "not-a-subscription"),
    ],
)
def test_what_is_no_payload_is_poison_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PoisonError) as poison:
        subscription(data)
    assert poison.value.reason == reason


def test_a_payload_that_inflates_without_end_is_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsentry.decode.MAX_PAYLOAD_BYTES", 10_000)
    with pytest.raises(PoisonError) as poison:
        subscription(gzip.compress(b"0" * 1_000_000, mtime=0))
    assert poison.value.reason == "payload-too-large"
