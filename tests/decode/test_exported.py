"""Exports of CloudWatch Logs: lines that begin with the time of their event."""

import gzip

import pytest

from flowsentry import decode
from flowsentry.frames import LogText, MixedText
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, V5, line
from tests.decode.reading import in_blocks, texts_in

RECORDS = [line(V2, srcport=port) for port in range(1, 8)]
TIME = "2026-11-01T10:00:00.000Z "
V5_FORMAT = " ".join(f"${{{name}}}" for name in V5)


def exported(*records: str, end: str = "\n", time: str = TIME) -> bytes:
    return "".join(f"{time}{record}{end}" for record in records).encode()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("time", [TIME, "2026-11-01T10:00:00Z ", "2026-11-01T10:00:00.000Z\t"])
def test_lines_of_an_export_have_the_given_format(packed: bool, time: str) -> None:  # noqa: FBT001
    data = exported(*RECORDS, time=time)
    texts = texts_in(gzip.compress(data) if packed else data, log_formats=[DEFAULT_LOG_FORMAT])
    assert texts == [LogText(V2, "".join(f"{each}\n" for each in RECORDS).encode(), 1)]


def test_without_a_format_lines_that_match_the_default_format_are_records() -> None:
    bad = (line(V5, version=5), line(V2, version=3), line(V2, interface_id="10.0.0.1"), "some words")
    chunks = list(decode.object_texts([exported(*RECORDS, *bad)]))
    assert [type(chunk) for chunk in chunks] == [MixedText]
    (seen,) = parse_chunk(chunks[0])
    assert (seen.lines, len(seen.records)) == (11, 7)
    assert [number for number, _, _ in seen.rejected.sample] == [8, 9, 10, 11]


def test_a_line_of_an_export_without_a_time_is_kept() -> None:
    (text,) = texts_in(exported(RECORDS[0]) + f"{RECORDS[1]}\r\n".encode(), log_formats=[DEFAULT_LOG_FORMAT])
    assert text.text.split() == " ".join(RECORDS[:2]).encode().split()


def test_times_are_removed_wherever_blocks_and_chunks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "CHUNK_BYTES", 300)
    texts = texts_in(*in_blocks(exported(*RECORDS * 9), 7), log_formats=[DEFAULT_LOG_FORMAT])
    assert len(texts) > 5
    assert b"".join(text.text for text in texts).decode().splitlines() == RECORDS * 9


@pytest.mark.parametrize("log_formats", [(), (DEFAULT_LOG_FORMAT,), (DEFAULT_LOG_FORMAT, V5_FORMAT)])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_the_permission_check_of_an_export_has_no_lines(log_formats: tuple[str, ...], end: bytes) -> None:
    assert list(decode.object_texts([b"Permission Check Successful" + end], log_formats)) == []
