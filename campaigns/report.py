"""Report: the inputs of a campaign, and its results."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """The numbers of inputs and faults, the number of losses against a clean pass (must be 0), the peak memory in MB,
    and the failed expectations in sentences.
    """

    name: str
    inputs: int
    faults: int
    lost: int
    peak_mb: float
    failures: tuple[str, ...]
