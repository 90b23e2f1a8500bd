"""What content begins with: encodings by their mark, and what is set aside by its name."""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator

import pytest

from flowsentry.decode import object_texts
from flowsentry.errors import CutOffError, PoisonError
from flowsentry.frames import LogText
from flowsentry.parse import parse
from flowsentry.records.fields import DEFAULT_LOG_FORMAT
from tests.builders import V2, flow_log, line
from tests.decode.reading import in_blocks, kept_before, reason_of, texts_in

PLAIN = flow_log([line(V2, srcport=port) for port in range(1, 30)], V2)
BODY = PLAIN.split(b"\n", 1)[1]
ENCODINGS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def zipped(name: str = "flows.log") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, PLAIN)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_text_with_a_byte_order_mark_is_read_in_its_encoding(encoding: str, block_bytes: int, packed: bool) -> None:  # noqa: FBT001
    data = ENCODINGS[encoding] + PLAIN.decode().encode(encoding)
    texts = texts_in(*in_blocks(gzip.compress(data) if packed else data, block_bytes))
    assert texts == [LogText(V2, BODY, 2)]


@pytest.mark.parametrize("end", [b"\x00", b"\x00\xd8a\x00"], ids=["half a letter", "half a pair"])
def test_bytes_that_are_not_utf_16_reject_one_line(end: bytes) -> None:
    (text,) = texts_in(codecs.BOM_UTF16_LE + PLAIN.decode().encode("utf-16-le") + end)
    assert parse(text).rejected.counts == {"not-utf-8": 1}


@pytest.mark.parametrize("log_formats", [(), (DEFAULT_LOG_FORMAT,)], ids=["no format", "a format"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped(), "zip"),
        (bz2.compress(PLAIN), "bzip2"),
        (lzma.compress(PLAIN), "xz"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd"),
        (b"\xff\x06\x00\x00sNaPpY", "snappy"),
        (b"ORC\x11", "orc"),
        (b"Obj\x01\x04", "avro"),
        (PLAIN.decode().encode("utf-16-le"), "utf-16"),
        (PLAIN.decode().encode("utf-16-be"), "utf-16"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_unsupported_container_raises_poison_with_its_name(
    data: bytes,
    reason: str,
    packed: bool,  # noqa: FBT001
    log_formats: tuple[str, ...],
) -> None:
    assert reason_of(gzip.compress(data) if packed else data, log_formats) == reason


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("block_bytes", [1, 64, 1 << 20])
def test_gzip_within_gzip_is_read(depth: int, block_bytes: int) -> None:
    data = PLAIN
    for _ in range(depth):
        half = len(data) // 2
        data = gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)
    assert texts_in(*in_blocks(data, block_bytes)) == [LogText(V2, BODY, 2)]


@pytest.mark.parametrize("depth", [4, 1000])
def test_gzip_within_too_many_layers_raises_poison(depth: int) -> None:
    data = PLAIN
    for _ in range(depth):
        data = gzip.compress(data, mtime=0)
    assert reason_of(data, [DEFAULT_LOG_FORMAT]) == "gzip-within-gzip"


def test_gzip_within_gzip_that_inflates_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsentry.decode.gzip_stream.MAX_NESTED_BYTES", 100_000)
    monkeypatch.setattr("flowsentry.decode.CHUNK_BYTES", 40_000)
    data = gzip.compress(gzip.compress(PLAIN + BODY * 1000, mtime=0), mtime=0)
    kept, error = kept_before(in_blocks(data, 100), CutOffError)
    assert error.reason == "gzip-within-gzip"
    assert BODY in kept


def test_gzip_within_gzip_that_is_cut_off_keeps_its_whole_lines() -> None:
    data = gzip.compress(gzip.compress(PLAIN * 20, mtime=0), mtime=0)
    kept, error = kept_before([data[:-40]], CutOffError)
    assert error.reason == "gzip-cut-off"
    assert kept.endswith(b"\n")


@pytest.mark.parametrize("between", [b"", b"\n", b"\0" * 600], ids=["nothing", "a delimiter", "padding"])
def test_padding_between_and_after_members_is_skipped(between: bytes) -> None:
    first, second = gzip.compress(PLAIN, mtime=0), gzip.compress(BODY, mtime=0)
    for block_bytes in (1, 37, 1 << 20):
        data = in_blocks(first + between + second + between, block_bytes)
        assert texts_in(*data) == [LogText(V2, BODY * 2, 2)]


def test_a_line_without_end_is_refused_before_all_of_it_is_read() -> None:
    def blocks() -> Iterator[bytes]:
        yield bytes(100_000)
        raise AssertionError("read on")

    with pytest.raises(PoisonError, match="not a header"):
        list(object_texts(blocks()))
