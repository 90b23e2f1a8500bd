"""When a source counts as not read, and what it is called."""

import pytest

from flowsentry.errors import UnreadableError
from flowsentry.frames import LogText
from flowsentry.parse import parse, unreadable
from tests.builders import V2, line

GOOD = line(V2)


def trouble(*lines: str) -> UnreadableError | None:
    seen = parse(LogText(V2, "".join(f"{each}\n" for each in lines).encode(), 1))
    return unreadable(seen.lines, seen.rejected)


@pytest.mark.parametrize(
    ("good", "bad", "is_read"),
    [
        (0, 0, True),
        (1, 0, True),
        (0, 1, False),
        (1, 1, True),
        (1, 2, False),
        (50, 50, True),
        (49, 51, False),
        (99, 1, True),
    ],
)
def test_a_source_is_unreadable_when_more_than_half_of_its_lines_are_invalid(
    good: int,
    bad: int,
    is_read: bool,  # noqa: FBT001
) -> None:
    assert (trouble(*[GOOD] * good, *["bad"] * bad) is None) is is_read


def test_empty_lines_do_not_make_a_source_unreadable() -> None:
    assert trouble(*[""] * 50) is None
    assert trouble(*[""] * 50, GOOD) is None
    assert trouble(*[""] * 50, "bad") is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace(" ", ","), "comma-separated"),
        (GOOD.replace(" ", "\t"), "tab-separated"),
        (GOOD.replace(" ", ";"), "semicolon-separated"),
        ('{"a": 1, "b": 2, "c": 3, "d": 4}', "json"),
        ("\0\1\2", "not-text"),
        (GOOD + " more", "another-format"),
        ("words", "another-format"),
    ],
)
def test_the_reason_of_an_unreadable_source_is_what_its_lines_look_like(text: str, reason: str) -> None:
    told = trouble(text, text, "odd")
    assert told is not None
    assert told.reason == reason
    assert "3 of 3 lines are not valid records" in str(told)
