"""Parts of an object: where they begin and end, and what they are called."""

from collections.abc import Iterable, Iterator

import polars as pl
import pytest

from flowsentry.decode.object_part import KEPT_SHARE, MAX_PART_LINES, ObjectPart, Progress, from_line, lines_of
from flowsentry.frames import LogChunk, LogTable, LogText, MixedText

NAMES = ("start", "end")


def text(first: int, last: int) -> LogText:
    return LogText(NAMES, "".join(f"{number} 1\n" for number in range(first, last + 1)).encode(), first)


def table(first: int, last: int) -> LogTable:
    return LogTable(pl.DataFrame({"start": range(first, last + 1)}), first)


def numbers(chunks: Iterable[LogChunk]) -> list[int]:
    return [number for chunk in chunks for number in range(chunk.first_line, chunk.first_line + lines_of(chunk))]


CHUNKS = [text(2, 4), table(5, 7), MixedText((NAMES,), text(8, 9).text, 8)]


@pytest.mark.parametrize("line", range(1, 12))
def test_a_chunk_is_cut_before_a_line(line: int) -> None:
    for chunk in CHUNKS:
        cut = from_line(chunk, line)
        assert numbers([cut]) == [number for number in numbers([chunk]) if number >= line]
        if isinstance(cut, LogTable):
            assert cut.rows["start"].to_list() == numbers([cut])
        else:
            assert [int(each.split()[0]) for each in cut.text.splitlines()] == numbers([cut])


@pytest.mark.parametrize("most", [1, 3, 4, 7, 100])
def test_parts_have_all_lines_once_in_order_and_at_least_one_chunk_each(most: int) -> None:
    progress, found, parts = Progress(part_lines=most), list[int](), 0
    while True:
        part = ObjectPart(CHUNKS, progress, lambda: 1.0)
        found += numbers(part)
        parts += 1
        if part.rest is None:
            break
        assert part.rest.part_lines == most
        progress = part.rest
    assert found == numbers(CHUNKS)
    assert parts == {1: 3, 3: 3, 4: 2, 7: 1, 100: 1}[most]


def test_reading_ends_when_a_third_of_the_time_is_left() -> None:
    left = iter([90.0, 31.0, 29.0])
    part = ObjectPart(CHUNKS, Progress(), lambda: next(left))
    assert pytest.approx(1 / 3) == KEPT_SHARE
    assert numbers(part) == numbers(CHUNKS[:2])
    assert part.rest == Progress(8)


def test_a_part_may_begin_within_a_chunk_that_was_cut_elsewhere_before() -> None:
    assert numbers(ObjectPart([text(2, 9)], Progress(5), lambda: 1.0)) == [5, 6, 7, 8, 9]


def test_texts_that_end_are_not_asked_for_more() -> None:
    def ending() -> Iterator[LogChunk]:
        yield text(2, 4)
        yield LogText(NAMES, b"", 5)

    part = ObjectPart(ending(), Progress(part_lines=1), lambda: 1.0)
    assert (numbers(part), part.rest) == ([2, 3, 4], None)


def test_each_interruption_makes_parts_ten_times_smaller() -> None:
    sizes = [Progress().after(interruptions).part_lines for interruptions in (0, 1, 2)]
    assert sizes == [MAX_PART_LINES, MAX_PART_LINES // 10, MAX_PART_LINES // 100]
    assert Progress(part_lines=5).after(2).part_lines == 1


def test_the_first_part_has_the_name_of_the_object_and_the_others_their_first_line() -> None:
    named = [ObjectPart((), Progress(line), lambda: 1.0).name("s3://logs/a") for line in (1, 7)]
    assert named == ["s3://logs/a", "s3://logs/a#line=7"]
