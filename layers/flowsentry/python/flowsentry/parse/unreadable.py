"""Lines that are no records, set against all of a source -> whether it could be read, and what it seems to be."""

import re
from collections import Counter

from flowsentry.errors import UnreadableError
from flowsentry.frames import RejectedLines

MAX_UNREADABLE_SHARE = 0.5
"""The share of a source's lines above which the source is set aside. Higher: a source of another format passes for read
when some of its lines happen to fit. Lower: of a source of two or three lines, a single damaged one would ring; and the
damaged part of a long one, which is counted and kept as a sample, is no reason to read it again. Only more than half
says that the format is wrong, and not the lines. A source of one bad line is over it: nothing of it was read."""
NOT_COUNTED = "empty-line"
"""Lines that hold nothing: a header with empty lines below it is a file without records."""

_NAMED = "name the fields in a header above them"
_LOOKS: dict[str, tuple[re.Pattern[str], str]] = {
    "not-text": (re.compile("[^\0\ufffd]*[\0\ufffd]"), "no text in UTF-8; write it as plain text, gzip or Parquet"),
    "json": (
        re.compile(r"\s*[\[{\"]"),
        "JSON without a message or the names of fields; name the keys as AWS names them",
    ),
    "comma-separated": (re.compile(r"\S+(?:,[^,]*){3}"), f"comma-separated, without a header; {_NAMED}"),
    "tab-separated": (re.compile(r"[^\t]*(?:\t[^\t]*){3}"), f"tab-separated, without a header; {_NAMED}"),
    "semicolon-separated": (re.compile(r"\S+(?:;[^;]*){3}"), f"separated by semicolons, without a header; {_NAMED}"),
}
ANOTHER_FORMAT = (
    "another-format",
    "of another format than is stated or given for them; name theirs in log_formats (on the command line: --format)",
)
_SHOWN_CHARACTERS = 120


def unreadable(lines: int, rejected: RejectedLines) -> UnreadableError | None:
    """Why a source counts as not read, of whose lines these were rejected: its reason names what most of the sample
    look like. None where at most MAX_UNREADABLE_SHARE of the lines that hold anything is no record.
    """
    bad = rejected.total - rejected.counts[NOT_COUNTED]
    if bad <= MAX_UNREADABLE_SHARE * (lines - rejected.counts[NOT_COUNTED]):
        return None
    looks = Counter(_look(text) for _, reason, text in rejected.sample if reason != NOT_COUNTED)
    reason, what = max(looks, key=lambda look: looks[look], default=ANOTHER_FORMAT)
    told = f"{bad} of {lines} lines are no records ({_causes(rejected)}{_first(rejected)})"
    return UnreadableError(reason, f"{told}: they are {what}, and have it read again; what was good is kept")


def _look(text: str) -> tuple[str, str]:
    return next(((reason, what) for reason, (form, what) in _LOOKS.items() if form.match(text)), ANOTHER_FORMAT)


def _causes(rejected: RejectedLines) -> str:
    return ", ".join(f"{why} {count}" for why, count in rejected.counts.most_common() if why != NOT_COUNTED)


def _first(rejected: RejectedLines) -> str:
    shown = ((number, text) for number, reason, text in rejected.sample if reason != NOT_COUNTED)
    return next((f"; line {number}: {text[:_SHOWN_CHARACTERS]!r}" for number, text in shown), "")
