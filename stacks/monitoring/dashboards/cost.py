"""What the functions, their logs and the tables have cost in the time range: list prices times what AWS measured."""

from collections.abc import Iterator, Sequence

from stacks.monitoring.dashboards.lines import of_function
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.dashboards.widgets import HALF, Expression, Graph, Line, Section
from stacks.prices.logs import INGESTED
from stacks.prices.meter import AS_OF, BYTES_IN_GB
from stacks.prices.services import DYNAMODB_READS, DYNAMODB_WRITES, LAMBDA_ARM64, LAMBDA_REQUESTS, LAMBDA_X86_64

MILLISECONDS = 1_000
NORMAL = """\
Most of it is the time of a processor. List prices of {region} of {as_of}, without free tiers; what AWS charges for \
flow logs, storage, queues, alarms and metrics is in docs/cost.md."""


def cost_so_far(watched: Watched) -> Section:
    """Dollars by part, as numbers for the time range and as a graph."""
    parts = {
        "functions": [*_compute(watched), *_invocations(watched)],
        "logs of the functions": list(_logs(watched)),
        "tables": [*_tables(watched, "Read"), *_tables(watched, "Write")],
    }
    hidden = [line for lines in parts.values() for line, _ in lines]
    sums = [Expression(_dollars(lines), f"{part} ($)", id=f"part{n}") for n, (part, lines) in enumerate(parts.items())]
    return Section(
        "What does it cost?",
        NORMAL.format(region=watched.prices.region, as_of=AS_OF),
        (
            Graph("Cost in this time range ($)", [*hidden, *sums], HALF, as_number=True),
            Graph("Cost every 5 minutes ($)", [*hidden, *sums], HALF, stacked=True),
        ),
    )


Priced = tuple[Line, float]
"""A metric that is not drawn, and dollars for a unit of it."""


def _compute(watched: Watched) -> Iterator[Priced]:
    second = (LAMBDA_ARM64 if watched.architecture == "arm64" else LAMBDA_X86_64).quote(watched.prices.region).usd
    for service, megabytes in watched.megabytes.items():
        line = of_function("Duration", watched.functions[service], "Sum", service)
        yield line.for_expressions(f"time_{service}"), second * megabytes / 1024 / MILLISECONDS


def _invocations(watched: Watched) -> Iterator[Priced]:
    for service, name in watched.functions.items():
        line = of_function("Invocations", name, "Sum", service)
        yield line.for_expressions(f"calls_{service}"), LAMBDA_REQUESTS.quote(watched.prices.region).usd


def _logs(watched: Watched) -> Iterator[Priced]:
    """Bytes that were ingested.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    """
    for service, name in watched.log_groups.items():
        line = Line("AWS/Logs", "IncomingBytes", {"LogGroupName": name}, service)
        yield line.for_expressions(f"logs_{service}"), INGESTED.quote(watched.prices.region).usd / BYTES_IN_GB


def _tables(watched: Watched, access: str) -> Iterator[Priced]:
    """Units that were read or written.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    """
    price = (DYNAMODB_READS if access == "Read" else DYNAMODB_WRITES).quote(watched.prices.region).usd
    for table, name in watched.tables.items():
        line = Line("AWS/DynamoDB", f"Consumed{access}CapacityUnits", {"TableName": name}, table)
        yield line.for_expressions(f"{access.lower()}_{table}"), price


def _dollars(parts: Sequence[Priced]) -> str:
    """Metric math; a metric without data counts as 0.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    return " + ".join(f"FILL({line.id}, 0) * {price:.12f}" for line, price in parts)
