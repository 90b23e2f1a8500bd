"""JSON lines: the message of each is the record; whatever has none is one line, as it is."""

import gzip
import json

import pytest

from flowsentry import decode
from flowsentry.decode import object_texts
from flowsentry.errors import CutOffError
from flowsentry.frames import LogText
from flowsentry.parse import parse, parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, V5, flow_log, line, log_text, payload
from tests.decode.reading import in_blocks, kept_before, reason_of, texts_in

FORMATS = [DEFAULT_LOG_FORMAT]
RECORD = line(V2)


def lines_of(*objects: object, between: str = "\n") -> bytes:
    texts = (each if isinstance(each, str) else json.dumps(each) for each in objects)
    return between.join(texts).encode()


def text_of(data: bytes) -> str:
    return "".join(text.text.decode() for text in texts_in(data, log_formats=FORMATS))


def test_messages_are_the_lines() -> None:
    data = lines_of({"message": RECORD}, {"message": line(V2, srcport=7)})
    assert texts_in(data, log_formats=FORMATS) == [LogText(V2, log_text([RECORD, line(V2, srcport=7)], V2).text, 1)]


@pytest.mark.parametrize(
    "value",
    [
        {"message": RECORD, "timestamp": 1, "host": {"name": "a", "tags": [1, {"b": None}]}},
        {"timestamp": 1, "log": {"message": "not this"}, "message": RECORD},
        {"message": RECORD + "\n"},
        {"message": RECORD + "\r\n"},
        f'  {{  "message"  :  "{RECORD}"  }}  ',
        f'{{"message":"{RECORD}"}}\r',
        '{"messag\\u0065":"' + RECORD.replace("A", "\\u0041") + '"}',
    ],
    ids=["further keys", "a message inside", "line break", "carriage return", "spaces", "crlf", "escapes"],
)
@pytest.mark.parametrize("between", ["\n", ""], ids=["line by line", "run together"])
def test_a_message_is_found_in_any_json_spelling(value: object, between: str) -> None:
    others = [{"message": line(V2, srcport=port)} for port in (1, 2)]
    data = lines_of(others[0], value, others[1], between="\n" if isinstance(value, str) else between)
    assert text_of(data) == "".join(f"{each}\n" for each in (others[0]["message"], RECORD, others[1]["message"]))


@pytest.mark.parametrize("inside", ["\n", "\r\n", "\n\n"])
def test_a_message_with_line_breaks_inside_is_one_line(inside: str) -> None:
    text = text_of(lines_of({"message": f"a{inside}b"}, {"message": RECORD}))
    assert text.count("\n") == 2
    assert text.startswith("a ")


@pytest.mark.parametrize(
    "broken",
    [
        *("{}", '{"message": null}', '{"text": "a"}', '{"a": {"message": "b"}}'),
        *('{"message"', '{"message": "a" "b"}', '{"message": "a"} b'),
        *("plain words", "[1]", "null", ""),
    ],
)
def test_a_line_without_a_message_is_one_rejected_line(broken: str) -> None:
    data = lines_of({"message": RECORD}, broken, {"message": RECORD})
    (text,) = texts_in(data, log_formats=FORMATS)
    assert text.text.decode() == f"{RECORD}\n{broken}\n{RECORD}\n"
    seen = parse(text)
    assert (seen.lines, len(seen.records), seen.rejected.total) == (3, 2, 1)
    assert seen.rejected.sample[0][::2] == (2, broken)


@pytest.mark.parametrize("message", ["", "}{ x", "{}{}", 7, True, {"a": 1}, [1]], ids=str)
def test_a_message_that_is_no_record_is_one_rejected_line(message: object) -> None:
    (text,) = texts_in(lines_of({"message": RECORD}, {"message": message}, {"message": RECORD}), log_formats=FORMATS)
    assert (text.text.count(b"\n"), len(parse(text).records)) == (3, 2)


def test_a_raw_line_among_json_lines_is_a_line() -> None:
    assert text_of(lines_of({"message": RECORD}, RECORD)) == f"{RECORD}\n" * 2


def test_bytes_that_are_not_utf_8_reject_one_line() -> None:
    data = lines_of({"message": RECORD}) + b'\n{"message": "\xff"}\n' + lines_of({"message": RECORD})
    (text,) = texts_in(data, log_formats=FORMATS)
    assert parse(text).rejected.counts == {"not-utf-8": 1}


def test_a_header_may_be_the_first_message_and_another_a_later_one() -> None:
    messages = [*flow_log([RECORD], V2).decode().splitlines(), *flow_log([line(V5)]).decode().splitlines()]
    texts = texts_in(lines_of(*({"message": each} for each in messages)))
    assert [(text.names, text.first_line) for text in texts] == [(V2, 2), (V5, 4)]


def test_json_lines_without_a_header_or_a_format_raise_poison() -> None:
    assert reason_of(lines_of({"message": RECORD})) == "no-header"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_objects_run_together_are_split_wherever_blocks_and_chunks_end(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode, "CHUNK_BYTES", 200)
    records = [line(V2, srcport=port) for port in range(30)]
    data = lines_of(*({"message": each} for each in records), between="")
    texts = list(decode.object_texts(in_blocks(data, size), FORMATS))
    assert len(texts) > 5
    assert b"".join(text.text for text in texts if isinstance(text, LogText)) == log_text(records, V2).text


def test_json_that_is_cut_off_keeps_every_whole_line() -> None:
    header, *records = flow_log((line(V2, srcport=port) for port in range(5000)), V2).decode().splitlines()
    data = gzip.compress(lines_of(*({"message": each} for each in (header, *records, ""))), mtime=0)
    kept, error = kept_before([data[:-1]], CutOffError)
    assert error.reason == "gzip-cut-off"
    assert kept == log_text(records, V2).text


@pytest.mark.parametrize("members", [1, 3])
def test_envelopes_without_a_format_raise_poison_that_names_them(members: int) -> None:
    data = payload([RECORD]) * members
    assert reason_of(data) == "subscription-in-object"
    assert reason_of(gzip.decompress(data)) == "subscription-in-object"


@pytest.mark.parametrize("between", [b"", b"\n"], ids=["run together", "newline"])
@pytest.mark.parametrize("packing", ["plain", "gzip", "members", "gzip within gzip"])
def test_each_log_event_of_envelopes_is_a_line(between: bytes, packing: str) -> None:
    records = [line(V2, srcport=port) for port in range(1, 7)]
    packed = [payload(records[:2]), payload(["CWL CONTROL MESSAGE"], "CONTROL_MESSAGE"), payload(records[2:])]
    plain = between.join(map(gzip.decompress, packed))
    data = {
        "plain": plain,
        "gzip": gzip.compress(plain, mtime=0),
        "members": between.join(packed),
        "gzip within gzip": gzip.compress(between.join(packed), mtime=0),
    }[packing]
    assert text_of(data) == "".join(f"{record}\n" for record in records)


def test_an_envelope_that_ends_in_the_middle_is_one_rejected_line() -> None:
    whole, half = (gzip.decompress(payload([RECORD] * n)) for n in (2, 3))
    (text,) = texts_in(whole + b"\n" + half[: len(half) // 2], log_formats=FORMATS)
    seen = parse(text)
    assert (seen.lines, len(seen.records)) == (3, 2)


def test_a_log_event_without_a_message_is_one_rejected_line() -> None:
    envelope = json.dumps({"messageType": "DATA_MESSAGE", "logEvents": [{"message": RECORD}, {"id": 7}, 3]})
    (text,) = texts_in(envelope.encode(), log_formats=FORMATS)
    assert (text.text.count(b"\n"), len(parse(text).records)) == (3, 1)


def test_an_envelope_larger_than_a_chunk_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "CHUNK_BYTES", 2000)
    data = gzip.decompress(payload([RECORD] * 100)) * 2
    assert text_of(data) == f"{RECORD}\n" * 200


def test_the_message_of_an_insights_result_is_the_line() -> None:
    assert (
        text_of(lines_of({"@timestamp": "2026-11-01 10:00:00.000", "@message": RECORD, "@ptr": "x"})) == f"{RECORD}\n"
    )


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("sizes", [[1], [3, 0, 2], [40] * 5])
def test_an_array_of_envelopes_is_their_events(indent: int | None, sizes: list[int]) -> None:
    envelopes = [json.loads(gzip.decompress(payload([line(V2)] * size))) for size in sizes]
    data = json.dumps(envelopes, indent=indent).encode()
    for blocks in ([data], [data[at : at + 700] for at in range(0, len(data), 700)]):
        chunks = object_texts(blocks, [DEFAULT_LOG_FORMAT])
        seen = [each for chunk in chunks for each in parse_chunk(chunk)]
        assert sum(len(each.records) for each in seen) == sum(each.lines for each in seen) == sum(sizes)
