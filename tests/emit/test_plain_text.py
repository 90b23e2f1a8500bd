"""Text, numbers and times in messages."""

import pytest

from flowsentry.emit.plain_text import ascii_line, counted, duration, moment, period, plain


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("web-1", "web-1"),
        ("  two\n\twords ", "two words"),
        ("a\x00b\x1b[31mc", "a b [31mc"),
        ("https://evil.example/x", "https[:]//evil.example/x"),
        ("WWW.evil.example", "www[.]evil.example"),
        ("x" * 100, "x" * 77 + "..."),
        (None, "None"),
    ],
)
def test_a_name_becomes_one_harmless_line(given: object, shown: str) -> None:
    assert plain(given) == shown


def test_a_subject_line_is_ascii() -> None:
    assert ascii_line("Größe\n" + "x" * 20, 12) == "Gr??e xxx..."


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (39, "39 s"), (279, "4 min 39 s"), (7_500, "2 h 5 min"), (3_600, "1 h"), (266_400, "3 d 2 h")],
)
def test_a_duration_is_shown_in_its_two_largest_units(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_number_is_followed_by_its_noun_in_the_right_form() -> None:
    assert (counted(1, "port"), counted(12_000, "address")) == ("1 port", "12,000 addresses")


def test_an_invalid_time_is_shown_as_the_number() -> None:
    assert moment(10**18) == "1000000000000000000"


def test_a_period_without_length_is_shown_as_one_time() -> None:
    assert period(0, 0) == "1970-01-01 00:00:00 UTC"
