"""Damaged text, CSV, JSON, exports and envelopes, plain and gzip: each is read or raises PoisonError, and no valid line
beside a damaged one is lost.
"""

import gzip
import json
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from campaigns import worker
from campaigns.inputs.damage import damaged
from campaigns.report import Report
from flowsentry.decode import object_texts, subscription, subscription_text
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import DEFAULT_LOG_FORMAT, DEFAULT_NAMES

LINES = 40
GRAMMAR = (
    *(bytes([sign]) for sign in b'"{}[],:\\ \t\r|;-%'),
    b"\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xf0\x9f\x98\x80",
)
WORDS = (b"null", b"1e999", b"-0", b"\\ud800", b'"message":', b'"logEvents":[', b"version account-id", b"Z ", b'"":{}')
"""Tokens with a meaning in one of the formats."""


def run(seconds: float, seed: int) -> Report:
    """The report of damaged texts for about `seconds`. A failure is a process that died or exceeded its time or memory,
    an unexpected exception, or a valid line that was lost.
    """
    return worker.run("text_bytes", seconds, seed)


def try_one(chance: random.Random, path: Path) -> str:
    """The result of one damaged text: `read` or the reason."""
    return chance.choice((_try_line, _try_whole, _try_whole, _try_packed, _try_payload))(chance, path)


def _try_line(chance: random.Random, path: Path) -> str:
    """One line is damaged without adding a line break: all others must be records."""
    header, *lines = chance.choice(_of_lines())
    position = chance.randrange(len(lines))
    lines[position] = _changed(lines[position], chance).replace(b"\n", b" ").replace(b"\r", b" ")
    data = b"\n".join([header, *lines, b""])
    path.write_bytes(data)
    kept = _records_in(data)
    assert kept >= LINES - 1, f"{LINES - 1 - kept} good lines were lost"  # noqa: S101 - what is looked for
    return "read"


def _try_whole(chance: random.Random, path: Path) -> str:
    data = _changed(chance.choice(_texts()), chance)
    path.write_bytes(data)
    formats = chance.choice(((), (DEFAULT_LOG_FORMAT,)))
    return worker.outcome(lambda: _records_in(data, formats))


def _try_packed(chance: random.Random, path: Path) -> str:
    """Damages gzip data with one member, with several, or compressed twice."""
    text = chance.choice(_texts())
    half = len(text) // 2
    one, two = (gzip.compress(part, mtime=0) for part in (text[:half], text[half:]))
    packed = chance.choice((one + two, gzip.compress(text, mtime=0), gzip.compress(gzip.compress(text)), one + two * 3))
    data = damaged(packed, chance, range(20))
    path.write_bytes(data)
    return worker.outcome(lambda: _records_in(data, (DEFAULT_LOG_FORMAT,)))


def _try_payload(chance: random.Random, path: Path) -> str:
    """Damages a subscription payload: its JSON or its gzip data."""
    text = _changed(_envelope(), chance)
    packed = gzip.compress(text, mtime=0)
    data = damaged(packed, chance) if chance.randrange(4) == 0 else packed
    path.write_bytes(data)
    return worker.outcome(lambda: _records_of(subscription_text(subscription(data), chance.choice(_FORMATS))))


_FORMATS: Sequence[Sequence[str]] = ((DEFAULT_LOG_FORMAT,), (DEFAULT_LOG_FORMAT, "${version} ${srcaddr}"))


def _records_in(data: bytes, formats: Sequence[str] = ()) -> int:
    return sum(_records_of(chunk) for chunk in object_texts([data], formats))


def _records_of(chunk: object) -> int:
    parsed = list(parse_chunk(chunk))  # type: ignore[arg-type]
    for each in parsed:
        assert len(each.records) + each.rejected.total == each.lines, "lines are unaccounted for"  # noqa: S101
    return sum(len(each.records) for each in parsed)


def _changed(text: bytes, chance: random.Random) -> bytes:
    """The text with bytes changed, tokens of its grammar inserted, or a part repeated."""
    method = chance.randrange(4)
    if method == 0:
        return damaged(text, chance)
    position = chance.randrange(len(text) + 1)
    if method == 1:
        return text[:position] + chance.choice(GRAMMAR) * chance.choice((1, 1, 2, 50, 5000)) + text[position:]
    if method == 2:  # noqa: PLR2004 - one of four
        return text[:position] + chance.choice(WORDS) + text[position + chance.choice((0, 4)) :]
    end = min(len(text), position + chance.randrange(1, 300))
    return text[:position] + text[position:end] * chance.choice((2, 20)) + text[end:]


def _lines() -> list[str]:
    return [
        f"2 123456789012 eni-0a1b2c3d4e5f60718 10.0.0.{number} 10.0.1.1 {40_000 + number} 443 6 10 840 "
        f"1700000000 1700000060 ACCEPT OK"
        for number in range(LINES)
    ]


@lru_cache(maxsize=1)
def _of_lines() -> Sequence[Sequence[bytes]]:
    """Texts with a header and one record per line."""
    header, records = " ".join(DEFAULT_NAMES), _lines()
    separated = [[each.replace(" ", sign).encode() for each in (header, *records)] for sign in (" ", ",", "\t", ";")]
    keyed = [json.dumps(dict(zip(DEFAULT_NAMES, each.split(), strict=True))).encode() for each in records]
    return [*separated, [keyed[0], *keyed]]


@lru_cache(maxsize=1)
def _texts() -> Sequence[bytes]:
    records = _lines()
    objects = [dict(zip(DEFAULT_NAMES, each.split(), strict=True)) for each in records]
    messages = [json.dumps({"message": each}) for each in records]
    lines = ["\n".join(part) + "\n" for part in (messages, [f"2026-11-03T04:05:06.789Z {each}" for each in records])]
    return [
        *(b"\n".join([*text, b""]) for text in _of_lines()),
        *(text.encode() for text in lines),
        "".join(messages).encode(),
        json.dumps(objects).encode(),
        json.dumps(objects, indent=2).encode(),
        _envelope() * 2,
        lines[0].encode("utf-16"),
        ("\ufeff" + "\r\n".join([" ".join(DEFAULT_NAMES), *records])).encode(),
    ]


def _envelope() -> bytes:
    events = [{"id": str(n), "timestamp": 1, "message": line} for n, line in enumerate(_lines())]
    named = {"owner": "123456789012", "logGroup": "flows", "logStream": "eni-all", "subscriptionFilters": ["all"]}
    return json.dumps({"messageType": "DATA_MESSAGE", **named, "logEvents": events}).encode()
