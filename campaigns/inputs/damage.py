"""Damages bytes: at random, as storage and networks do, and at the offsets of sizes, as an attacker does."""

import random
from collections.abc import Sequence

NOTIFICATION = (0, 1, 0x7F, 0x80, 0xFF)
"""Boundary values of a byte, a Thrift number or a length."""


def damaged(data: bytes, chance: random.Random, resources: Sequence[int] = ()) -> bytes:
    """The same bytes with one to three changed, half of them at the given offsets; sometimes with a part removed,
    repeated or truncated.
    """
    method = chance.random()
    if method < 0.9 or len(data) < 16:  # noqa: PLR2004 - too short to cut
        return _with_bytes_changed(data, chance, resources)
    start = chance.choice(resources) if resources and chance.random() < 0.5 else chance.randrange(len(data))  # noqa: PLR2004 - half
    end = min(len(data), start + chance.choice((1, 2, 4, 100)))
    if method < 0.94:  # noqa: PLR2004 - one of three
        return data[:start] + data[end:]
    return data[:end] + data[start:] if method < 0.98 else data[:start]  # noqa: PLR2004 - one of three


def _with_bytes_changed(data: bytes, chance: random.Random, resources: Sequence[int]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        is_aimed = resources and chance.random() < 0.5  # noqa: PLR2004 - half
        position = chance.choice(resources) if is_aimed else chance.randrange(len(data))
        changed[min(position, len(data) - 1)] = _another(changed[min(position, len(data) - 1)], chance)
    return bytes(changed)


def _another(byte: int, chance: random.Random) -> int:
    return chance.choice((chance.randrange(256), byte ^ 1 << chance.randrange(8), chance.choice(NOTIFICATION)))
