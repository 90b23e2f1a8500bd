"""An hour of 100, 1,000 and 10,000 network interfaces by each way in: what a record takes of time, calls and dollars
must not grow with their number.

The functions run on AWS in memory, in simulated time. Of the hour, three million records of 10,000 interfaces, a part
is processed (PARTS), after as much that warms up; the rest is alike. With little time, as in the test suite, fewer
interfaces are compared. `python -m campaigns.load` writes the figures that docs/cost.md shows.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.cost.load import OBJECT_MINUTES, RECORDS_A_MINUTE, Part, batch_of, loads
from campaigns.process_memory import peak_mb
from campaigns.report import Report
from docs.markdown import table
from local.cost.lines import Plan
from local.cost.load import FILE, HEADER, MOST_SLOPE, WAYS, Loads
from local.cost.measured import measured

PARTS = {100: Part(4, 80, 4), 1_000: Part(2, 80, 2), 10_000: Part(1, 80, 2)}
FEW_PARTS = {20: Part(1, 4, 1), 100: Part(1, 4, 1)}
MIN_SECONDS = 60.0
"""From here on all of PARTS runs, which takes some minutes."""
TIME_SLOPE, SLOPE_OF_FEW = 1.15, 2.0
"""What is allowed for time, which other processes disturb; and for all three where few sources are processed."""


def run(seconds: float, seed: int) -> Report:  # noqa: ARG001 - the traffic is that of `make cost`, of one seed
    """Prints the table of all ways in."""
    is_whole = seconds >= MIN_SECONDS
    parts = PARTS if is_whole else FEW_PARTS
    found = Loads.of(figures(parts))
    for line in table(HEADER, found.rows(measured(), Plan())):
        print(f"    {line}")
    most = (TIME_SLOPE, MOST_SLOPE, MOST_SLOPE) if is_whole else (SLOPE_OF_FEW,) * 3
    return Report("load", _records(parts), 0, 0, peak_mb(), tuple(_failures(found, most)))


def figures(parts: Mapping[int, Part]) -> dict[str, Any]:
    """What `local/cost/load.json` has."""
    return {
        "measured_on": time.strftime("%Y-%m-%d", time.gmtime()),
        "records_a_minute": RECORDS_A_MINUTE,
        "loads": loads(parts),
    }


def _records(parts: Mapping[int, Part]) -> int:
    """Records that were processed, those that warm up among them."""
    each = (
        part.objects * interfaces * OBJECT_MINUTES + part.payloads + part.batches * batch_of(interfaces)
        for interfaces, part in parts.items()
    )
    return 2 * RECORDS_A_MINUTE * sum(each)


def _failures(found: Loads, most: Sequence[float]) -> Iterator[str]:
    """What of time, calls and dollars grows by more than allowed."""
    for load in found.loads:
        slope = found.slope(load, measured(), Plan())
        slopes = {"time": slope.time, "calls": slope.calls, "dollars": slope.dollars}
        for (what, times), bound in zip(slopes.items(), most, strict=True):
            if times > bound:
                yield f"{WAYS[load.way]}, {load.interfaces:,} interfaces: {times:.2f} times the {what} of a record"


def main() -> None:
    begun = time.monotonic()
    FILE.write_text(json.dumps(figures(PARTS), indent=2) + "\n")
    print(f"{FILE.name} written in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
