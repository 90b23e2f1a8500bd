"""Chunks of whole lines from pieces of text that are cut anywhere."""

from collections.abc import Iterable, Iterator, Sequence

from flowsentry.errors import CutOffError
from flowsentry.frames import MAX_LINE_BYTES

MAX_LINES = 1 << 20
"""Lines of a chunk, seven times as many as there are records in CHUNK_BYTES. More: memory for lines that are no
records, some 150 bytes for each empty line. Fewer: short records come in more chunks than necessary."""
LARGE_CHUNKS = 12
"""Chunks of full size, of two million records. Those after them are half as large, since by then what the source adds
up to takes as much memory as half a chunk with all that is made of it. More: more memory. Fewer: a million records take
a tenth longer."""


def in_chunks(pieces: Iterable[bytes], chunk_bytes: int, line_bytes: int = 0) -> Iterator[bytes]:
    """The same text in chunks of about `chunk_bytes`, after LARGE_CHUNKS of half of it, that end with a newline. After
    the last newline of a source that was cut off, the remainder is left out, since half a record is invalid. Each byte
    is copied once: with isal, copies took longer than inflating. Lines of up to `line_bytes` stay whole, even where
    they are longer than a chunk.
    """
    held: list[bytes] = []
    size = chunks = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= chunk_bytes:
                chunk, rest = _split_at_last_line(held, max(chunk_bytes, line_bytes))
                held, size = [rest], len(rest)  # first, so that the pieces are not held beside their chunk
                if chunk:
                    yield chunk
                    chunks += 1
                    if chunks == LARGE_CHUNKS:
                        chunk_bytes //= 2
    except CutOffError:
        chunk, _ = _split_at_last_line(held, max(chunk_bytes, line_bytes))
        if chunk:
            yield chunk
        raise
    if rest := b"".join(held):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _split_at_last_line(held: Sequence[bytes], line_bytes: int) -> tuple[bytes, bytes]:
    """The whole lines of the pieces, and the remainder. A line longer than `line_bytes` is cut to one byte more than
    MAX_LINE_BYTES, so that memory is bounded and parse still rejects it.
    """
    *before, last = held or [b""]
    end = last.rfind(b"\n") + 1
    if not end and any(b"\n" in piece for piece in before):
        whole = b"".join(held)
        end = whole.rfind(b"\n") + 1
        return whole[:end], whole[end:]
    if not end:
        line = b"".join(held)
        return b"", line if len(line) <= line_bytes else line[: MAX_LINE_BYTES + 1]
    return b"".join((*before, memoryview(last)[:end])), last[end:]


def in_parts(text: bytes, lines: int, most_lines: int = MAX_LINES) -> Iterator[bytes]:
    """The same lines in parts of at most `most_lines`; `lines` is their number. No part for no lines."""
    if lines <= max(most_lines, 1):
        yield from [text] if text else []
        return
    middle = text.rfind(b"\n", 0, len(text) // 2) + 1 or text.find(b"\n") + 1
    before = text.count(b"\n", 0, middle)
    yield from in_parts(text[:middle], before, most_lines)
    yield from in_parts(text[middle:], lines - before, most_lines)
