"""Rewrites JSON of any layout (run together, in an array, or each object over several lines) to one object a line.

ijson and similar parsers yield one value at a time, in Python, some hundred times as slowly; polars reads an array only
as a whole. A JSON string can't contain a line break, and can contain `}{"` only at its end: so bytes can be replaced
without parsing.
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
"""Envelopes of CloudWatch Logs hold arrays of objects with other keys."""
_LINE_ENDS = (b"{", b"[", b",")
"""How a line ends that is not the last line of its object."""
_MOST_BETWEEN_BYTES = 64 << 10
"""Bytes of white space and brackets between two objects. More: more is held until the next piece. Less: objects with
wide indents are not separated."""


def one_object_per_line(start: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same objects, each on a line. `start` are the first bytes of the pieces, which show the layout.

    Wrong for an array whose objects hold arrays of objects and are no envelopes: they are split, and their lines are
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
    """The objects of arrays, or of several lines, each on a line. The end of a piece from its last `}` on is held back:
    if the source is cut off after it, that brace ends a whole object.
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
