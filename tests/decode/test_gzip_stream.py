"""gzip: several members, padding, cut off, corrupt; always whole lines, never half a record."""

import gzip

from flowsentry.errors import CutOffError, PoisonError
from tests.builders import V2, flow_log, line
from tests.decode.reading import kept_before, text_of

# All over the place, so that the lines do not compress into one: a cut then falls in their middle.
PORTS = [1024 + number * 40_503 % 64_511 for number in range(20_000)]
MANY = flow_log((line(V2, srcport=port) for port in PORTS), V2)
FEW = flow_log([line(V2), line(V2)], V2)
BODY = FEW.split(b"\n", 1)[1]


def test_gzip_with_several_members_is_one_text() -> None:
    assert text_of(gzip.compress(FEW, mtime=0) + gzip.compress(BODY, mtime=0)) == BODY * 2


def test_a_line_may_continue_in_the_next_member() -> None:
    assert text_of(gzip.compress(FEW[:-30], mtime=0) + gzip.compress(FEW[-30:], mtime=0)) == BODY


def test_zeros_after_the_last_member_are_padding() -> None:
    assert text_of(gzip.compress(FEW, mtime=0) + b"\0" * 700) == BODY
    assert text_of(gzip.compress(FEW, mtime=0), b"\0" * 700, b"\0") == BODY


def test_an_object_that_is_cut_off_yields_every_whole_line_before_the_cut() -> None:
    data = gzip.compress(MANY, mtime=0)
    kept, error = kept_before([data[: len(data) // 2]], CutOffError)
    assert error.reason == "gzip-cut-off"
    assert MANY.split(b"\n", 1)[1].startswith(kept)
    assert kept.endswith(b"\n")
    assert 0.4 < len(kept) / len(MANY) < 0.6


def test_an_object_without_its_last_byte_yields_all_lines() -> None:
    kept, _ = kept_before([gzip.compress(MANY, mtime=0)[:-1]], CutOffError)
    assert kept == MANY.split(b"\n", 1)[1]


def test_an_object_cut_before_its_first_line_yields_nothing() -> None:
    assert kept_before([gzip.compress(MANY, mtime=0)[:12]], CutOffError)[0] == b""


def test_a_second_member_that_is_cut_off_keeps_the_first() -> None:
    kept, _ = kept_before([gzip.compress(FEW, mtime=0) + gzip.compress(BODY, mtime=0)[:-9]], CutOffError)
    assert kept.startswith(BODY)


def test_a_wrong_checksum_raises_poison_not_cut_off() -> None:
    data = bytearray(gzip.compress(MANY, mtime=0))
    data[-6] ^= 1
    _, error = kept_before([bytes(data)], PoisonError)
    assert (error.reason, type(error)) == ("gzip-corrupt", PoisonError)


def test_a_damaged_block_raises_poison_not_cut_off() -> None:
    data = bytearray(gzip.compress(MANY, mtime=0))
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    _, error = kept_before([bytes(data)], PoisonError)
    assert (error.reason, type(error)) == ("gzip-corrupt", PoisonError)
