"""The newest rows of a replay, of which there are at most so many in memory."""

import polars as pl

from local.console.subjects.recent_rows import MAX_FRAMES, RecentRows


def test_without_rows_there_is_an_empty_frame() -> None:
    assert RecentRows(10).newest().is_empty()


def test_the_last_rows_are_kept_in_order_and_columns_that_a_frame_lacks_are_null() -> None:
    rows = RecentRows(4)
    for number in range(5):
        rows.add(pl.DataFrame({"end": [number * 2, number * 2 + 1], f"column{number % 2}": ["a", "b"]}))
    newest = rows.newest()
    assert newest["end"].to_list() == [6, 7, 8, 9]
    assert newest["column1"].to_list() == ["a", "b", None, None]


def test_memory_is_bounded_while_rows_are_added() -> None:
    rows = RecentRows(10)
    for _ in range(100):
        rows.add(pl.DataFrame({"end": [0]}))
        assert sum(map(len, rows._frames)) <= 20


def test_frames_of_few_rows_become_one() -> None:
    rows = RecentRows(10_000)
    for number in range(MAX_FRAMES + 2):
        rows.add(pl.DataFrame({"end": [number]}))
    assert len(rows._frames) == 2
    assert rows.newest()["end"].to_list() == list(range(MAX_FRAMES + 2))
