"""Bytes, times and dollars as words."""

from datetime import UTC, datetime

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
STEP = 1_000
WHOLE = 100
"""From this amount on, no decimals are shown."""


def in_bytes(amount: float) -> str:
    """`512 B`, `1.3 kB`, `240 GB`: three digits, decimal units."""
    size = float(amount)
    for unit in UNITS:
        if size < STEP or unit == UNITS[-1]:
            break
        size /= STEP
    return f"{size:.0f} {unit}" if unit == UNITS[0] or size >= WHOLE else f"{size:.1f} {unit}"


def in_dollars(amount: float) -> str:
    """`$1,234.50`; `under $0.01` for less that is not nothing."""
    return "under $0.01" if 0 < amount < 0.01 else f"${amount:,.2f}"  # noqa: PLR2004 - a cent


def in_minutes(second: int) -> str:
    """`2026-11-03 02:14`, in UTC; the number itself if it is no valid time."""
    try:
        return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return str(second)
