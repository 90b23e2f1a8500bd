"""The costs that README.md, comparison.md and the examples state: as cost.md has them."""
# ruff: noqa: INP001 - a script beside the pages it writes; only docs/generate.py imports it

import re
from collections.abc import Iterator

from docs.cost_reference import RECORDS, TERABYTE, dollars, volume_of
from docs.markdown import table
from local.cost.lines import Plan, of_aws, through_cloudwatch, through_s3, total
from local.cost.measured import measured
from local.cost.options import fixed
from stacks.prices.meter import GB_IN_TB

TABLE = re.compile(r"(?<=<!-- costs -->\n).*?(?=\n<!-- end -->)", re.DOTALL)
AMOUNT = r"\$[0-9.]+(?= {})"
"""A sum before a phrase that says what it is for; the phrase may be broken into two lines."""


def with_costs(page: str) -> str:
    """The page with the sums before the phrases, and the table of 100 interfaces, as they are now."""
    for phrase, amount in phrases().items():
        pattern = AMOUNT.format(re.escape(phrase).replace(r"\ ", r"\s"))
        page = re.sub(pattern, amount, page)
    return TABLE.sub(lambda _: "\n".join(cost_table()), page)


def phrases() -> dict[str, str]:
    """The sum that stands before each phrase, on every page."""
    given, plan = measured(), Plan()
    s3, cloudwatch = (way(TERABYTE, given, plan) for way in (through_s3, through_cloudwatch))
    stream = sum(line.dollars for line in cloudwatch if line.what == "Kinesis: the stream")
    return {
        "per GB of flow logs in S3": a_gb(total(s3)),
        "per GB of flow logs in CloudWatch Logs": a_gb(total(cloudwatch)),
        "per GB that S3 has already": a_gb(total(s3) - of_aws(s3)),
        "per GB that CloudWatch Logs has already": a_gb(total(cloudwatch) - of_aws(cloudwatch)),
        "a month whatever the traffic": f"${a_month():.0f}",
        "a month for a data stream": f"${stream:.0f}",
    }


def a_gb(dollars_of_a_terabyte: float) -> str:
    return dollars(dollars_of_a_terabyte / GB_IN_TB)


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
