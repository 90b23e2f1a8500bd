"""Containers of S3 objects: plain, gzip, cut off, corrupt; always whole lines, never half a record."""

import gzip
from collections.abc import Iterable, Iterator

import pytest

from flowsentry import decode
from flowsentry.decode import object_texts
from flowsentry.errors import CutOffError, PoisonError
from flowsentry.frames import LogText
from tests.builders import V2, flow_log, line

# All over the place, so that the lines do not compress into one: a cut then falls in their middle.
PORTS = [1024 + number * 40_503 % 64_511 for number in range(20_000)]
MANY = flow_log((line(V2, srcport=port) for port in PORTS), V2)
FEW = flow_log([line(V2), line(V2)], V2)
NAMES, BODY = FEW.split(b"\n", 1)


def text_of(*blocks: bytes) -> bytes:
    return b"".join(text.text for text in object_texts(blocks))


def kept_before(blocks: Iterable[bytes], error: type[PoisonError]) -> tuple[bytes, PoisonError]:
    """The text handed out before the error, and the error."""
    kept: list[bytes] = []
    with pytest.raises(error) as raised:
        kept.extend(text.text for text in object_texts(blocks))
    return b"".join(kept), raised.value


def test_plain_text_is_its_lines_and_the_names_of_its_header() -> None:
    assert list(object_texts([FEW])) == [LogText(V2, BODY, 2)]


@pytest.mark.parametrize("data", [b"", gzip.compress(b"", mtime=0), FEW.splitlines()[0], FEW.splitlines()[0] + b"\n"])
def test_nothing_and_a_header_alone_have_no_text(data: bytes) -> None:
    assert list(object_texts([data])) == []


def test_no_blocks_at_all_have_no_text() -> None:
    assert list(object_texts([])) == []


def test_the_last_line_may_lack_its_newline() -> None:
    assert text_of(FEW.rstrip(b"\n")) == BODY


def test_a_header_may_end_with_a_carriage_return_or_a_space() -> None:
    for end in (b"\r", b" "):
        (text,) = object_texts([NAMES + end + b"\n" + BODY])
        assert text.names == V2


def test_a_header_may_spell_names_with_underscores() -> None:
    (text,) = object_texts([NAMES.replace(b"-", b"_") + b"\n" + BODY])
    assert text.names == V2


def test_a_field_that_the_table_does_not_have_is_one_of_the_names() -> None:
    (text,) = object_texts([b"version moon-phase srcport\n2 full 80\n"])
    assert text.names == ("version", "moon-phase", "srcport")


def test_a_header_of_fields_that_the_table_does_not_have_is_one_when_all_look_like_names() -> None:
    (text,) = object_texts([b"resource-type tgw-id tide\nTransitGateway tgw-1 high\n"])
    assert text.names == ("resource-type", "tgw-id", "tide")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (NAMES + b" version\n" + BODY, "bad-header"),
        (BODY, "no-header"),
        (b"\n" + FEW, "no-header"),
        (b"Phony unsupported log-format\n", "no-header"),
        (b"some words of prose\n", "no-header"),
        (b"eni-1 eni-2 10.0.0.1\n", "no-header"),
        (b"unknown-field\n", "no-header"),
        (b"PAR1\x15\x04\x15\x10PAR1", "no-header"),
        (b'{"version": 2, "srcport": 80}\n', "no-header"),
        (b"\xff\xfe\x00binary\x00", "no-header"),
        (b"\x1f", "no-header"),
        (gzip.compress(b"<html>\n<body>\n", mtime=0), "no-header"),
    ],
)
def test_what_is_no_flow_log_is_poison_with_its_reason(data: bytes, reason: str) -> None:
    kept, error = kept_before([data], PoisonError)
    assert (kept, error.reason) == (b"", reason)
    assert not isinstance(error, CutOffError)


def test_gzip_of_several_members_is_one_text() -> None:
    assert text_of(gzip.compress(FEW, mtime=0) + gzip.compress(BODY, mtime=0)) == BODY * 2


def test_zeros_after_the_last_member_are_padding() -> None:
    assert text_of(gzip.compress(FEW, mtime=0) + b"\0" * 700) == BODY
    assert text_of(gzip.compress(FEW, mtime=0), b"\0" * 700, b"\0") == BODY


def test_an_object_cut_in_the_middle_gives_every_whole_line_before_the_cut() -> None:
    data = gzip.compress(MANY, mtime=0)
    kept, error = kept_before([data[: len(data) // 2]], CutOffError)
    assert error.reason == "gzip-cut-off"
    assert MANY.split(b"\n", 1)[1].startswith(kept)
    assert kept.endswith(b"\n")
    assert 0.4 < len(kept) / len(MANY) < 0.6


def test_an_object_that_lacks_its_last_byte_gives_all_its_lines() -> None:
    kept, _ = kept_before([gzip.compress(MANY, mtime=0)[:-1]], CutOffError)
    assert kept == MANY.split(b"\n", 1)[1]


def test_an_object_cut_before_its_first_line_gives_nothing() -> None:
    assert kept_before([gzip.compress(MANY, mtime=0)[:12]], CutOffError)[0] == b""


def test_a_second_member_that_is_cut_off_leaves_the_first() -> None:
    kept, _ = kept_before([gzip.compress(FEW, mtime=0) + gzip.compress(BODY, mtime=0)[:-9]], CutOffError)
    assert kept.startswith(BODY)


def test_a_wrong_checksum_is_poison_and_no_cut() -> None:
    data = bytearray(gzip.compress(MANY, mtime=0))
    data[-6] ^= 1
    _, error = kept_before([bytes(data)], PoisonError)
    assert (error.reason, type(error)) == ("gzip-corrupt", PoisonError)


def test_a_damaged_block_is_poison_and_no_cut() -> None:
    data = bytearray(gzip.compress(MANY, mtime=0))
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    _, error = kept_before([bytes(data)], PoisonError)
    assert (error.reason, type(error)) == ("gzip-corrupt", PoisonError)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(decode, "CHUNK_BYTES", 2000)
    return 2000


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("data", [MANY, gzip.compress(MANY, mtime=0)], ids=["plain", "gzip"])
def test_a_large_object_comes_in_bounded_chunks_of_whole_lines_that_are_numbered(data: bytes) -> None:
    texts = list(object_texts(_blocks(data, 999)))
    assert b"".join(text.text for text in texts) == MANY.split(b"\n", 1)[1]
    assert max(len(text.text) for text in texts) < 4000
    lines = 2
    for text in texts:
        assert (text.first_line, text.text[-1:]) == (lines, b"\n")
        lines += text.text.count(b"\n")


@pytest.mark.usefixtures("small_chunks")
def test_a_line_larger_than_a_chunk_does_not_grow_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "MAX_LINE_BYTES", 1000)
    data = FEW + b"x" * 500_000 + b"\n" + BODY
    texts = list(object_texts(_blocks(data, 700)))
    assert max(len(text.text) for text in texts) < 6000
    long = [each for text in texts for each in text.text.split(b"\n") if each.startswith(b"x")]
    assert len(long) == 1
    assert len(long[0]) > 1000
    assert b"".join(text.text for text in texts).replace(long[0] + b"\n", b"") == BODY * 2


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))
