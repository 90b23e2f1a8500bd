"""Lines that are too short for their fields are told apart before any value of theirs is looked at."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from flowsentry.frames import LogText, MixedText
from flowsentry.parse import each_line, parse, parse_chunk
from flowsentry.parse import text as text_module
from tests.builders import V2, line

WIDE = (*V2, *(f"field-{number}" for number in range(500)))
GOOD = " ".join((line(V2), *"x" * 500))


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many values were read, each time."""
    seen: list[int] = []

    def spied(read: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
        def spy(*given: Any, **options: Any) -> pl.DataFrame:
            table = read(*given, **options)
            seen.append(table.height * table.width)
            return table

        return spy

    monkeypatch.setattr(text_module, "_read", spied(text_module._read))
    monkeypatch.setattr(each_line, "_values", spied(each_line._values))
    return seen


SHORT = ["", "-", " ", "a b c", "\r", "- " * 512, " " * 400, "\x00", "é", "a\t" * 300]


@pytest.mark.parametrize("short", SHORT, ids=repr)
@pytest.mark.parametrize("good", [0, 1, 3])
def test_no_more_values_than_bytes_are_read(short: str, good: int, cells: list[int]) -> None:
    text = f"{short}\n" * 3000 + f"{GOOD}\n" * good + f"{short}\n" * 3000
    seen = parse(LogText(WIDE, text.encode(), 2))
    assert (len(seen.records), seen.rejected.total, seen.lines) == (good, 6000, 6000 + good)
    assert max(cells, default=0) <= len(text)


def test_good_lines_among_short_ones_keep_their_order_and_bad_ones_their_numbers() -> None:
    lines = [*[""] * 300, line(V2, srcport=1), "x", line(V2, srcport="x"), *["-"] * 300, line(V2, srcport=2)]
    seen = parse(LogText(V2, "".join(f"{each}\n" for each in lines).encode(), 2))
    assert seen.records["srcport"].to_list() == [1, 2]
    assert seen.rejected.counts == {"empty-line": 300, "too-few-fields": 301, "bad-value": 1}
    assert [number for number, _, _ in seen.rejected.sample] == [*range(2, 22)]


def test_reasons_of_rejected_lines_do_not_depend_on_the_number_of_short_lines() -> None:
    bad = [f"{line(V2)} more", line(V2, srcport="x"), "a  b", "\ufffd", line(V2)[:-3] + " ", "x" * 70_000]
    alone = parse(LogText(V2, "".join(f"{each}\n" for each in bad).encode(), 2)).rejected.counts
    beside = parse(LogText(V2, "".join(f"{each}\n" for each in [*bad, *[""] * 9000]).encode(), 2)).rejected.counts
    assert beside - alone == {"empty-line": 9000}
    assert beside.total() == alone.total() + 9000


def test_short_lines_of_several_formats_are_not_parsed(cells: list[int]) -> None:
    text = b"-\n" * 5000 + f"{line(V2)}\n".encode()
    seen = list(parse_chunk(MixedText((V2, WIDE), text, 1)))
    assert [len(each.records) for each in seen] == [1, 0]
    assert sum(each.lines for each in seen) == 5001
    assert max(cells) < 1000
