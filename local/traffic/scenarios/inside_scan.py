"""A desktop scans its own network in four minutes: all that is no desktop, five ports each, in random order.
Most probes are rejected, some refused, a few answered. High: from inside to inside.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import Scene

SCANNER = "desktop-07"
PORTS = (22, 445, 3389, 5432, 5985)
"""Five ports of thirteen hosts are neither a sweep nor a port scan, also when only the first dozen probes are known, or
those at two of the hosts. More hosts would be a sweep, more ports a port scan of those two.
"""
SCAN_SECONDS = 240


def scan(scene: Scene) -> Iterator[Connection]:
    """Two SYNs for each silent port, as nmap sends them: fewer than a client that really wants to connect."""
    network, started = scene.network, scene.moment(0.7)
    desktops = network.named("desktop-")
    hosts = [host for host in network.hosts if host not in desktops]
    targets = [(host, port) for host in hosts for port in PORTS]
    for host, port in scene.random.sample(targets, len(targets)):
        at = started + scene.random.uniform(0, SCAN_SECONDS)
        yield scene.attempt(at, network.host(SCANNER), host, port, tries=2)


INSIDE_SCAN = Scenario(
    name="inside_scan",
    what="A desktop scans the servers and gateways of its network",
    plays={"office": scan},
    alerts={"office": (Alert("network_scan", SCANNER, Severity.HIGH),)},
)
