"""The costs that README.md and comparison.md state: as cost.md has them."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import re
from collections.abc import Iterator

from docs.cost_reference import RECORDS, TERABYTE, dollars, volume_of
from docs.markdown import table
from local.cost.lines import Plan, through_cloudwatch, through_s3, total
from local.cost.measured import measured
from local.cost.options import fixed
from stacks.prices.meter import GB_IN_TB

A_GB = re.compile(r"\$[0-9.]+ per GB of flow logs in S3")
A_MONTH = re.compile(r"about \$[0-9]+ a month(?=\. \[The arithmetic\])")
TABLE = re.compile(r"(?<=<!-- costs -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


def with_costs(page: str) -> str:
    """The page with the cost of a GB, of a month and of 100 interfaces as they are now."""
    given, plan = measured(), Plan()
    a_gb = f"{dollars(total(through_s3(TERABYTE, given, plan)) / GB_IN_TB)} per GB of flow logs in S3"
    page = A_MONTH.sub(lambda _: f"about ${a_month():.0f} a month", A_GB.sub(lambda _: a_gb, page))
    return TABLE.sub(lambda _: "\n".join(cost_table()), page)


def a_month() -> float:
    """The dollars that a deployment costs in a month, whatever its traffic."""
    return total(list(fixed(measured(), Plan())))


def cost_table() -> Iterator[str]:
    """A row for each rate of records, of 100 interfaces in two VPCs; and what comes to it."""
    given, plan = measured(), Plan()
    ways = through_s3, through_cloudwatch
    rows = []
    for name, rate in RECORDS.items():
        volume = volume_of(rate, given)
        sums = (dollars(total(way(volume, given, plan))) for way in ways)
        rows.append((f"{name}: {rate} a minute each, {volume.gigabytes:.0f} GB", *sums))
    rows.append(("and whatever the traffic", dollars(a_month()), dollars(a_month())))
    yield from table(("100 interfaces, a month", "to S3", "to CloudWatch Logs"), rows)
