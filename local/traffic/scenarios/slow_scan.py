"""A worker that was taken over tries one port of the search server every few minutes, for hours, a single SYN each. Any
rule with a window of an hour misses it. High: from inside to inside.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import Scene

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


def scan(scene: Scene) -> Iterator[Connection]:
    worker, target = scene.network.host("worker-2"), scene.network.host("search")
    ports = scene.random.sample(ALL_PORTS, len(ALL_PORTS))
    for at, port in zip(scene.every(SECONDS_BETWEEN), ports, strict=False):
        yield scene.attempt(at, worker, target, port)


SLOW_SCAN = Scenario(
    name="slow_scan",
    what="A worker tries one port of the search server every few minutes, for hours",
    plays={"shop": scan},
    alerts={"shop": (Alert("port_scan", "worker-2", Severity.HIGH),)},
)
