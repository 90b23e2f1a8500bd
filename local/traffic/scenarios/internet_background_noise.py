"""What everybody on the Internet gets: hundreds of sources that try a port or two, and some that scan for hours and are
never answered. The former are nothing, the latter one digest, never a message each.
"""

from collections.abc import Iterator

from local.traffic.company.network import Host
from local.traffic.connections import Connection, Outcome
from local.traffic.scenario import Scenario
from local.traffic.scene import CUSTOMERS, NOISE, Scene, outcome_of_attempt, outside

SOURCES = 220
MAX_PROBES = 3
SCANNERS = (10, 11, 12)
SCANNER_PROBES = 40
PORTS = (21, 22, 23, 80, 81, 443, 445, 1433, 2323, 3306, 3389, 5060, 5555, 5900, 6379, 7547, 8080, 8443, 9200, 11211)
DATAGRAM_PORTS = (53, 123, 161, 389, 1900, 5060)
DATAGRAM_SHARE = 0.15


def noise(scene: Scene) -> Iterator[Connection]:
    random = scene.random
    for number in random.sample(range(1, 255), SOURCES):
        at = scene.any_moment()
        for _ in range(random.randint(1, MAX_PROBES)):
            yield _probe(scene, at, number)
            at += random.uniform(0, 60)
    for number in SCANNERS:
        yield from _scanner(scene, number)


def _probe(scene: Scene, at: float, number: int) -> Connection:
    source, host = outside(NOISE, number), scene.random.choice(scene.network.public_hosts())
    if scene.random.random() < DATAGRAM_SHARE:
        return scene.datagram(at, source, host, scene.random.choice(DATAGRAM_PORTS))
    return scene.attempt(at, source, host, scene.random.choice(closed_ports(host)))


def _scanner(scene: Scene, number: int) -> Iterator[Connection]:
    """Many ports on all public hosts, spread over the whole time, none of them open."""
    for _ in range(SCANNER_PROBES):
        host = scene.random.choice(scene.network.public_hosts())
        yield scene.attempt(
            scene.any_moment(), outside(CUSTOMERS, number), host, scene.random.choice(closed_ports(host))
        )


def closed_ports(host: Host) -> list[int]:
    """Those of the usual ports on which the Internet gets no answer from this host."""
    stranger = outside(NOISE, 1)
    return [port for port in PORTS if outcome_of_attempt(stranger, host, port) is not Outcome.ANSWERED]


INTERNET_BACKGROUND_NOISE = Scenario(
    name="internet_background_noise",
    what="Hundreds of outside sources with a probe or three each, and three scanners that nothing answers",
    plays={"office": noise, "shop": noise},
)
