"""Load balancers ask their targets whether they live. Some don't: containers that are gone leave twenty dead ports on a
host, and a security group forgot a check port. Checks are what load balancers are for: never their own alert.
"""

from collections.abc import Iterator

from local.traffic.company.network import HostKind
from local.traffic.connections import Connection
from local.traffic.scenario import Scenario
from local.traffic.scene import Scene

LIVE_TARGETS = ("web-1", "web-2", "web-4")
DEAD_PORTS = range(32768, 32788)
FORGOTTEN_PORT = 9444


def checks(scene: Scene) -> Iterator[Connection]:
    host = scene.network.host
    for balancer in scene.network.of_kind(HostKind.APPLICATION_LOAD_BALANCER):
        for name in LIVE_TARGETS:
            for at in scene.every(240):
                yield scene.attempt(at, balancer, host(name), 8080)
        for port in DEAD_PORTS:
            for at in scene.every(1800):
                yield scene.attempt(at, balancer, host("web-5"), port)
    for balancer in scene.network.of_kind(HostKind.NETWORK_LOAD_BALANCER):
        for at in scene.every(300):
            yield scene.attempt(at, balancer, host("payments-1"), 9443)
            yield scene.attempt(at, balancer, host("payments-2"), FORGOTTEN_PORT, tries=3)


LOAD_BALANCER_HEALTH_CHECKS = Scenario(
    name="load_balancer_health_checks",
    what="Load balancers check live targets and dead ones",
    plays={"shop": checks},
)
