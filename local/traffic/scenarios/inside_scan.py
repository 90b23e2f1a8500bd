"""A desktop scans its own network in four minutes: all hosts, some ports each, in random order. Most probes are
rejected, some refused, a few answered. High: from inside to inside.
"""

from collections.abc import Iterator

from flowsentry.findings import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import Scene

SCANNER = "desktop-07"
PORTS = (22, 139, 445, 1433, 3306, 3389, 5432, 5985)
SCAN_SECONDS = 240


def scan(scene: Scene) -> Iterator[Connection]:
    """Two SYNs for each silent port, as nmap sends them: fewer than a client that really wants to connect."""
    scanner, started = scene.network.host(SCANNER), scene.moment(0.7)
    targets = [(host, port) for host in scene.network.hosts if host is not scanner for port in PORTS]
    for host, port in scene.random.sample(targets, len(targets)):
        yield scene.attempt(started + scene.random.uniform(0, SCAN_SECONDS), scanner, host, port, tries=2)


INSIDE_SCAN = Scenario(
    name="inside_scan",
    what="A desktop scans all hosts of its network",
    plays={"office": scan},
    alerts={"office": (Alert("network_scan", SCANNER, Severity.HIGH),)},
)
