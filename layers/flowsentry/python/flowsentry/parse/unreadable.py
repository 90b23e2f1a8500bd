"""Decides whether a source was unreadable, from its share of rejected lines, and what it seems to be."""

import re
from collections import Counter

from flowsentry.errors import UnreadableError
from flowsentry.frames import RejectedLines

MAX_UNREADABLE_SHARE = 0.5
"""The share of invalid lines above which a source counts as unreadable. Higher: a source of another format counts as
read when some of its lines happen to match. Lower: a single damaged line in a source of two or three lines would raise
an alarm; and a damaged part of a long source, which is counted and sampled, is no reason to read it again. Only more
than half shows that the format is wrong, rather than the lines. A source of one invalid line is above it: nothing of it
was read."""
NOT_COUNTED = "empty-line"
"""Empty lines do not count: a header with empty lines below it is a file without records."""

_NAMED = "name the fields in a header above them"
_LOOKS: dict[str, tuple[re.Pattern[str], str]] = {
    "not-text": (re.compile("[^\0\ufffd]*[\0\ufffd]"), "not text in UTF-8; write it as plain text, gzip or Parquet"),
    "json": (
        re.compile(r"\s*[\[{\"]"),
        "JSON without a message and without field names as keys; use AWS's names of the fields as keys",
    ),
    "comma-separated": (re.compile(r"\S+(?:,[^,]*){3}"), f"comma-separated, without a header; {_NAMED}"),
    "tab-separated": (re.compile(r"[^\t]*(?:\t[^\t]*){3}"), f"tab-separated, without a header; {_NAMED}"),
    "semicolon-separated": (re.compile(r"\S+(?:;[^;]*){3}"), f"separated by semicolons, without a header; {_NAMED}"),
}
ANOTHER_FORMAT = (
    "another-format",
    "in another format than the stated one; add their format to log_formats (on the command line: --format)",
)
_SHOWN_CHARACTERS = 120


def unreadable(lines: int, rejected: RejectedLines) -> UnreadableError | None:
    """The error of an unreadable source, whose reason names what most lines of the sample look like. None where at most
    MAX_UNREADABLE_SHARE of the lines that are not empty are invalid.
    """
    bad = rejected.total - rejected.counts[NOT_COUNTED]
    if bad <= MAX_UNREADABLE_SHARE * (lines - rejected.counts[NOT_COUNTED]):
        return None
    looks = Counter(_look(text) for _, reason, text in rejected.sample if reason != NOT_COUNTED)
    reason, what = max(looks, key=lambda look: looks[look], default=ANOTHER_FORMAT)
    found = f"{bad} of {lines} lines are not valid records ({_causes(rejected)}{_first(rejected)})"
    return UnreadableError(reason, f"{found}: they are {what}. The valid records were processed")


def _look(text: str) -> tuple[str, str]:
    return next(((reason, what) for reason, (form, what) in _LOOKS.items() if form.match(text)), ANOTHER_FORMAT)


def _causes(rejected: RejectedLines) -> str:
    ordered = sorted(rejected.counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{why} {count}" for why, count in ordered if why != NOT_COUNTED)


def _first(rejected: RejectedLines) -> str:
    shown = ((number, text) for number, reason, text in rejected.sample if reason != NOT_COUNTED)
    return next((f"; line {number}: {text[:_SHOWN_CHARACTERS]!r}" for number, text in shown), "")
