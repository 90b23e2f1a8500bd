"""Hours as the columns of a chart, and as a line of text."""

from collections.abc import Sequence
from typing import NamedTuple

from local.report.flow_sums import SECONDS_AN_HOUR
from local.report.report import Hour

BLOCKS = "▁▂▃▄▅▆▇█"
NOTHING = " "


class Columns(NamedTuple):
    """Sums of as many hours each, `hours`; `starts` are the Unix seconds in which they begin."""

    hours: int
    starts: Sequence[int]
    bytes: Sequence[int]
    refused: Sequence[int]

    @property
    def in_words(self) -> str:
        """`an hour`, or `7 hours`."""
        return "an hour" if self.hours == 1 else f"{self.hours} hours"


def columns_of(hours: Sequence[Hour], most: int) -> Columns:
    """At most `most` columns, from the first to the last hour, those without records too. `hours` are in order."""
    if not hours:
        return Columns(1, (), (), ())
    first = hours[0].hour
    span = (hours[-1].hour - first) // SECONDS_AN_HOUR + 1
    width = -(-span // most)
    number = -(-span // width)
    sent, refused = [0] * number, [0] * number
    for each in hours:
        at = (each.hour - first) // SECONDS_AN_HOUR // width
        sent[at] += each.bytes
        refused[at] += each.refused
    return Columns(width, [first + at * width * SECONDS_AN_HOUR for at in range(number)], sent, refused)


def sparkline(values: Sequence[int]) -> str:
    """A block for each value, as high as it is large; a space for 0."""
    most = max(values, default=0)
    return "".join(BLOCKS[(each * len(BLOCKS) - 1) // most] if each > 0 else NOTHING for each in values)
