"""What an object holds is told by its content, whatever its name says, plain or in gzip, however its blocks are cut."""

import gzip
import io

import polars as pl
import pytest

from flowsentry.decode import object_texts
from flowsentry.frames import LogChunk, LogTable, LogText
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, flow_log, line, log_text
from tests.decode.reading import in_blocks, reason_of, texts_in

RECORDS = [line(V2, srcport=port) for port in range(1, 50)]


def as_parquet() -> bytes:
    file = io.BytesIO()
    pl.DataFrame([record.split(" ") for record in RECORDS], schema=[*V2], orient="row").write_parquet(file)
    return file.getvalue()


CONTAINERS = {
    "text with a header": flow_log(RECORDS, V2),
    "text without a header": log_text(RECORDS, V2).text,
    "json lines": "".join(f'{{"message": "{record}"}}\n' for record in RECORDS).encode(),
    "json run together": "".join(f'{{"message":"{record}"}}' for record in RECORDS).encode(),
    "parquet": as_parquet(),
}


def ports_in(chunks: list[LogChunk]) -> list[int]:
    return [port for chunk in chunks for parsed in parse_chunk(chunk) for port in parsed.records["srcport"]]


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("members", [0, 1, 3], ids=["plain", "gzip", "gzip of three members"])
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20], ids=["byte by byte", "in sevens", "whole"])
def test_every_container_yields_its_records(name: str, members: int, block_bytes: int) -> None:
    data = CONTAINERS[name]
    if members:
        size = len(data) // members + 1
        data = b"".join(gzip.compress(part, mtime=0) for part in in_blocks(data, size))
    chunks = list(object_texts(in_blocks(data, block_bytes), [DEFAULT_LOG_FORMAT]))
    assert ports_in(chunks) == list(range(1, 50))
    assert {type(chunk) for chunk in chunks} == {LogTable if name == "parquet" else LogText}


@pytest.mark.parametrize("blocks", [[], [b""], [b"", b""], [gzip.compress(b"", mtime=0)]], ids=len)
def test_an_empty_object_yields_nothing(blocks: list[bytes]) -> None:
    assert list(object_texts(blocks)) == []
    assert list(object_texts(blocks, [DEFAULT_LOG_FORMAT])) == []


@pytest.mark.parametrize("data", [b"\x1f", b"P", b"{", b"2", b"\x00", b"\xef"], ids=str)
def test_one_byte_is_no_flow_log_and_with_a_given_format_one_line(data: bytes) -> None:
    assert reason_of(data) == "no-header"
    assert texts_in(data, log_formats=[DEFAULT_LOG_FORMAT]) == [LogText(V2, data + b"\n", 1)]


def test_with_a_given_format_a_newline_alone_is_an_empty_line() -> None:
    assert texts_in(b"\n", log_formats=[DEFAULT_LOG_FORMAT]) == [LogText(V2, b"\n", 1)]


def test_an_invalid_log_format_is_refused() -> None:
    with pytest.raises(ValueError, match="log format"):
        list(object_texts([b""], ["version"]))
