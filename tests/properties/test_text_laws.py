"""Laws of decode and parse that hold for every file."""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from flowsentry import decode
from flowsentry.decode import object_texts
from flowsentry.errors import CutOffError
from flowsentry.frames import LogText, MixedText
from flowsentry.parse import parse, parse_chunk
from flowsentry.records.fields import column_of
from tests.builders import flow_log, log_text
from tests.properties.strategies import LAW, bad_lines, formats, records


@st.composite
def files(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str], list[str]]:
    """A format with valid and invalid lines."""
    names = draw(formats)
    good = draw(st.lists(records(names), max_size=12))
    return names, good, draw(st.lists(bad_lines(names), max_size=4))


def text_of(blocks: Iterable[bytes]) -> bytes:
    return b"".join(text.text for text in object_texts(blocks))


def cut(data: bytes, at: Iterable[int]) -> Iterator[bytes]:
    resources = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return (data[start:end] for start, end in pairwise(resources))


File = tuple[tuple[str, ...], list[str], list[str]]


@LAW
@given(files(), st.lists(st.integers(0, 1 << 20), max_size=6))
def test_compression_and_block_boundaries_do_not_change_the_text(file: File, resources: list[int]) -> None:
    names, good, bad = file
    data = flow_log([*good, *bad], names)
    body = data.split(b"\n", 1)[1]
    for whole in (data, gzip.compress(data, mtime=0)):
        assert text_of(cut(whole, resources)) == body


@LAW
@given(files(), st.integers(100, 3000))
def test_chunk_boundaries_do_not_change_the_lines(file: File, chunk_bytes: int) -> None:
    names, good, _ = file
    data = flow_log(good, names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "CHUNK_BYTES", chunk_bytes)
        assert (
            text_of([data]) == text_of(cut(gzip.compress(data, mtime=0), range(0, 4000, 37))) == data.split(b"\n", 1)[1]
        )


@LAW
@given(files(), st.floats(0, 1))
def test_a_truncated_file_keeps_its_first_complete_lines(file: File, share: float) -> None:
    names, good, _ = file
    data = flow_log([*good, *map(str, range(3000))], names)
    compressed = gzip.compress(data, mtime=0)
    kept: list[bytes] = []
    with pytest.raises(CutOffError):
        kept.extend(text.text for text in object_texts([compressed[: max(10, int(share * (len(compressed) - 1)))]]))
    text = b"".join(kept)
    assert data.split(b"\n", 1)[1].startswith(text)
    assert not text or text.endswith(b"\n")


@LAW
@given(files(), st.data())
def test_accepted_and_rejected_lines_are_all_lines_and_a_bad_line_rejects_only_itself(
    file: File, data: st.DataObject
) -> None:
    names, good, bad = file
    mixed = data.draw(st.permutations([*((text, True) for text in good), *((text, False) for text in bad)]))
    seen = parse(log_text([text for text, _ in mixed], names))
    assert seen.lines == len(mixed)
    assert len(seen.records) + seen.rejected.total == seen.lines
    kept = parse(log_text([text for text, is_good in mixed if is_good], names)).records
    assert_frame_equal(seen.records, kept, categorical_as_str=True)
    assert seen.rejected.total == len(bad)


@LAW
@given(st.binary(max_size=300), formats)
def test_no_bytes_make_parse_fail(text: bytes, names: tuple[str, ...]) -> None:
    lines = text + b"\n"
    seen = parse(LogText(names, lines, 2))
    assert len(seen.records) + seen.rejected.total == seen.lines == lines.count(b"\n")


@LAW
@given(files(), st.data())
def test_permuting_the_columns_with_the_header_changes_nothing(file: File, data: st.DataObject) -> None:
    names, good, bad = file
    whole = [line for line in [*good, *bad] if len(line.split(" ")) == len(names)]
    order = data.draw(st.permutations(range(len(names))))
    permuted = [" ".join(line.split(" ")[place] for place in order) for line in whole]
    seen = parse(log_text(whole, names))
    again = parse(log_text(permuted, tuple(names[place] for place in order)))
    assert again.rejected.total == seen.rejected.total
    columns = [column_of(name) for name in names]
    assert_frame_equal(again.records.select(columns), seen.records, categorical_as_str=True)


@LAW
@given(files(), st.data())
def test_parsing_the_parts_of_a_file_equals_parsing_the_whole(file: File, data: st.DataObject) -> None:
    names, good, bad = file
    lines = data.draw(st.permutations([*good, *bad]))
    resources = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    parts = [parse(log_text(lines[start:end], names)) for start, end in pairwise([0, *resources, len(lines)])]
    whole = parse(log_text(lines, names))
    assert_frame_equal(pl.concat([each.records for each in parts]), whole.records, categorical_as_str=True)
    assert sum((each.rejected.counts for each in parts), Counter()) == whole.rejected.counts


@LAW
@given(files(), st.data())
def test_lines_of_two_formats_are_distinguished_or_rejected_but_never_confused(file: File, data: st.DataObject) -> None:
    names, good, _ = file
    other = data.draw(formats)
    mixed = MixedText((names, other), "".join(f"{each}\n" for each in good).encode(), 1)
    one, two = parse_chunk(mixed)
    assert one.lines + two.lines == len(good)
    assert len(one.records) + len(two.records) + one.rejected.total == len(good)
    alone = [parse(log_text(good, each)).records for each in (names, other)]
    assert all(len(seen.records) <= len(whole) for seen, whole in zip((one, two), alone, strict=True))
