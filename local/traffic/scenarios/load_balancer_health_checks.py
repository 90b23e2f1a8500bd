"""Health checks of load balancers. Some fail: stopped containers leave twenty closed ports on a host, and a security
group does not allow one check port. Health checks must never raise an alert.
"""

from collections.abc import Iterator

from local.traffic.company.network import HostKind
from local.traffic.connections import Connection
from local.traffic.scenario import Scenario
from local.traffic.scenario_context import ScenarioContext

HEALTHY_TARGETS = ("web-1", "web-2", "web-4")
CLOSED_PORTS = range(32768, 32788)
BLOCKED_PORT = 9444


def checks(context: ScenarioContext) -> Iterator[Connection]:
    host = context.network.host
    for balancer in context.network.of_kind(HostKind.APPLICATION_LOAD_BALANCER):
        for name in HEALTHY_TARGETS:
            for at in context.every(240):
                yield context.attempt(at, balancer, host(name), 8080)
        for port in CLOSED_PORTS:
            for at in context.every(1800):
                yield context.attempt(at, balancer, host("web-5"), port)
    for balancer in context.network.of_kind(HostKind.NETWORK_LOAD_BALANCER):
        for at in context.every(300):
            yield context.attempt(at, balancer, host("payments-1"), 9443)
            yield context.attempt(at, balancer, host("payments-2"), BLOCKED_PORT, tries=3)


LOAD_BALANCER_HEALTH_CHECKS = Scenario(
    name="load_balancer_health_checks",
    description="Load balancers check healthy and unhealthy targets",
    traffic={"shop": checks},
)
