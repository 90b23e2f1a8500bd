"""Chunks of text: their size, and that their pieces are not held beside them."""

from typing import Self

import pytest

from flowsentry.decode import line_chunks
from flowsentry.decode.line_chunks import in_chunks

LINE = b"ten bytes\n"


class Piece(bytes):
    """Counts the pieces that are held."""

    held = 0

    def __new__(cls, *args: bytes) -> Self:
        cls.held += 1
        return super().__new__(cls, *args)

    def __del__(self) -> None:
        Piece.held -= 1


def test_chunks_after_the_large_ones_are_half_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_chunks, "LARGE_CHUNKS", 2)
    sizes = [len(chunk) for chunk in in_chunks([LINE] * 14, 40)]
    assert sizes == [40, 40, 20, 20, 20]


def test_chunks_stay_half_as_large_after_a_line_longer_than_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_chunks, "LARGE_CHUNKS", 2)
    long_line = [b"x" * 10] * 9 + [b"\n"]
    sizes = [len(chunk) for chunk in in_chunks([LINE] * 8 + long_line + [LINE] * 6, 40, line_bytes=100)]
    assert sizes[-3:] == [20, 20, 20]


def test_the_pieces_of_a_chunk_are_not_held_beside_it() -> None:
    chunks = in_chunks((Piece(LINE) for _ in range(20)), 50)
    assert len(next(chunks)) == 50
    assert Piece.held == 1
