"""CloudWatch Logs or S3: which way in is cheaper for a volume of flow logs, and from which volume on."""

from dataclasses import dataclass, replace

from local.cost.lines import Plan, through_cloudwatch, through_s3, total
from local.cost.measured import Measured
from local.cost.volume import Volume

CLOUDWATCH, S3 = "CloudWatch Logs", "S3"
STEPS = 40
"""Halvings of the search for the break-even. More: digits that no price list has. Fewer: a rough number."""
LARGEST_GB = 1e6
"""The largest volume that is searched, a petabyte a month. More: a less exact break-even after as many steps. Less:
one above it is not found."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Dollars a month of both ways in, all lines together."""

    cloudwatch: float
    s3: float

    @property
    def cheaper(self) -> str:
        """The name of the cheaper way in."""
        return CLOUDWATCH if self.cloudwatch < self.s3 else S3

    @property
    def saved(self) -> float:
        """Dollars a month that the cheaper way in saves."""
        return abs(self.cloudwatch - self.s3)


def compared(volume: Volume, given: Measured, plan: Plan | None = None) -> Comparison:
    """Both ways in for the same flow logs."""
    return Comparison(total(through_cloudwatch(volume, given, plan)), total(through_s3(volume, given, plan)))


def break_even(volume: Volume, given: Measured, plan: Plan | None = None) -> float:
    """The GB a month from which S3 is cheaper, with these interfaces and flow logs; 0 where it always is.

    Above it S3 is cheaper by ever more: every GB costs less in S3, and its files cost the same however full they are.
    """

    def s3_is_cheaper(gigabytes: float) -> bool:
        return compared(replace(volume, gigabytes=gigabytes), given, plan).cheaper == S3

    low, high = 0.0, LARGEST_GB
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if s3_is_cheaper(middle) else (middle, high)
    return high if high > LARGEST_GB / 2 ** (STEPS - 1) else 0.0
