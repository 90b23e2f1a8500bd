"""Untrusted text (tags, names, descriptions) → text that is safe in a message; numbers and times → words."""

import re
from datetime import UTC, datetime

MAX_NAME_LETTERS = 80
"""Of a single name. Longer: a name that somebody chose can push the facts out of sight. Shorter: long ids are cut."""

_LINK = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,10})://")
_WEB_HOST = re.compile(r"(?i)\bwww\.")


def plain(text: object, limit: int = MAX_NAME_LETTERS) -> str:
    """One line of printable text, at most `limit` letters, without a clickable link.

    Whoever may tag an instance may write into mails. So there are no control characters, no line breaks that could
    forge a line, no characters that change the direction of text, and no links.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in str(text))
    unlinked = _WEB_HOST.sub("www[.]", _LINK.sub(r"\1[:]//", " ".join(printable.split())))
    return unlinked if len(unlinked) <= limit else f"{unlinked[: limit - 3]}..."


def ascii_line(text: str, limit: int) -> str:
    """One line of printable ASCII, which SNS requires of subjects; other characters become `?`."""
    return plain(plain(text, 10 * limit).encode("ascii", errors="replace").decode(), limit)


def counted(number: int, noun: str) -> str:
    """`1 port`, `24 ports`, `12,000 addresses`."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def moment(seconds: int) -> str:
    """`2026-11-03 02:14:05 UTC`; the number itself if it is no valid time."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def period(first: int, last: int) -> str:
    """`2026-11-03 02:14:05 UTC to 2026-11-03 02:18:44 UTC (4 min 39 s)`, or one time if both are the same."""
    return moment(first) if last <= first else f"{moment(first)} to {moment(last)} ({duration(last - first)})"


def duration(seconds: int) -> str:
    """The two largest units: `39 s`, `4 min 39 s`, `2 h 5 min`, `3 d 2 h`."""
    sizes = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = [
        (seconds // size % (per // size), unit)
        for (unit, size), per in zip(sizes, (10**12, 86_400, 3_600, 60), strict=True)
    ]
    shown = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(shown[:2]) or "0 s"
