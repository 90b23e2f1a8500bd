"""The time budget of a run, by a clock or until the time-out of the function."""

from flowsentry.aws.time_budget import TimeBudget
from tests.lambdas.conftest import Invocation


def test_a_budget_by_a_clock_shrinks_as_time_passes() -> None:
    now = [100.0]
    budget = TimeBudget.of(50, lambda: now[0])
    now[0] += 20
    assert (budget.seconds, budget.left()) == (50, 30)
    assert [budget.has(), budget.has(29), budget.has(30)] == [True, True, False]


def test_the_budget_of_an_invocation_is_the_time_until_its_time_out() -> None:
    invocation = Invocation()
    budget = TimeBudget.of_invocation(invocation)
    assert budget.seconds == budget.left() == invocation.get_remaining_time_in_millis() / 1_000
