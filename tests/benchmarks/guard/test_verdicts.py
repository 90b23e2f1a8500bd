"""What the guard says about a row, from its bound and from the ratio that was landed for it."""

import pytest

from benchmarks.guard.rows import Row, at_least, at_most, figure_at_least, figure_at_most, of_limit
from benchmarks.guard.verdicts import FULL, SHORT, better_of, gone, judged

LANDED = {"stages": 4.0, "peer": 10.0}


def stages(ratio: float, **more: object) -> Row:
    return Row("stages", 1.0, ratio=ratio, of="zlib", **more)  # type: ignore[arg-type]


def peer(ratio: float) -> Row:
    return Row("peer", 1.0, ratio=ratio, of="ours", bound=at_least(5))


@pytest.mark.parametrize(
    ("row", "complaints"),
    [
        (stages(4.39), []),
        (stages(4.41), ["worse, 1.10 x landed"]),
        (peer(9.1), []),
        (peer(9.0), ["worse, 1.11 x landed"]),
        (stages(4.0, bound=at_most(4)), []),
        (stages(4.1, bound=at_most(4)), ["missed"]),
        (stages(8.0, bound=at_most(4)), ["missed", "worse, 2.00 x landed"]),
        (peer(4.9), ["missed", "worse, 2.04 x landed"]),
    ],
)
def test_the_full_form_fails_on_a_missed_bound_and_on_more_than_a_tenth_above_landed(
    row: Row, complaints: list[str]
) -> None:
    assert list(judged(row, LANDED, FULL).complaints) == complaints


@pytest.mark.parametrize(
    ("row", "is_worse"),
    [(stages(7.9, bound=at_most(4)), False), (stages(8.1), True), (peer(5.1), False), (peer(4.9), True)],
)
def test_the_short_form_fails_on_twice_the_landed_ratio_only(row: Row, is_worse: bool) -> None:  # noqa: FBT001
    assert judged(row, LANDED, SHORT).is_worse == bool(judged(row, LANDED, SHORT).complaints) == is_worse


def test_slack_multiplies_how_much_worse_a_ratio_may_be() -> None:
    assert not judged(stages(11.9, slack=1.5), LANDED, SHORT).complaints
    assert judged(stages(12.1, slack=1.5), LANDED, SHORT).is_worse


def test_the_short_form_remarks_on_a_missed_bound() -> None:
    verdict = judged(stages(4.1, bound=at_most(4)), LANDED, SHORT)
    assert (verdict.complaints, verdict.remarks) == ((), ("missed",))


@pytest.mark.parametrize(
    ("bound", "figure", "is_missed"),
    [
        (figure_at_most(15), 15.0, False),
        (figure_at_most(15), 15.1, True),
        (figure_at_least(1), 1.0, False),
        (figure_at_least(1), 0.0, True),
    ],
)
def test_a_bound_of_the_figure_is_judged_whatever_the_ratio(bound: object, figure: float, is_missed: bool) -> None:  # noqa: FBT001
    assert Row("payload", figure, "ms", 99.0, "fixed work", bound).is_missed == is_missed  # type: ignore[arg-type]


def test_a_bound_of_the_ratio_needs_a_ratio() -> None:
    with pytest.raises(ValueError, match="payload"):
        _ = Row("payload", 1.0, bound=at_most(4)).is_missed


def test_a_new_subject_is_remarked_on_and_does_not_fail() -> None:
    verdict = judged(Row("new", 1.0, ratio=2.0), LANDED, FULL)
    assert (verdict.complaints, verdict.remarks, verdict.landed) == ((), ("new, not landed",), None)


def test_a_much_better_ratio_is_to_be_landed() -> None:
    assert judged(stages(3.5), LANDED, FULL).remarks == ("better, not landed",)
    assert judged(peer(12.0), LANDED, FULL).remarks == ("better, not landed",)


def test_a_landed_subject_that_is_not_measured_fails() -> None:
    (missing,) = gone([stages(4.0)], LANDED)
    assert missing.row.subject == "peer"
    assert missing.complaints


def test_a_landed_subject_that_lost_its_ratio_fails() -> None:
    assert [each.row.subject for each in gone([Row("stages", 1.0), peer(10)], LANDED)] == ["stages"]


def test_a_count_at_a_limit_of_zero_has_no_ratio_and_fails_above_it() -> None:
    assert not of_limit("urgent", 0, "", 0).is_missed
    assert of_limit("urgent", 1, "", 0).is_missed
    assert of_limit("urgent", 1, "", 0).ratio is None


def test_a_count_that_grows_from_nothing_is_worse() -> None:
    row = of_limit("lost", 1, "", 10)
    assert judged(row, {"lost": 0.0}, SHORT).is_worse
    assert not judged(of_limit("lost", 0, "", 10), {"lost": 0.0}, SHORT).complaints


def test_of_two_runs_each_subject_keeps_its_better_row() -> None:
    first, second = [stages(8.0), peer(9.0), Row("only", 1.0)], [stages(4.0), peer(8.0)]
    assert [row.ratio for row in better_of(first, second)] == [4.0, 9.0, None]
