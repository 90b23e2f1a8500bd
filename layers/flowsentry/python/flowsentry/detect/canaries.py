"""A canary came through: a record that the notifier wrote, so that its alert proves that alerts arrive.

Why it matters: a deployment of which nothing is heard may be quiet or broken. The test alert shows that records reach
the functions, that findings are stored, and who gets alerts.
Innocent look-alikes: none. AWS gives no interface the ID of a canary, and whoever may write flow logs may do worse.
ATT&CK: none.
"""

import polars as pl

from flowsentry.findings.canary import INTERFACE_PREFIX, Canary
from flowsentry.findings.drafts import Draft
from flowsentry.frames import CaptureGaps


def canaries(capture_gaps: CaptureGaps) -> list[Draft]:
    """The finding of each canary among the NODATA records."""
    if capture_gaps.is_empty():
        return []
    interface = pl.col("interface").cast(pl.String)
    marked = capture_gaps.filter(pl.col("nodata") > 0, interface.str.starts_with(INTERFACE_PREFIX))
    named = sorted(set(marked["interface"].cast(pl.String)))
    return [Draft.without_ends(canary.finding) for canary in map(Canary.of_interface, named) if canary]
