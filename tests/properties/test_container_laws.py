"""Laws of containers: the same records in any container."""

import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flowsentry.decode import object_texts, parquet
from flowsentry.errors import PoisonError
from flowsentry.frames import Parsed
from flowsentry.parse import parse_chunk
from flowsentry.records.field_spellings import ALIASES
from flowsentry.records.fields import FIELDS, MISSING, column_of
from tests.builders import V2, V5, Watch, flow_log, line, log_text, payload
from tests.properties.strategies import LAW, LAW_OF_TRAFFIC, bad_lines, failures, formats, records

INTEGERS = {"INT_32": pl.Int32(), "INT_64": pl.Int64()}


@st.composite
def lines_of_a_format(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str]]:
    names = draw(formats)
    return names, draw(st.lists(records(names), min_size=1, max_size=12))


def log_format(names: Sequence[str]) -> str:
    return " ".join(f"${{{name}}}" for name in names)


def parsed(data: bytes, *log_formats: str) -> list[Parsed]:
    return [each for chunk in object_texts([data], log_formats) for each in parse_chunk(chunk)]


def records_in(data: bytes, *log_formats: str) -> pl.DataFrame:
    found = parsed(data, *log_formats)
    assert sum(each.rejected.total for each in found) == 0
    return pl.concat(each.records for each in found)


def as_strings(names: Sequence[str], lines: Sequence[str]) -> pl.DataFrame:
    schema = dict.fromkeys(map(column_of, names), pl.String)
    return pl.DataFrame([line.split(" ") for line in lines], schema=schema, orient="row")


def as_aws_types(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with integers where AWS writes integers, and null for missing ones."""
    types = {field.column: INTEGERS.get(field.parquet_type) for field in FIELDS}
    return rows.with_columns(
        pl.when(pl.col(name) != MISSING).then(name).cast(types[name]) for name in rows.columns if types[name]
    )


def as_file(rows: pl.DataFrame, **options: Any) -> bytes:
    file = io.BytesIO()
    rows.write_parquet(file, **options)
    return file.getvalue()


@LAW
@given(lines_of_a_format(), st.sampled_from(["gzip", "zstd", "uncompressed"]), st.booleans())
def test_text_and_parquet_of_the_same_records_are_equal(
    lines: tuple[tuple[str, ...], list[str]],
    compression: str,
    packed: bool,  # noqa: FBT001
) -> None:
    names, texts = lines
    expected = records_in(flow_log(texts, names))
    strings = as_strings(names, texts)
    for rows in (strings, as_aws_types(strings), strings.select(reversed(strings.columns))):
        file = as_file(rows, compression=compression)
        seen = records_in(gzip.compress(file, mtime=0) if packed else file)
        assert_frame_equal(seen.select(expected.columns), expected, categorical_as_str=True)


@LAW
@given(lines_of_a_format(), st.integers(1, 5), st.integers(1, 7))
def test_row_groups_of_a_parquet_file_do_not_change_its_records(
    lines: tuple[tuple[str, ...], list[str]], group_rows: int, table_rows: int
) -> None:
    names, texts = lines
    expected = records_in(flow_log(texts, names))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROWS_AT_A_TIME", table_rows)
        seen = records_in(as_file(as_aws_types(as_strings(names, texts)), row_group_size=group_rows))
    assert_frame_equal(seen, expected, categorical_as_str=True)


def spelled(name: str, style: int) -> str:
    """A field name in one of the spellings of AWS's documentation."""
    return (name, column_of(name), name.upper(), name.replace("-", ""), OTHER_NAMES.get(name, name))[style]


OTHER_NAMES = {name: other for other, name in ALIASES.items()}
STYLES = st.integers(0, 4)


def separated(names: Sequence[str], lines: Sequence[str], separator: str, *, quoted: bool) -> bytes:
    rows = (" ".join(names), *lines)
    values = ((f'"{value}"' if quoted else value for value in row.split(" ")) for row in rows)
    return "".join(f"{separator.join(each)}\n" for each in values).encode()


def as_objects(names: Sequence[str], lines: Sequence[str]) -> list[dict[str, str]]:
    return [dict(zip(names, each.split(" "), strict=True)) for each in lines]


def wrapped(data: bytes, depth: int) -> bytes:
    for _ in range(depth):
        data = gzip.compress(data, mtime=0)
    return data


def has_plain_values(file: tuple[tuple[str, ...], list[str]]) -> bool:
    """Whether each line has a value in each column, and none that other writers use for a missing value."""
    words = [word for each in file[1] for word in each.split(" ")]
    return len(file[0]) > 1 and "" not in words and not MISSING_EVIDENCE.intersection(words)


MISSING_EVIDENCE = {"None", "nan", "NaN", "null", "NULL", r"\N"}
plain_files = lines_of_a_format().filter(has_plain_values)


@LAW
@given(plain_files, STYLES, st.sampled_from([",", "\t", ";", "|"]), st.booleans(), st.integers(0, 3))
def test_separators_and_field_spellings_do_not_change_the_records(
    lines: tuple[tuple[str, ...], list[str]],
    style: int,
    separator: str,
    quoted: bool,  # noqa: FBT001
    depth: int,
) -> None:
    names, texts = lines
    expected = records_in(flow_log(texts, names))
    data = separated([spelled(name, style) for name in names], texts, separator, quoted=quoted)
    for each in (data, data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data, data.decode().encode("utf-16")):
        assert_frame_equal(records_in(wrapped(each, depth)), expected, categorical_as_str=True)


@LAW
@given(plain_files, STYLES, st.sampled_from([None, 2]), st.integers(0, 3))
def test_json_objects_keyed_by_fields_equal_lines_of_the_same_values(
    lines: tuple[tuple[str, ...], list[str]], style: int, indent: int | None, depth: int
) -> None:
    names, texts = lines
    expected = records_in(flow_log(texts, names))
    objects = as_objects([spelled(name, style) for name in names], texts)
    each_alone = [json.dumps(each, indent=indent) for each in objects]
    for data in (json.dumps(objects, indent=indent), "\n".join(each_alone), "".join(each_alone)):
        assert_frame_equal(records_in(wrapped(data.encode(), depth)), expected, categorical_as_str=True)


@LAW
@given(lines_of_a_format(), st.integers(1, 4), st.sampled_from(["", "\n"]), st.integers(0, 3))
def test_log_events_equal_their_lines_in_envelopes_exports_and_message_columns(
    lines: tuple[tuple[str, ...], list[str]], events: int, between: str, depth: int
) -> None:
    names, texts = lines
    expected = records_in(log_text(texts, names).text, log_format(names))
    envelopes = (gzip.decompress(payload(texts[n : n + events])).decode() for n in range(0, len(texts), events))
    exported = "".join(f"2026-11-01T10:00:00.000Z {each}\n" for each in texts)
    messages = as_file(pl.DataFrame({"message": texts}))
    for data in (between.join(envelopes).encode(), exported.encode(), messages):
        assert_frame_equal(records_in(wrapped(data, depth), log_format(names)), expected, categorical_as_str=True)


@LAW
@given(st.data(), st.sampled_from([",", "\t"]))
def test_every_line_of_every_container_is_a_record_or_rejected(data: st.DataObject, separator: str) -> None:
    names = data.draw(formats.filter(lambda names: len(names) > 1))
    texts = data.draw(st.lists(st.one_of(records(names), bad_lines(names)), max_size=8))
    body = [each.replace(" ", separator) for each in texts]
    header = separator.join(names)
    for whole in (
        "\n".join([header, *body]),
        "\n".join(json.dumps({"message": each}) for each in [" ".join(names), *texts]),
    ):
        found = parsed(whole.encode())
        assert all(len(each.records) + each.rejected.total == each.lines for each in found)


@LAW
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n{"), max_size=40), min_size=1))
def test_the_message_of_a_json_line_is_the_line(texts: list[str]) -> None:
    plain = list(object_texts([log_text(["2", *texts], V2).text], [log_format(V2)]))
    for between in ("\n", "", "\r\n"):
        for options in ({}, {"ensure_ascii": False}):
            objects = (json.dumps({"message": each}, **options) for each in ("2", *texts))  # type: ignore[arg-type]
            assert list(object_texts([between.join(objects).encode()], [log_format(V2)])) == plain


def is_found_below_lines(names: tuple[str, ...]) -> bool:
    """Whether a header with these names is recognised among lines: it has the fields of almost all headers."""
    return len(names) > 1 and "l" in " ".join(names)


files_in_a_row = st.lists(
    lines_of_a_format().filter(lambda file: is_found_below_lines(file[0])), min_size=1, max_size=4
)


@LAW
@given(files_in_a_row, st.booleans())
def test_concatenated_files_equal_the_separate_files(
    files: list[tuple[tuple[str, ...], list[str]]],
    packed: bool,  # noqa: FBT001
) -> None:
    texts = [flow_log(lines, names) for names, lines in files]
    whole = b"".join(gzip.compress(each, mtime=0) if packed else each for each in texts)
    seen, expected = parsed(whole), [each for text in texts for each in parsed(text)]
    assert sum(each.lines for each in seen) == sum(len(lines) for _, lines in files)
    assert [each.records.columns for each in seen] == [each.records.columns for each in expected]
    for one, other in zip(seen, expected, strict=True):
        assert_frame_equal(one.records, other.records, categorical_as_str=True)


@LAW
@given(st.data())
def test_rejected_lines_of_concatenated_files_have_their_line_numbers(data: st.DataObject) -> None:
    names = data.draw(formats)
    files = data.draw(
        st.lists(st.lists(st.one_of(records(names), bad_lines(names)), max_size=5), min_size=1, max_size=4)
    )
    whole = b"".join(flow_log(lines, names) for lines in files)
    told = [(number, text) for each in parsed(whole) for number, _, text in each.rejected.sample]
    in_the_file = whole.decode().split("\n")
    assert all(in_the_file[number - 1].rstrip("\r")[:512] == text for number, text in told)


STARTS = (
    *(
        b"",
        flow_log([], V2),
        b"PAR1",
        b'{"message":"',
        b'{"srcaddr":"',
        b'[{"srcaddr":1,"bytes":',
        b'{"messageType":"A","logEvents":[',
    ),
    *(b"srcaddr,bytes\n", b"\xff\xfe", b"2026-11-01T10:00:00.000Z ", b"\x1f\x8b\x08\x00", b"\xef\xbb\xbf", b"version "),
)


@LAW
@given(st.sampled_from(STARTS), st.binary(max_size=200), st.sampled_from([b"", b"\n", b"PAR1", b"}"]), st.booleans())
def test_any_bytes_are_poison_or_every_line_is_accounted_for(
    start: bytes,
    middle: bytes,
    end: bytes,
    packed: bool,  # noqa: FBT001
) -> None:
    data = start + middle + end
    for log_formats in ((), (log_format(V2),), (log_format(V2), log_format(V2[:3]))):
        try:
            found = parsed(gzip.compress(data, mtime=0) if packed else data, *log_formats)
        except PoisonError:
            continue
        assert all(len(each.records) + each.rejected.total == each.lines for each in found)


@LAW_OF_TRAFFIC
@given(failures)
def test_findings_do_not_depend_on_the_container(openings: list[dict[str, Any]]) -> None:
    lines = [line(V5, **opening) for opening in openings]
    half = len(lines) // 2
    messages = "".join(json.dumps({"message": each}) for each in [" ".join(V5), *lines])
    containers = (
        flow_log(lines, V5),
        as_file(as_aws_types(as_strings(V5, lines)), row_group_size=7),
        messages.encode(),
        separated(V5, lines, ",", quoted=True),
        json.dumps(as_objects(V5, lines)).encode(),
        flow_log(lines[:half], V5) + flow_log([line((*V5, "type"), **each) for each in openings[half:]], (*V5, "type")),
    )
    seen = [(Watch(), data) for data in containers]
    outcomes = [watch.see(data)[0] for watch, data in seen]
    assert {(each.lines, each.accepted_records, each.newest_end) for each in outcomes} == {
        (len(lines), len(lines), outcomes[0].newest_end)
    }
    assert all(watch.found == seen[0][0].found for watch, _ in seen)
