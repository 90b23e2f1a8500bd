"""Report: what a campaign tried, and what came of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """Inputs and faults that were tried, what was lost of what a clean pass leaves (0, or the campaign has failed), the
    peak of memory in megabytes, and in sentences what else was not as promised.
    """

    name: str
    inputs: int
    faults: int
    lost: int
    peak_mb: float
    failures: tuple[str, ...]
