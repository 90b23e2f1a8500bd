"""A source on the Internet tries many ports of the mail server in two minutes, finds some open, and comes back to
those. Medium: something answered.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.company.plan import MAIL_PORTS
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scene import CUSTOMERS, Scene, outside

ATTACKER = outside(CUSTOMERS, 66)
PORTS = (*range(20, 124), *MAIL_PORTS[1:], 1433, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 27017)
SCAN_SECONDS, PAUSE_SECONDS = 120, 60


def scan(scene: Scene) -> Iterator[Connection]:
    target, started = scene.network.host("mail"), scene.moment(0.35)
    for port in scene.random.sample(PORTS, len(PORTS)):
        yield scene.attempt(started + scene.random.uniform(0, SCAN_SECONDS), ATTACKER, target, port)
    for number, port in enumerate(MAIL_PORTS, 1):
        yield scene.talk(started + SCAN_SECONDS + number * PAUSE_SECONDS, ATTACKER, target, port, kilobytes=2)


VERTICAL_SCAN = Scenario(
    name="vertical_scan",
    what="An outside source scans the ports of the mail server, which answers on four of them",
    plays={"office": scan},
    alerts={"office": (Alert("port_scan", ATTACKER.address, Severity.MEDIUM),)},
)
