"""Which files are read as one, and which alone."""

import gzip
import io
import math
from collections.abc import Iterator, Sequence

import polars as pl
import pytest

from local.log_files import LogSource
from local.reading.small_files import SMALL_FILE_BYTES, Group, Limits, grouped
from tests.builders import NOON, V2, flow_log, line
from tests.local.reading.held_files import HeldFile

WIDE = Limits(lines=1_000, seconds=math.inf)


def file(name: str, lines: int = 1, start: int = NOON) -> HeldFile:
    return HeldFile(name, flow_log([line(start=start)] * lines))


def names_in(files: Sequence[LogSource], limits: Limits = WIDE) -> list[object]:
    """The names of the files of each group, in a list, and of the sources that are alone."""
    parts = grouped(files, (), limits)
    return [[each.source.name for each in part.files] if isinstance(part, Group) else part.name for part in parts]


def parquet() -> bytes:
    content = io.BytesIO()
    pl.DataFrame({"version": [2], "srcaddr": ["10.0.0.1"], "start": [NOON]}).write_parquet(content)
    return content.getvalue()


@pytest.mark.parametrize(("lines", "groups"), [(4, [["a", "b"]]), (3, [["a"], ["b"]])])
def test_files_are_one_group_up_to_a_number_of_lines(lines: int, groups: list[object]) -> None:
    assert names_in([file("a", 2), file("b", 2)], Limits(lines, math.inf)) == groups


@pytest.mark.parametrize(("seconds", "groups"), [(300, [["a", "b"]]), (299, [["a"], ["b"]])])
def test_files_are_one_group_up_to_a_span_of_time(seconds: int, groups: list[object]) -> None:
    assert names_in([file("a", start=NOON + 300), file("b")], Limits(1_000, seconds)) == groups


def test_files_without_lines_count_towards_the_number_of_lines() -> None:
    assert names_in([file(name, 0) for name in "abc"], Limits(2, math.inf)) == [["a", "b"], ["c"]]


def test_a_file_with_more_lines_than_a_group_is_a_group_of_its_own() -> None:
    assert names_in([file("a", 5), file("b")], Limits(2, math.inf)) == [["a"], ["b"]]


def test_a_start_of_thousands_of_digits_is_no_time() -> None:
    long = HeldFile("b", flow_log([line()]).replace(str(NOON).encode(), b"1" * 5_000))
    assert names_in([file("a"), long], Limits(9, 0)) == [["a", "b"]]


def test_files_of_all_containers_and_formats_are_one_group() -> None:
    packed, table = HeldFile("gz", gzip.compress(flow_log([line()]))), HeldFile("parquet", parquet())
    other = HeldFile("v2", flow_log([line(V2)], V2))
    assert names_in([file("text"), packed, table, other]) == [["text", "gz", "parquet", "v2"]]


@pytest.mark.parametrize(
    "content",
    [
        flow_log([line()] * (SMALL_FILE_BYTES // 100)),
        gzip.compress(flow_log([line()] * 20_000)),
        b"the quick brown fox",
        gzip.compress(flow_log([line()] * 100))[:100],
        b"",
    ],
    ids=["large", "large once inflated", "no flow log", "cut off", "without a header"],
)
def test_a_file_that_is_large_or_damaged_is_alone_and_in_its_place(content: bytes) -> None:
    expected = [["a"], "odd", ["b"]] if content else [["a", "odd", "b"]]
    assert names_in([file("a"), HeldFile("odd", content), file("b")]) == expected


def test_a_file_that_cannot_be_read_is_alone() -> None:
    class Gone(HeldFile):
        def blocks(self) -> Iterator[bytes]:
            raise OSError(self.name)

    assert names_in([file("a"), Gone("gone", b""), file("b")]) == [["a"], "gone", ["b"]]
