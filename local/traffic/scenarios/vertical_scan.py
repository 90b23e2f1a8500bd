"""An internet source scans many ports of the mail server in two minutes and then connects to the open ones. MEDIUM:
some ports answered.
"""

from collections.abc import Iterator

from flowsentry.findings.finding import Severity
from local.traffic.company.plan import MAIL_PORTS
from local.traffic.connections import Connection
from local.traffic.scenario import Alert, Scenario
from local.traffic.scenario_context import CUSTOMERS, ScenarioContext, outside

ATTACKER = outside(CUSTOMERS, 66)
PORTS = (*range(20, 124), *MAIL_PORTS[1:], 1433, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 27017)
SCAN_SECONDS, PAUSE_SECONDS = 120, 60


def scan(context: ScenarioContext) -> Iterator[Connection]:
    target, started = context.network.host("mail"), context.moment(0.35)
    for port in context.random.sample(PORTS, len(PORTS)):
        yield context.attempt(started + context.random.uniform(0, SCAN_SECONDS), ATTACKER, target, port)
    for number, port in enumerate(MAIL_PORTS, 1):
        yield context.exchange(started + SCAN_SECONDS + number * PAUSE_SECONDS, ATTACKER, target, port, kilobytes=2)


VERTICAL_SCAN = Scenario(
    name="vertical_scan",
    description="An outside source scans the ports of the mail server, which answers on four of them",
    traffic={"office": scan},
    alerts={"office": (Alert("port_scan", ATTACKER.address, Severity.MEDIUM),)},
)
