"""Damaged AWS documents: each field with each wrong JSON type, missing, twice, too long, too deep, not Unicode."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

SURROGATE, NULL, LONG = "\ud800", "a\x00b", "x" * 300_000
DEEP = 5_000
WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63, 10**400, 1.5, "", " ", "-", SURROGATE, NULL, LONG),
    *([], {}, [[]], [None], {"": None}, ["x"], {"S": 1}),
)
"""Invalid values of a field."""
RAW = ("NaN", "Infinity", "-0", "1e999", "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "'", "")
"""Invalid values as raw text that Python's json does not write; the last two are not JSON."""
KEYS = (
    *("", " ", "/", "..", "../../etc/passwd", "a//b", "a b+c%2Bd", "%", "%zz", "%00", "%ff%fe", "\n", "\ud800"),
    *("ключ.log.gz", "日本.log.gz", "a" * 1_024, "a" * 4_000, "é" * 600, "AWSLogs/", "AWSLogs//vpcflowlogs/"),
    "AWSLogs/123456789012/vpcflowlogs/eu-central-1/2026/13/45/x.log.gz",
    "AWSLogs/123456789012/vpcflowlogs/eu-central-1/2026/11/03/123456789012_vpcflowlogs_eu_fl-1_99999999T9999Z_x.log.gz",
    "AWSLogs/aws-account-id=/aws-service=vpcflowlogs/year=x/a.log.gz",
)
"""Invalid and unusual object keys."""

Path = tuple[str | int, ...]


def paths(document: Any, at: Path = ()) -> Iterator[Path]:
    """The path to each value in a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for name, value in items:
        yield (*at, name)
        yield from paths(value, (*at, name))


def damaged(document: Any, chance: Random) -> Iterator[str]:
    """The document as JSON with one value damaged: every value by every method, in random order."""
    methods = [(path, method) for path in paths(document) for method in range(len(WRONG) + len(RAW) + 2)]
    chance.shuffle(methods)
    for path, method in methods:
        yield _damaged(document, path, method)


def _damaged(document: Any, path: Path, method: int) -> str:
    mark = "\x01here\x01"
    if method < len(WRONG):
        return json.dumps(_with(document, path, WRONG[method]))
    quoted = json.dumps(mark)
    if method < len(WRONG) + len(RAW):
        return json.dumps(_with(document, path, mark)).replace(quoted, RAW[method - len(WRONG)])
    if method == len(WRONG) + len(RAW):
        return json.dumps(_without(document, path))
    name = json.dumps(path[-1])
    return json.dumps(_with(document, path, mark)).replace(quoted, f'1, {name}: "twice"')


def _with(document: Any, path: Path, value: Any) -> Any:
    copy: Any = json.loads(json.dumps(document))
    within = copy
    for name in path[:-1]:
        within = within[name]
    within[path[-1]] = value
    return copy


def _without(document: Any, path: Path) -> Any:
    copy: Any = json.loads(json.dumps(document))
    within = copy
    for name in path[:-1]:
        within = within[name]
    del within[path[-1]]
    return copy


def mutated(data: bytes, chance: Random) -> bytes:
    """The bytes truncated, or with up to eight of them changed, removed or repeated."""
    method = chance.randrange(6)
    if method == 0:
        return data[: chance.randrange(len(data))]
    if method == 1:
        return chance.randbytes(chance.randrange(200))
    held = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(held))
        if method == 2:  # noqa: PLR2004 - the methods have no names
            held[at : at + 1] = b""
        elif method == 3:  # noqa: PLR2004
            held[at:at] = held[at : at + chance.randint(1, 64)]
        else:
            held[at] = chance.randrange(256)
        if not held:
            break
    return bytes(held)
