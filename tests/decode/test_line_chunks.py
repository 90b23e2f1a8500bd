"""Text in chunks: whole lines, numbered, bounded whatever the text is."""

import gzip

import pytest

from flowsentry import decode
from flowsentry.decode import line_chunks
from tests.builders import V2, flow_log, line
from tests.decode.reading import in_blocks, text_of, texts_in

MANY = flow_log((line(V2, srcport=port) for port in range(1, 20_000)), V2)
FEW = flow_log([line(V2), line(V2)], V2)
BODY = FEW.split(b"\n", 1)[1]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "CHUNK_BYTES", 2000)


def test_the_last_line_may_lack_its_newline() -> None:
    assert text_of(FEW.rstrip(b"\n")) == BODY


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("data", [MANY, gzip.compress(MANY, mtime=0)], ids=["plain", "gzip"])
def test_a_large_object_yields_bounded_chunks_of_whole_numbered_lines(data: bytes) -> None:
    texts = texts_in(*in_blocks(data, 999))
    assert b"".join(text.text for text in texts) == MANY.split(b"\n", 1)[1]
    assert max(len(text.text) for text in texts) < 4000
    lines = 2
    for text in texts:
        assert (text.first_line, text.text[-1:]) == (lines, b"\n")
        lines += text.text.count(b"\n")


@pytest.mark.usefixtures("small_chunks")
def test_a_line_larger_than_a_chunk_is_cut_to_just_above_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_chunks, "MAX_LINE_BYTES", 1000)
    texts = texts_in(*in_blocks(FEW + b"x" * 500_000 + b"\n" + BODY, 700))
    assert max(len(text.text) for text in texts) < 6000
    long = [each for text in texts for each in text.text.split(b"\n") if each.startswith(b"x")]
    assert len(long) == 1
    assert len(long[0]) > 1000
    assert b"".join(text.text for text in texts).replace(long[0] + b"\n", b"") == BODY * 2


def test_a_line_that_is_cut_is_above_the_limit_even_where_nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_chunks, "MAX_LINE_BYTES", 1000)
    assert [*line_chunks.in_chunks([b"x" * 3000, b"\n"], 2000)] == [b"x" * 1001 + b"\n"]
