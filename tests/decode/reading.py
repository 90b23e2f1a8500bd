"""What object_texts hands out of some bytes."""

from collections.abc import Iterable, Iterator, Sequence

import pytest

from flowsentry.decode import object_texts
from flowsentry.errors import PoisonError
from flowsentry.frames import LogText


def texts_in(*blocks: bytes, log_formats: Sequence[str] = ()) -> list[LogText]:
    """The chunks, all of which are of one format each."""
    chunks = list(object_texts(blocks, log_formats))
    texts = [chunk for chunk in chunks if isinstance(chunk, LogText)]
    assert len(texts) == len(chunks)
    return texts


def text_of(*blocks: bytes, log_formats: Sequence[str] = ()) -> bytes:
    return b"".join(text.text for text in texts_in(*blocks, log_formats=log_formats))


def kept_before(blocks: Iterable[bytes], error: type[PoisonError]) -> tuple[bytes, PoisonError]:
    """The text handed out before the error, and the error."""
    kept: list[bytes] = []
    with pytest.raises(error) as raised:
        kept.extend(chunk.text for chunk in object_texts(blocks) if isinstance(chunk, LogText))
    return b"".join(kept), raised.value


def reason_of(data: bytes, log_formats: Sequence[str] = ()) -> str:
    """Why these bytes are poison."""
    with pytest.raises(PoisonError) as poison:
        list(object_texts([data], log_formats))
    return poison.value.reason


def in_blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))
