"""Sources that are parsed together have the rows and the rejected lines that each has alone."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.frames import LogText, MixedText, SmallSource
from flowsentry.parse import parse_chunk, parse_together, unreadable
from tests.builders import V2, V5, line, no_data
from tests.properties.strategies import law

LINES = (
    *(line(V5, srcport=number) for number in range(3)),
    *(no_data(V5), no_data(V5, log_status="SKIPDATA"), line(V2), "", "half a line", "x " * 40, line(V5, bytes="many")),
)
texts = st.lists(st.sampled_from(LINES), max_size=6).map(lambda drawn: "".join(f"{each}\n" for each in drawn).encode())
chunks = st.one_of(
    st.builds(LogText, st.sampled_from([V2, V5]), texts, st.integers(1, 3)),
    st.builds(MixedText, st.just((V2, V5)), texts, st.integers(1, 3)),
)
sources = st.lists(st.lists(chunks, max_size=2).map(tuple), max_size=5)


@law(20)
@given(drawn=sources)
def test_sources_together_have_the_rows_and_the_rejected_lines_of_each_alone(
    drawn: list[tuple[LogText | MixedText, ...]],
) -> None:
    frames, each = parse_together([SmallSource(str(number), chunks) for number, chunks in enumerate(drawn)])
    readable: list[pl.DataFrame] = []
    for chunks, found in zip(drawn, each, strict=True):
        alone = [parsed for chunk in chunks for parsed in parse_chunk(chunk)]
        rejected = sum((parsed.rejected.counts for parsed in alone), start=type(found.rejected.counts)())
        lines = sum(parsed.lines for parsed in alone)
        assert (found.lines, found.rejected.counts) == (lines, rejected)
        assert bool(found.damage) == bool(unreadable(lines, found.rejected))
        rows = [] if found.damage else [parsed.records for parsed in alone]
        assert sorted(map(values, found.rows)) == sorted(map(values, rows))
        readable += rows
    assert sorted(row for frame in frames for row in values(frame.records)) == sorted(
        row for rows in readable for row in values(rows)
    )
    assert all(frame.lines == len(frame.records) + frame.rejected.total for frame in frames)


def values(rows: pl.DataFrame) -> list[str]:
    """The rows as text, with the names of their columns."""
    return [str(row) for row in rows.iter_rows(named=True)]
