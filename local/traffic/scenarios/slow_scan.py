"""A compromised worker tries one port of the search server every few minutes for hours, with one SYN each. A rule with
a window of one hour misses it. HIGH: the scan is internal.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import ScenarioContext

SECONDS_BETWEEN = 420
PORTS = (*range(20, 26), 53, 80, 81, 111, 135, 139, 143, 389, 443, 445, 636, 873, 993, 1099, 1433, 1521, 2049, 2181)
MORE_PORTS = (
    2375,
    3000,
    3306,
    3389,
    4369,
    5000,
    5432,
    5601,
    5672,
    5900,
    5984,
    6379,
    6443,
    7001,
    7077,
    8000,
    8080,
    8081,
)
ALL_PORTS = (*PORTS, *MORE_PORTS, 8443, 8500, 8888, 9000, 9042, 9092, 9300, 10250, 11211, 15672, 27017, 50070)


def scan(context: ScenarioContext) -> Iterator[Connection]:
    worker, target = context.network.host("worker-2"), context.network.host("search")
    ports = context.random.sample(ALL_PORTS, len(ALL_PORTS))
    for at, port in zip(context.every(SECONDS_BETWEEN), ports, strict=False):
        yield context.attempt(at, worker, target, port)


SLOW_SCAN = Scenario(
    name="slow_scan",
    description="A worker tries one port of the search server every few minutes, for hours",
    traffic={"shop": scan},
    alerts={"shop": (Alert("port_scan", "worker-2", Severity.HIGH),)},
)
