"""Numbers in options: within their bounds, or a sentence with the bounds."""

import pytest
import typer

from local.terminal.numbers import whole_number


@pytest.mark.parametrize("text", ["0", "8", "-1", "1.5", "", "week"])
def test_a_number_out_of_bounds_is_named_with_its_bounds(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a number of days; use 1 to 7"):
        whole_number("a number of days", 1, 7)(text)


def test_bounds_are_allowed_and_there_may_be_no_upper_one() -> None:
    assert [whole_number("a number of days", 1, 7)(text) for text in ("1", "7")] == [1, 7]
    unbounded = whole_number("a number of days", 1)
    assert unbounded("1000000") == 1_000_000
    with pytest.raises(typer.BadParameter, match="use 1 or more"):
        unbounded("0")
