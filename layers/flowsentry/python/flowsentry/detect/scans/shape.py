"""What a scan looks like: the numbers of hosts and ports it tried."""

from collections.abc import Callable
from dataclasses import dataclass

MOSTLY = 3
"""How many times more of one thing than of the other makes it the scan's direction. Higher: more scans are called
network scans. Lower: a scan of a few ports on a few hosts is called a sweep or a port scan by chance."""


@dataclass(frozen=True, slots=True)
class ScanShape:
    """A kind of scan. `fits` takes the numbers of distinct hosts and ports that failed; `verb` completes «SOURCE … »;
    `technique` is the ATT&CK id.
    """

    kind: str
    verb: str
    technique: str
    fits: Callable[[int, int], bool]
