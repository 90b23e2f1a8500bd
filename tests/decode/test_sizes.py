"""Sizes and counts that content states, or implies: what is made follows what is there."""

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry import decode
from flowsentry.decode import envelope, gzip_stream, headers, json_fields, object_texts, subscription
from flowsentry.decode.line_chunks import in_parts
from flowsentry.errors import CutOffError, PoisonError
from flowsentry.frames import MAX_LINE_BYTES, LogText
from flowsentry.parse import parse, parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, flow_log, line, payload
from tests.decode.reading import kept_before, reason_of, texts_in
from tests.decode.test_parquet import ROWS, as_file

if TYPE_CHECKING:
    from collections.abc import Callable


def wide(fields: int) -> tuple[str, ...]:
    return (*V2, *(f"field-{number}" for number in range(fields - len(V2))))


@pytest.mark.parametrize("separator", [" ", ",", "\t"])
def test_a_header_with_too_many_fields_raises_poison(separator: str) -> None:
    names = wide(headers.MAX_FIELDS)
    row = separator.join("-" * len(names))
    assert len(texts_in(f"{separator.join(names)}\n{row}\n".encode())[0].names) == headers.MAX_FIELDS
    assert reason_of(f"{separator.join((*names, 'one-more'))}\n{row}\n".encode()) == "bad-header"


def test_a_further_header_with_too_many_fields_is_a_line() -> None:
    further = " ".join(wide(headers.MAX_FIELDS + 1)).encode()
    (text,) = texts_in(flow_log([line(V2)], V2) + further + b"\n" + f"{line(V2)}\n".encode())
    assert len(parse(text).records) == 2


def test_parquet_with_too_many_columns_raises_poison() -> None:
    more = {f"x_{number}": pl.lit(1) for number in range(headers.MAX_FIELDS - ROWS.width)}
    assert len(list(object_texts([as_file(ROWS.with_columns(**more))]))) == 1
    assert reason_of(as_file(ROWS.with_columns(**more, one_more=pl.lit(1)))) == "bad-header"


@given(st.lists(st.sampled_from([b"\n", b"x\n", b"x" * 50 + b"\n"]), max_size=60), st.integers(1, 9))
def test_parts_have_a_bounded_number_of_lines_however_uneven_these_are(lines: list[bytes], most: int) -> None:
    parts = list(in_parts(b"".join(lines), len(lines), most))
    assert b"".join(parts) == b"".join(lines)
    assert all(0 < part.count(b"\n") <= most and part.endswith(b"\n") for part in parts)


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many values were looked up in objects, each time."""
    seen: list[int] = []
    read: Callable[..., pl.DataFrame] = json_fields._columns

    def spy(*given: Any) -> pl.DataFrame:
        table = read(*given)
        seen.append(table.height * table.width)
        return table

    monkeypatch.setattr(json_fields, "_columns", spy)
    return seen


KEYED = json.dumps(dict(zip(V2, line(V2).split(), strict=True))).encode() + b"\n"


@pytest.mark.parametrize("filler", [b"{}\n", b"\n", b'{"a":1}\n', b"x\n"])
def test_objects_are_looked_up_in_bounded_parts(
    filler: bytes, looked_up: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_fields, "MAX_CELLS", 2000)
    seen = [each for chunk in object_texts([KEYED + filler * 3000 + KEYED]) for each in parse_chunk(chunk)]
    assert (sum(each.lines for each in seen), sum(len(each.records) for each in seen)) == (3002, 2)
    assert max(looked_up) <= 2000


def test_keys_in_many_spellings_are_a_bounded_number_of_columns(
    looked_up: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_fields, "MAX_COLUMNS", 20)
    spelled = [json.loads(KEYED) | dict.fromkeys(("DSTPORT", "dstPort", "DstPort", "dst_port", "dst-port"), "1")]
    spelled += [{"SRCPORT": "7", "srcPort": "8", "SrcPort": "9", "src_port": "10"}]
    (text,) = texts_in("".join(json.dumps(each) + "\n" for each in spelled).encode())
    assert len(set(text.names)) == len(text.names)
    assert max(looked_up) <= 2 * (20 + json_fields.MAX_UNKNOWN_KEYS)
    assert len(parse(text).records) >= 1


def test_a_field_that_objects_spell_differently_is_one_column() -> None:
    other = {name.upper().replace("-", "_"): value for name, value in json.loads(KEYED).items()}
    (text,) = texts_in(KEYED + json.dumps(other).encode() + b"\n")
    assert text.names == V2
    assert len(parse(text).records) == 2


@pytest.mark.parametrize("filler", ["{},", "[],", "[", '{"a":', "1,", '"",'])
def test_an_envelope_with_too_many_values_raises_poison(filler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_VALUES", 1000)
    assert subscription(payload([line(V2)] * 100)).text
    text = f'{{"messageType":"DATA_MESSAGE","more":[{filler * 1000}'
    with pytest.raises(PoisonError) as poison:
        subscription(gzip.compress(text.encode()))
    assert poison.value.reason == "not-a-subscription"


def test_an_envelope_with_too_many_values_rejects_its_line_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    good = gzip.decompress(payload([line(V2)])) + b"\n"
    monkeypatch.setattr(envelope, "MAX_VALUES", 1000)
    bad = b'{"messageType":"DATA_MESSAGE","logEvents":[%s{}]}\n' % (b"{}," * 1000)
    seen = [each for chunk in object_texts([good + bad + good], [DEFAULT_LOG_FORMAT]) for each in parse_chunk(chunk)]
    assert sum(len(each.records) for each in seen) == 2
    assert sum(each.rejected.total for each in seen) == 1


@pytest.mark.parametrize("depth", [100, 5000, 400_000])
@pytest.mark.parametrize(("first_header", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deeply_nested_json_rejects_its_line_or_payload_alone(depth: int, first_header: str, closing: str) -> None:
    deep = first_header * depth + "1" + closing * depth
    text = KEYED + f'{{"version":2,"more":{deep}}}\n'.encode() + KEYED
    seen = [each for chunk in object_texts([text]) for each in parse_chunk(chunk)]
    assert sum(len(each.records) for each in seen) >= 2
    try:
        subscription(gzip.compress(f'{{"messageType":"DATA_MESSAGE","more":{deep}}}'.encode()))
    except PoisonError as poison:
        assert poison.reason == "not-a-subscription"  # noqa: PT017 - it may also be read and lack its events


@pytest.mark.parametrize("number", ["1" * 5000, "-" + "9" * 100_000, "1e999999", "1" + "0" * 400 + ".5"])
def test_huge_numbers_raise_poison_or_reject_their_line(number: str) -> None:
    text = KEYED + f'{{"version":{number},"srcaddr":"10.0.0.1"}}\n'.encode() + KEYED
    seen = [each for chunk in object_texts([text]) for each in parse_chunk(chunk)]
    assert (sum(len(each.records) for each in seen), sum(each.rejected.total for each in seen)) == (2, 1)
    with pytest.raises(PoisonError):
        subscription(gzip.compress(f'{{"messageType":{number}}}'.encode()))


def test_a_message_is_no_longer_than_a_line() -> None:
    seen = subscription(payload(["x" * 1_000_000, line(V2)]))
    assert len(seen.text) < 2 * MAX_LINE_BYTES
    parsed = parse(LogText(V2, seen.text, 1))
    assert (len(parsed.records), parsed.rejected.counts) == (1, {"line-too-long": 1})


def test_a_payload_that_inflates_to_too_much_raises_poison() -> None:
    with pytest.raises(PoisonError) as poison:
        subscription(gzip.compress(b" " * (envelope.MAX_PAYLOAD_BYTES + 1)))
    assert poison.value.reason == "payload-too-large"


def test_gzip_that_inflates_to_too_much_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_stream, "MAX_INFLATED_BYTES", 100_000)
    monkeypatch.setattr(gzip_stream, "MAX_NESTED_BYTES", 50_000)
    monkeypatch.setattr(decode, "CHUNK_BYTES", 4000)
    kept, error = kept_before([gzip.compress(flow_log([line(V2)] * 5000, V2))], CutOffError)
    assert error.reason == "gzip-too-large"
    assert 90_000 < len(kept) <= 100_000


HEADED = b"\x1f\x8b\x08"


@pytest.mark.parametrize(
    ("flags", "more"),
    [(8, b"n" * 300_000 + b"\0"), (16, b"c" * 300_000 + b"\0"), (4, b"\xff\xff" + b"e" * 65_535), (4, b"\0\0")],
    ids=["a long name", "a long comment", "a long extra field", "an empty extra field"],
)
def test_optional_fields_of_a_gzip_header_are_skipped(flags: int, more: bytes) -> None:
    packed = gzip.compress(flow_log([line(V2)], V2), mtime=0)
    data = HEADED + bytes([flags]) + packed[4:10] + more + packed[10:]
    assert [len(parse(text).records) for text in texts_in(data)] == [1]
    assert [len(parse(text).records) for text in texts_in(*(data[at : at + 1000] for at in range(0, len(data), 1000)))]


def test_a_missing_extra_field_of_a_gzip_header_is_a_cut() -> None:
    assert (
        kept_before([HEADED + b"\x04" + bytes(6) + b"\xff\xff" + b"e" * 100], CutOffError)[1].reason == "gzip-cut-off"
    )
