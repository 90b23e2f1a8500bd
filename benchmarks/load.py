"""Whether a record takes more calls and dollars where more interfaces are logged: the short form of `make load`.

Time is left to `make load`: the accounts are measured one after the other, and other processes disturb one of them.
"""

from collections.abc import Iterator

from benchmarks.cost.load import RECORDS_A_MINUTE, Part, loads
from benchmarks.guard.rows import Row, at_most
from local.cost.lines import Plan
from local.cost.load import MOST_SLOPE, WAYS, Loads
from local.cost.measured import measured

FEW, MANY = 100, 1_000
PART = Part(objects=1, payloads=20, batches=1)


def rows() -> Iterator[Row]:
    """For each way in, the DynamoDB and S3 calls of a thousand records and the dollars of a TB."""
    found = Loads.of({"measured_on": "", "records_a_minute": RECORDS_A_MINUTE, "loads": loads({FEW: PART, MANY: PART})})
    given, plan = measured(), Plan()
    for load in (each for each in found.loads if each.interfaces == MANY):
        subject, of, slope = (
            f"{MANY:,} interfaces, {WAYS[load.way]}",
            f"{FEW} interfaces",
            found.slope(load, given, plan),
        )
        calls = load.calls("dynamodb") + load.calls("s3")
        yield Row(f"{subject}: calls of 1,000 records", calls, "", slope.calls, of, at_most(MOST_SLOPE))
        yield Row(f"{subject}: a TB", load.dollars(given, plan), "$", slope.dollars, of, at_most(MOST_SLOPE))
