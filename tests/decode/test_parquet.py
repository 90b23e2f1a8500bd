"""Parquet: rows in bounded tables, whatever the file's shape; what can't be read is told by its reason."""

import gzip
import io
import random
import zlib
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowsentry.decode import object_texts, parquet, parquet_pages, thrift
from flowsentry.errors import PoisonError
from flowsentry.frames import LogTable
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, line
from tests.decode.reading import reason_of

ROWS = pl.DataFrame(
    {
        "version": [2] * 1000,
        "account_id": ["123456789012"] * 1000,
        "srcaddr": [f"10.0.{number // 256}.{number % 256}" for number in range(1000)],
        "bytes": range(1000),
    }
)
COMPRESSIONS = ("gzip", "zstd", "snappy", "uncompressed", "lz4", "brotli")


def as_file(rows: pl.DataFrame, **options: Any) -> bytes:
    file = io.BytesIO()
    rows.write_parquet(file, **options)
    return file.getvalue()


def tables_in(data: bytes) -> list[LogTable]:
    chunks = list(object_texts([data]))
    tables = [chunk for chunk in chunks if isinstance(chunk, LogTable)]
    assert len(tables) == len(chunks)
    return tables


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("row_group_size", [None, 300, 1])
@pytest.mark.parametrize("rows_at_a_time", [125_000, 70])
def test_rows_are_in_order_and_numbered_for_any_layout_of_the_file(
    compression: Any, row_group_size: int | None, rows_at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_A_TIME", rows_at_a_time)
    tables = tables_in(as_file(ROWS, compression=compression, row_group_size=row_group_size))
    assert_frame_equal(pl.concat(table.rows for table in tables), ROWS)
    assert tables[0].first_line == 2
    assert all(before.first_line + len(before.rows) == after.first_line for before, after in pairwise(tables))
    assert {len(table.rows) for table in tables[:-1]} <= {rows_at_a_time}


def test_columns_keep_the_names_and_types_of_their_writer() -> None:
    rows = pl.DataFrame({"SrcAddr": ["10.0.0.1"], "dst-port": [b"80"], "srcport": [80.5], "year": ["2026"]})
    (table,) = tables_in(as_file(rows))
    assert_frame_equal(table.rows, rows)


def test_a_file_without_rows_has_no_tables() -> None:
    assert tables_in(as_file(ROWS.clear())) == []


def test_nested_columns_that_are_not_fields_are_left_out() -> None:
    nested = ROWS.with_columns(tags=pl.lit([["a"]]), owner=pl.struct("version"))
    assert [table.rows.columns for table in tables_in(as_file(nested))] == [ROWS.columns]


def test_wide_tables_have_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "CELLS_AT_A_TIME", 400)
    assert {len(table.rows) for table in tables_in(as_file(ROWS))} == {100}


def test_tables_of_large_values_have_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "SLICE_BYTES", 1000)
    sizes = [len(table.rows) for table in tables_in(as_file(ROWS))]
    assert sum(sizes) == 1000
    assert 20 < max(sizes) < 125


WHOLE = as_file(ROWS)
COMPRESSED = as_file(ROWS, compression="gzip")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (WHOLE[:-1], "parquet-cut-off"),
        (WHOLE[: len(WHOLE) // 2], "parquet-cut-off"),
        (b"PAR1", "parquet-cut-off"),
        (b"PAR1PAR1", "parquet-cut-off"),
        (WHOLE + b"\n", "parquet-cut-off"),
        (b"PAR1" + bytes(4) + b"PAR1", "parquet-corrupt"),
        (b"PAR1" + b"\xff" * 4 + b"PAR1", "parquet-corrupt"),
        (WHOLE[:-8] + bytes(4) + b"PAR1", "parquet-corrupt"),
        (WHOLE[:4] + b"\xff" * 400 + WHOLE[404:], "parquet-corrupt"),
        (as_file(pl.DataFrame()), "no-header"),
        (as_file(ROWS.select(pl.all().name.prefix("x_"))), "no-header"),
        (as_file(ROWS.select("bytes", moon="bytes")), "no-header"),
        (as_file(ROWS.with_columns(SRCADDR="srcaddr")), "bad-header"),
        (as_file(ROWS.rename({"bytes": "account-id"})), "bad-header"),
        (as_file(ROWS.with_columns(srcaddr=pl.concat_list("srcaddr"))), "bad-header"),
    ],
    ids=[
        *("without its last byte", "half", "magic alone", "magic twice", "more behind", "no footer", "footer too long"),
        *("empty footer", "damaged page", "no columns", "no known columns", "one known column", "twice by case"),
        *("twice by hyphen", "a nested field"),
    ],
)
def test_content_that_is_no_flow_log_raises_poison_with_its_reason(data: bytes, reason: str) -> None:
    assert reason_of(data) == reason
    assert reason_of(gzip.compress(data, mtime=0)) == reason


def test_a_single_column_that_is_a_field_is_enough() -> None:
    assert len(tables_in(as_file(ROWS.select("srcaddr")))) == 1


@pytest.mark.parametrize(
    ("bound", "value"),
    [("MAX_PARQUET_BYTES", len(WHOLE) - 1), ("MAX_ROWS", 999), ("MAX_FIXED_BYTES", 1000), ("MAX_ROW_BYTES", 5)],
)
def test_a_file_that_is_too_large_raises_poison(bound: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, bound, value)
    assert reason_of(WHOLE) == "parquet-too-large"


def outcomes(files: Iterable[bytes]) -> set[str]:
    seen = set()
    for data in files:
        try:
            seen.add("rows" if tables_in(data) else "nothing")
        except PoisonError as poison:
            seen.add(poison.reason)
    return seen


def test_a_damaged_file_is_read_or_raises_poison() -> None:
    chance = random.Random(5)  # noqa: S311 - damage

    def damaged() -> Iterable[bytes]:
        for number in range(600):
            data = bytearray(COMPRESSED)
            start = len(data) - 1000 if number % 2 else 4
            for _ in range(chance.choice([1, 1, 4, 40])):
                data[chance.randrange(start, len(data))] = chance.randrange(256)
            yield bytes(data)

    assert outcomes(damaged()) <= {"rows", "nothing", *REASONS}


REASONS = ("parquet-cut-off", "parquet-corrupt", "parquet-too-large", "no-header", "bad-header")


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("row_group_size", [None, 300])
def test_the_weight_of_pages_is_their_content(compression: Any, row_group_size: int | None) -> None:
    weight = parquet_pages.heaviest(as_file(ROWS, compression=compression, row_group_size=row_group_size))
    rows = row_group_size or len(ROWS)
    assert rows * 8 < weight.fixed_bytes < rows * 60
    assert 8 < weight.row_bytes < 60


@pytest.mark.slow
def test_a_dictionary_counts_once() -> None:
    weight = parquet_pages.heaviest(as_file(pl.DataFrame({"srcaddr": ["x" * 100_000] * 5000})))
    assert 100_000 < weight.fixed_bytes < 110_000
    assert weight.row_bytes < 1


def test_no_rows_weigh_nothing() -> None:
    assert parquet_pages.heaviest(as_file(ROWS.clear())) == (0, 0, 0)


def number(value: int) -> bytes:
    """A number as Thrift's compact protocol has it."""
    rest, encoded = value << 1 ^ value >> 63, b""
    while rest > 127:
        rest, encoded = rest >> 7, encoded + bytes([rest & 127 | 128])
    return encoded + bytes([rest])


def struct(fields: dict[int, int | bytes]) -> bytes:
    """A struct of numbers, and of other values that are encoded with their heads."""
    encoded, last = b"", 0
    for position, value in fields.items():
        step = (position - last) << 4
        encoded += bytes([step | 6]) + number(value) if isinstance(value, int) else bytes([step | value[0]]) + value[1:]
        last = position
    return encoded + b"\x00"


def one(inner: bytes) -> bytes:
    """A list of one struct."""
    return b"\x09\x1c" + inner


def file_of_one_page(content: bytes, checksum: int, page: dict[int, int] | None = None, **claims: int) -> bytes:
    """A file of one column with one page of one row, as what it claims of itself says."""
    said = {"rows": 1, "group_rows": 1, "values": 1, "page_values": 1, "offset": 4, "children": 1, "codec": 0} | claims
    fields = {1: 0, 2: len(content), 3: len(content), 4: checksum} | (page or {})
    header = struct({**fields, 5: b"\x0c" + struct({1: said["page_values"]})})
    size = said.get("bytes", len(header) + len(content))
    meta = struct({4: said["codec"], 5: said["values"], 7: size, 9: said["offset"]})
    column = struct({3: b"\x0c" + meta})
    schema = b"\x09\x2c" + struct({5: said["children"]}) + struct({3: 0})
    footer = struct({2: schema, 3: said["rows"], 4: one(struct({1: one(column), 3: said["group_rows"]}))})
    return b"PAR1" + header + content + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def signed(checksum: int) -> int:
    return checksum - (1 << 32) if checksum >> 31 else checksum


@pytest.mark.parametrize("content", [b"abc", b"\xff" * 9], ids=["high bit clear", "high bit set"])
def test_a_page_with_a_wrong_checksum_raises_poison(content: bytes) -> None:
    right = signed(zlib.crc32(content))
    assert parquet_pages.heaviest(file_of_one_page(content, right)) == (len(content), len(content), 1)
    with pytest.raises(ValueError, match="checksum"):
        parquet_pages.heaviest(file_of_one_page(content[:-1] + b"!", right))
    assert reason_of(file_of_one_page(content, 0)) == "parquet-corrupt"


RIGHT = signed(zlib.crc32(b"abc"))
CLAIMS: list[dict[str, int]] = [
    *({what: value} for what in ("rows", "group_rows", "values", "page_values") for value in (-1, 0, 2, 1 << 61)),
    *({what: value} for what in ("offset", "bytes") for value in (-1, 0, 1 << 40)),
    *({"children": value} for value in (-1, 0, 2, 1 << 40)),
    {"codec": -1, "bytes": 3},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
def test_sizes_that_a_file_states_are_checked(claims: dict[str, int]) -> None:
    assert reason_of(file_of_one_page(b"abc", RIGHT, None, **claims)) == "parquet-corrupt"


@pytest.mark.parametrize("page", [{1: -1}, {1: 9}, {2: -1}, {2: 1 << 30}, {3: -1}, {3: 4}, {3: 1 << 30}], ids=str)
def test_sizes_that_a_page_states_are_checked(page: dict[int, int]) -> None:
    assert reason_of(file_of_one_page(b"abc", RIGHT, page)) == "parquet-corrupt"


def test_columns_that_share_bytes_raise_poison() -> None:
    page = struct({1: 0, 2: 3, 3: 3, 5: b"\x0c" + struct({1: 1})}) + b"abc"
    column = struct({3: b"\x0c" + struct({4: 0, 5: 1, 7: len(page), 9: 4})})
    schema = b"\x09\x3c" + struct({5: 2}) + struct({3: 0}) * 2
    group = struct({1: b"\x09\x2c" + column * 2, 3: 1})
    footer = struct({2: schema, 3: 1, 4: one(group)})
    data = b"PAR1" + page + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(ValueError, match="bytes"):
        parquet_pages.heaviest(data)


def test_a_footer_with_too_many_values_raises_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thrift, "MAX_VALUES", 50)
    assert reason_of(WHOLE) == "parquet-too-large"


def test_a_file_whose_pages_are_inflated_too_often_raises_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_A_TIME", 10)
    monkeypatch.setattr(parquet, "MAX_WORK_BYTES", 1 << 20)
    assert reason_of(WHOLE) == "parquet-too-large"


def as_messages(messages: list[str | None], **more: list[object]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"message": messages} | more).write_parquet(file, row_group_size=3)
    return file.getvalue()


@pytest.mark.parametrize("packed", [False, True])
def test_the_messages_of_a_parquet_file_are_its_lines(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setattr(parquet, "ROWS_AT_A_TIME", 4)
    data = as_messages([line(V2, srcport=port) for port in range(1, 11)])
    chunks = list(object_texts([gzip.compress(data) if packed else data], [DEFAULT_LOG_FORMAT]))
    assert [port for chunk in chunks for each in parse_chunk(chunk) for port in each.records["srcport"]] == [
        *range(1, 11)
    ]


def test_a_message_that_is_no_record_rejects_its_row() -> None:
    data = as_messages([line(V2), None, "a\nb", line(V2) + "\n"], timestamp=[1, 2, 3, 4])
    (chunk,) = object_texts([data], [DEFAULT_LOG_FORMAT])
    (seen,) = parse_chunk(chunk)
    assert (seen.lines, len(seen.records), [number for number, _, _ in seen.rejected.sample]) == (4, 2, [2, 3])


def test_messages_without_a_header_or_a_format_raise_poison_and_with_a_header_are_read() -> None:
    assert reason_of(as_messages([line(V2)])) == "no-header"
    (chunk,) = object_texts([as_messages([" ".join(V2), line(V2)])])
    assert [len(each.records) for each in parse_chunk(chunk)] == [1]
