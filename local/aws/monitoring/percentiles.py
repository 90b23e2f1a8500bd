"""Percentiles of metrics, as CloudWatch's statistic `p99` has them."""

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The percentile, interpolated between the two nearest values. CloudWatch estimates it; this is exact."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
