"""CloudWatch: the state of an alarm from its data points, by the documented rules.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any, Literal, Self

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]
EXTRA_PERIODS = 2
"""Data points that are read beyond the evaluation periods, as in the page's examples; CloudWatch does not state how
many. More: an alarm keeps its state for longer after the last data. Fewer: it changes sooner."""
LEAST_HISTORY = 3
"""Data points before those that are evaluated, of which a band is made. Fewer: there is none, and nothing breaches."""
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
    "GreaterThanUpperThreshold": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How an alarm is evaluated. `periods` and `failing` are N and M of "M out of N"."""

    comparison: str
    periods: int
    failing: int
    missing: Missing = "missing"

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """That of an alarm with these properties, as in a template or a call."""
        periods = int(properties["EvaluationPeriods"])
        failing = int(properties.get("DatapointsToAlarm") or periods)
        missing: Missing = properties.get("TreatMissingData") or "missing"
        return cls(properties["ComparisonOperator"], periods, failing, missing)

    @property
    def points(self) -> int:
        """How many of the latest data points are read."""
        return self.periods + EXTRA_PERIODS

    def state(self, values: Sequence[float | None], threshold: float | None, before: State) -> State:
        """The state after these values, the oldest first, None for a period without data; `before` is the last state.
        Without a threshold, as without a band, nothing breaches and nothing is good: all values are missing.
        """
        compare = COMPARISONS[self.comparison]
        known = [None if each is None or threshold is None else compare(each, threshold) for each in values]
        return self._judged(known[-self.points :], before)

    def _judged(self, breaching: Sequence[bool | None], before: State) -> State:
        real = [each for each in breaching if each is not None]
        if len(real) >= self.periods:
            return _state(sum(real[-self.periods :]) >= self.failing)
        filled = self.periods - len(real)
        if self.missing == "breaching":
            return _state(sum(real) + filled >= self.failing)
        if self.missing == "notBreaching":
            return _state(sum(real) >= self.failing)
        return self._without_filling(breaching, real, before)

    def _without_filling(self, breaching: Sequence[bool | None], real: Sequence[bool], before: State) -> State:
        """Missing data decide nothing; but one that breached long ago, and nothing good since, is an alarm.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, "Avoiding premature
        transitions to alarm state".
        """
        if sum(real) >= self.failing:
            return "ALARM"
        if not all(real):
            return "OK"
        if self.missing == "ignore":
            return before
        oldest = len(breaching) - breaching.index(True) if real else 0
        return "ALARM" if oldest >= self.failing else "INSUFFICIENT_DATA"


def upper_band(history: Sequence[float], deviations: float) -> float | None:
    """An approximation of the upper edge of ANOMALY_DETECTION_BAND: mean and standard deviation of the values before.
    None without enough of them. CloudWatch also learns the hours of the day and the days of the week.
    """
    if len(history) < LEAST_HISTORY:
        return None
    return fmean(history) + deviations * pstdev(history)


def _state(is_alarm: bool) -> State:  # noqa: FBT001 - the only argument of a conversion
    return "ALARM" if is_alarm else "OK"
