"""CloudWatch Logs payloads: one log event is one line."""

import gzip
import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import pytest

from flowsentry.decode import envelope, subscription, subscription_text
from flowsentry.errors import PoisonError
from flowsentry.frames import LogText, MixedText
from flowsentry.parse import parse, parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import ACCOUNT, INTERFACE, V2, V5, line, log_text, no_data, payload
from tests.recorded import recorded

V5_LOG_FORMAT = " ".join(f"${{{name}}}" for name in V5)


def gunzipped(data: bytes) -> dict[str, Any]:
    return dict(json.loads(gzip.decompress(data)))


def test_a_payload_has_a_log_group_a_log_stream_and_a_line_for_each_event() -> None:
    seen = subscription(payload([line(V2), no_data(V2)]))
    assert (seen.owner, seen.log_group, seen.log_stream) == (ACCOUNT, "flow-logs", f"{INTERFACE}-all")
    assert seen.text == log_text([line(V2), no_data(V2)]).text
    assert not seen.is_control


def test_the_log_format_names_the_fields() -> None:
    text = subscription_text(subscription(payload([line(V2)])), DEFAULT_LOG_FORMAT)
    assert text.names == V2
    assert len(parse(text).records) == 1


@pytest.mark.parametrize(
    "log_formats", [[DEFAULT_LOG_FORMAT], (DEFAULT_LOG_FORMAT, DEFAULT_LOG_FORMAT)], ids=["one", "the same twice"]
)
def test_several_equal_formats_name_the_fields_as_one(log_formats: Sequence[str]) -> None:
    chunk = subscription_text(subscription(payload([line(V2)])), log_formats)
    assert chunk == LogText(V2, log_text([line(V2)]).text, 1)


def test_with_several_formats_all_are_candidates() -> None:
    chunk = subscription_text(
        subscription(payload([line(V2), line(V5, version=5)])), [DEFAULT_LOG_FORMAT, V5_LOG_FORMAT]
    )
    assert isinstance(chunk, MixedText)
    assert (chunk.formats, chunk.first_line) == ((V2, V5), 1)
    assert [found.records.width for found in parse_chunk(chunk) if len(found.records) == 1] == [len(V2), len(V5)]


@pytest.mark.parametrize("log_formats", [[], "", ["${version}", "version"]])
def test_an_invalid_log_format_is_refused(log_formats: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"log format|unpack"):
        subscription_text(subscription(payload([line(V2)])), log_formats)


def test_other_keys_of_an_envelope_are_ignored() -> None:
    plain = gunzipped(payload([line(V2)]))
    events = [event | {"extractedFields": {"version": "2"}, "new": None} for event in plain["logEvents"]]
    richer = plain | {"logEvents": events, "policyLevel": "ACCOUNT_LEVEL_POLICY", "future": {"a": [1]}}
    assert subscription(gzip.compress(json.dumps(richer).encode(), mtime=0)) == subscription(payload([line(V2)]))


def test_recorded_payloads_of_other_projects_are_read() -> None:
    event = json.loads(recorded("samples/powertools-python/cloudWatchLogEventWithPolicyLevel.json").read_text())
    seen = subscription(b64decode(event["awslogs"]["data"]))
    assert seen.log_group
    assert seen.text.endswith(b"\n")


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
def test_an_invalid_payload_raises_poison_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(PoisonError) as poison:
        subscription(data)
    assert poison.value.reason == reason


def test_a_payload_that_inflates_without_end_raises_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_PAYLOAD_BYTES", 10_000)
    with pytest.raises(PoisonError) as poison:
        subscription(gzip.compress(b"0" * 1_000_000, mtime=0))
    assert poison.value.reason == "payload-too-large"
