"""What a campaign tried, and what came of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """`inputs` and `faults` that were tried; `lost` things that should have been kept; the most memory of a process, in
    MB; and a sentence for each of the first failures: none where all that is promised holds.
    """

    name: str
    inputs: int
    faults: int
    lost: int
    peak_mb: float
    failures: tuple[str, ...]
