"""JSON in whatever layout -> one object a line: run together, in an array, or each over several lines.

ijson and the like hand out one value at a time, in Python, some hundred times as slowly; polars reads an array only as
a whole. A line break can't be inside a JSON string, nor can `}{"` but where a string ends with it: so bytes can be
replaced without knowing what they are part of.
"""

import re
from collections.abc import Iterable, Iterator

from flowsentry.errors import CutOffError

JSON_STARTS = (b"{", b"[")
_RUN_TOGETHER, _APART = b'}{"', b'}\n{"'
_BREAKS = bytes.maketrans(b"\r\n", b"  ")
_BETWEEN = re.compile(rb'\}\s*\{(?=\s*")')
_BETWEEN_IN_ARRAYS = re.compile(rb'\}[\s,\[\]]*\{(?=\s*")')
_ENVELOPE_KEYS = rb'"(?:messageType|owner|logGroup|logStream|subscriptionFilters|logEvents|policyLevel)"\s*:'
_ENVELOPE = re.compile(rb"\[\s*\{(?=\s*" + _ENVELOPE_KEYS + rb')(?=[^\0]*"(?:messageType|logEvents)"\s*:)')
_BETWEEN_ENVELOPES = re.compile(rb"\}[\s,\[\]]*\{(?=\s*" + _ENVELOPE_KEYS + rb")")
"""Envelopes of CloudWatch Logs hold arrays of objects, whose keys are others."""
_LINE_ENDS = (b"{", b"[", b",")
"""What a line ends with that is not the last of its object."""
_MOST_BETWEEN_BYTES = 64 << 10
"""What may stand between two objects. More: held until the next piece. Less: wide indents are not seen through."""


def one_object_per_line(start: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same objects, each on a line. `start` is what the pieces begin with, and tells their layout.

    Wrong for an array whose objects hold arrays of objects, and are no envelopes: these come apart, and their lines are
    rejected.
    """
    if start.startswith(b"["):
        return _documents(pieces, _BETWEEN_ENVELOPES if _ENVELOPE.match(start) else _BETWEEN_IN_ARRAYS)
    if start.partition(b"\n")[0].rstrip().endswith(_LINE_ENDS):
        return _documents(pieces, _BETWEEN)
    return _run_together(pieces)


def _run_together(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes with a line break between objects that run together."""
    held = b""
    try:
        for piece in pieces:
            whole = (held + piece).replace(_RUN_TOGETHER, _APART)
            end = max(0, len(whole) - len(_RUN_TOGETHER) + 1)
            yield whole[:end]
            held = whole[end:]
    except CutOffError:
        yield held
        raise
    yield held


def _documents(pieces: Iterable[bytes], between: re.Pattern[bytes]) -> Iterator[bytes]:
    """The objects of arrays, or of several lines, each on a line. From the last `}` on, a piece is held: it ends a
    whole object where the source is cut off behind it.
    """
    held, is_first = b"", True
    try:
        for piece in pieces:
            whole = between.sub(b"}\n{", held + piece.translate(_BREAKS))
            if is_first:
                whole = whole.lstrip(b"[ \t")
                is_first = not whole
            end = max(whole.rfind(b"}"), 0)
            if len(whole) - end > _MOST_BETWEEN_BYTES:
                end = len(whole)
            held = whole[end:]
            yield whole[:end]
    except CutOffError:
        yield b"}\n" if held.startswith(b"}") else b""
        raise
    yield held.rstrip(b"], \t")
