"""A desktop scans all hosts of its network except desktops in four minutes, five ports each, in random order. Most
probes are rejected, some refused, a few answered. HIGH: the scan is internal.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import ScenarioContext

SCANNER = "desktop-07"
PORTS = (22, 445, 3389, 5432, 5985)
"""Five ports of thirteen hosts are neither a host sweep nor a port scan, even when only the first dozen probes are
known, or those at two hosts. More hosts would be a sweep, more ports a port scan of those two.
"""
SCAN_SECONDS = 240


def scan(context: ScenarioContext) -> Iterator[Connection]:
    """Two SYNs for each silent port, as nmap sends; fewer than a regular client."""
    network, started = context.network, context.moment(0.7)
    desktops = network.named("desktop-")
    hosts = [host for host in network.hosts if host not in desktops]
    targets = [(host, port) for host in hosts for port in PORTS]
    for host, port in context.random.sample(targets, len(targets)):
        at = started + context.random.uniform(0, SCAN_SECONDS)
        yield context.attempt(at, network.host(SCANNER), host, port, tries=2)


INSIDE_SCAN = Scenario(
    name="inside_scan",
    description="A desktop scans the servers and gateways of its network",
    traffic={"office": scan},
    alerts={"office": (Alert("network_scan", SCANNER, Severity.HIGH),)},
)
