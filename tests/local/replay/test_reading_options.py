"""Times of --since and --until."""

from datetime import UTC, datetime

import pytest
import typer

from local.query.time_range import LATEST
from local.replay.reading_options import ReadingOptions, _since, time_of
from local.terminal.complaints import MisuseError

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11-02", datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 2, 23, 59, 59, tzinfo=UTC)),
        ("2026-11-02T14:05", datetime(2026, 11, 2, 14, 5, tzinfo=UTC), datetime(2026, 11, 2, 14, 5, tzinfo=UTC)),
        ("6h", datetime(2026, 11, 3, 6, tzinfo=UTC), datetime(2026, 11, 3, 6, tzinfo=UTC)),
        ("7d", datetime(2026, 10, 27, 12, tzinfo=UTC), datetime(2026, 10, 27, 12, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_day_a_moment_or_so_long_ago(text: str, first: datetime, last: datetime) -> None:
    assert [time_of(text, is_last=is_last, now=NOW) for is_last in (False, True)] == [first, last]


@pytest.mark.parametrize("text", ["yesterday", "6", "6w", "2026-13-01", "", "99999999d"])
def test_another_text_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time; write a day or a time in UTC"):
        _since(text)


def test_the_options_select_by_time_and_credentials() -> None:
    selection = ReadingOptions(since="2026-11-02", profile="mine", region="eu-west-1").selection
    assert (selection.times.first, selection.times.last) == (datetime(2026, 11, 2, tzinfo=UTC), LATEST)
    assert (selection.s3.profile, selection.s3.region) == ("mine", "eu-west-1")


def test_a_time_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(MisuseError, match="--since 2026-11-03 is after --until 2026-11-02"):
        _ = ReadingOptions(since="2026-11-03", until="2026-11-02").selection
