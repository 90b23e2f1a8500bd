"""Many small sources parsed together: the same rows as alone, and each source answers for its own lines."""

import polars as pl
import pytest

from flowsentry.frames import LogTable, MixedText, SmallSource
from flowsentry.parse import parse, parse_together
from tests.builders import V2, V5, line, log_text, no_data, probe

GOOD = [[line(V5, srcport=number), no_data()] for number in range(3)]
SOURCES = [SmallSource(f"s{number}", (log_text(lines),)) for number, lines in enumerate(GOOD)]


def bad(*lines: str) -> SmallSource:
    return SmallSource("bad", (log_text(lines),))


def test_texts_of_one_format_are_one_frame_in_their_order() -> None:
    (together,), each = parse_together(SOURCES)
    alone = [parse(log_text(lines)).records for lines in GOOD]
    assert together.records.equals(pl.concat(alone))
    assert together.lines == 6
    assert [rows for source in each for rows in source.rows] != []
    assert all(source.rows[0].equals(rows) for source, rows in zip(each, alone, strict=True))


def test_each_format_has_its_own_frame() -> None:
    default = SmallSource("default", (log_text([line(V2)], V2),))
    frames, each = parse_together([SOURCES[0], default, SOURCES[1]])
    assert [(frame.lines, len(frame.records.columns)) for frame in frames] == [(4, len(V5)), (1, len(V2))]
    assert [source.lines for source in each] == [2, 1, 2]


def test_rejected_lines_belong_to_their_source_by_their_number_in_it() -> None:
    (together,), each = parse_together([SOURCES[0], bad(line(), "half a line"), SOURCES[1]])
    assert [source.rejected.total for source in each] == [0, 1, 0]
    assert each[1].rejected.sample == [(3, "too-few-fields", "half a line")]
    assert (len(together.records), together.rejected.total, together.lines) == (5, 1, 6)


@pytest.mark.parametrize(("lines", "is_unreadable"), [(["x", line()], False), (["x", "y", line()], True)])
def test_a_source_is_unreadable_by_itself_and_then_in_no_frame(lines: list[str], is_unreadable: bool) -> None:  # noqa: FBT001
    (together,), each = parse_together([SOURCES[0], bad(*lines), SOURCES[1]])
    assert [bool(source.damage) for source in each] == [False, is_unreadable, False]
    assert len(together.records) == (4 if is_unreadable else 5)
    assert (together.rejected.total, bool(each[1].rows)) == ((0, False) if is_unreadable else (1, True))


def test_unreadable_sources_alone_make_no_frame() -> None:
    frames, each = parse_together([bad("x"), bad("y")])
    assert frames == []
    assert [source.lines for source in each] == [1, 1]


def test_tables_and_mixed_texts_are_frames_by_their_columns() -> None:
    mixed = MixedText((V2, V5), f"{line(V2)}\n{line(V5, version=5)}\n".encode(), 1)
    table = LogTable(parse(log_text([line(V2)], V2)).records, 2)
    sources = [SmallSource("m1", (mixed,)), SmallSource("t", (table,)), SmallSource("m2", (mixed,))]
    frames, each = parse_together(sources)
    assert sorted(len(frame.records) for frame in frames) == [2, 3]
    assert [source.lines for source in each] == [2, 1, 2]


def test_a_source_of_several_chunks_is_judged_by_all_of_its_lines() -> None:
    source = SmallSource("two", (log_text(["x", probe("10.0.0.1", "10.0.0.2", 1)]), log_text([line(V2)], V2)))
    frames, (each,) = parse_together([source])
    assert (each.damage, each.lines, len(frames)) == (None, 3, 2)


def test_no_sources_make_no_frames() -> None:
    assert parse_together([]) == ([], [])
