"""JSON objects keyed by the names of fields, in any layout: the records that the same values make as lines."""

import gzip
import json
from collections.abc import Callable

import pytest

from flowsentry import decode
from flowsentry.decode.json_fields import texts_of
from flowsentry.errors import CutOffError
from flowsentry.frames import LogText
from flowsentry.parse import parse, parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, DEFAULT_NAMES, column_of
from tests.builders import V2, flow_log, line
from tests.decode.reading import in_blocks, kept_before, reason_of, texts_in

RECORDS = [line(V2, srcport=port) for port in range(1, 8)]
BODY = flow_log(RECORDS, V2).split(b"\n", 1)[1]
SPELLINGS: dict[str, Callable[[str], str]] = {
    "hyphens": str,
    "underscores": column_of,
    "upper case": str.upper,
    "no joints": lambda name: name.replace("-", ""),
    "Insights": lambda name: {"start": "startTime", "end": "endTime", "account-id": "accountId"}.get(name, name),
}


def objects(spell: Callable[[str], str] = str, **more: object) -> list[dict[str, object]]:
    return [dict(zip(map(spell, V2), each.split(" "), strict=True)) | more for each in RECORDS]


LAYOUTS: dict[str, Callable[[list[dict[str, object]]], str]] = {
    "lines": lambda each: "\n".join(map(json.dumps, each)),
    "crlf": lambda each: "\r\n".join(map(json.dumps, each)),
    "run together": lambda each: "".join(map(json.dumps, each)),
    "array": json.dumps,
    "narrow array": lambda each: json.dumps(each, separators=(",", ":")),
    "array over lines": lambda each: json.dumps(each, indent=2),
    "array with an object a line": lambda each: "[\n" + ",\n".join(map(json.dumps, each)) + "\n]\n",
    "objects over lines": lambda each: "\n".join(json.dumps(one, indent=4) for one in each),
    "arrays run together": lambda each: json.dumps(each[:3]) + "\n" + json.dumps(each[3:]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("block_bytes", [1, 13, 1 << 20])
@pytest.mark.parametrize("log_formats", [(), (DEFAULT_LOG_FORMAT,)], ids=["no format", "a format"])
def test_json_objects_of_any_layout_and_spelling_are_records(
    layout: str, spelling: str, block_bytes: int, log_formats: tuple[str, ...]
) -> None:
    data = LAYOUTS[layout](objects(SPELLINGS[spelling])).encode()
    assert texts_in(*in_blocks(data, block_bytes), log_formats=log_formats) == [LogText(V2, BODY, 1)]


def test_json_numbers_are_read_and_account_ids_keep_leading_zeros() -> None:
    value = {"account_id": 12345678901, "srcaddr": "10.0.0.1", "srcport": 443.0, "bytes": 7, "packets": None}
    (text,) = texts_in(json.dumps(value).encode())
    assert text.text == b"012345678901 10.0.0.1 443 7 -\n"


def test_a_key_of_a_later_object_becomes_a_field_of_all() -> None:
    data = b'{"srcaddr":"10.0.0.1","bytes":1}\n{"srcaddr":"10.0.0.1","bytes":2,"tcp-flags":18}\n'
    (text,) = texts_in(data)
    assert parse(text).records["tcp_flags"].to_list() == [None, 18]


def test_an_unknown_key_is_kept_when_it_looks_like_a_field_with_a_simple_value() -> None:
    (text,) = texts_in(
        json.dumps({"srcaddr": "10.0.0.1", "bytes": 1, "moon-phase": "full", "host": {"a-b": 1}}).encode()
    )
    assert text.names == ("srcaddr", "bytes", "moon-phase")


@pytest.mark.parametrize("bad", ["bad", "{}", '{"x": 1}', "", '{"srcaddr"', "[1]", "null", '{"srcaddr": "\\ud800"}'])
def test_an_invalid_object_is_one_rejected_line_with_its_number(bad: str) -> None:
    one, *others = map(json.dumps, objects())
    (text,) = texts_in("\n".join([one, bad, *others]).encode())
    seen = parse(text)
    assert (seen.lines, len(seen.records), [number for number, _, _ in seen.rejected.sample]) == (8, 7, [2])


def test_an_invalid_value_rejects_its_object() -> None:
    values = [*objects(), *objects(bytes="many"), *objects(srcaddr={"nested": 1})]
    (text,) = texts_in("\n".join(map(json.dumps, values)).encode())
    seen = parse(text)
    assert (seen.lines, len(seen.records)) == (21, 7)
    assert seen.rejected.counts == {"bad-value": 14}


@pytest.mark.parametrize("size", [100, 700, 5000])
def test_objects_are_whole_wherever_chunks_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "CHUNK_BYTES", size)
    for layout in LAYOUTS.values():
        texts = texts_in(*in_blocks(layout(objects()).encode(), 17))
        assert b"".join(text.text for text in texts) == BODY


@pytest.mark.parametrize("data", ["[]", "[1, 2]", '["a"]', '{"name": 1, "document": 2}'])
def test_json_without_fields_or_messages_is_no_flow_log(data: str) -> None:
    if data == "[]":
        assert texts_in(data.encode()) == []
    else:
        assert reason_of(data.encode()) == "no-header"


def test_objects_without_keys_before_a_record_are_rejected_lines() -> None:
    record = json.dumps(dict(zip(DEFAULT_NAMES, line(DEFAULT_NAMES).split(" "), strict=True)))
    chunks = list(texts_of([b"{}\n" * 3, f"{record}\n".encode()]))
    found = [each for chunk in chunks for each in parse_chunk(chunk)]
    assert [(each.lines, each.rejected.total) for each in found] == [(3, 3), (1, 0)]


@pytest.mark.parametrize("layout", ["array", "narrow array", "array over lines", "array with an object a line"])
def test_an_array_that_is_cut_off_keeps_every_whole_object(layout: str) -> None:
    data = LAYOUTS[layout](objects()).encode()
    for cut in range(data.find(b"}") + 1, len(data), 7):
        packed = gzip.compress(data[:cut])[:-8]
        kept, _ = kept_before([packed], CutOffError)
        parsed = parse(LogText(V2, kept, 1))
        assert len(parsed.records) == data[:cut].count(b"}")
        assert not parsed.rejected.total
