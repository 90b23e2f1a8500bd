"""The background noise of the internet: hundreds of sources that try one to three ports, and a few scanners that are
never answered. The former raise nothing; the latter are lines in one digest, never a message each.
"""

from collections.abc import Iterator

from local.traffic.company.network import Host
from local.traffic.connections import Connection, Outcome
from local.traffic.scenario import Scenario
from local.traffic.scenario_context import CUSTOMERS, NOISE, ScenarioContext, outcome_of_attempt, outside

SOURCES = 220
MAX_PROBES = 3
SCANNERS = (10, 11, 12)
SCANNER_PROBES = 40
PORTS = (21, 22, 23, 80, 81, 443, 445, 1433, 2323, 3306, 3389, 5060, 5555, 5900, 6379, 7547, 8080, 8443, 9200, 11211)
DATAGRAM_PORTS = (53, 123, 161, 389, 1900, 5060)
DATAGRAM_SHARE = 0.15


def noise(context: ScenarioContext) -> Iterator[Connection]:
    random = context.random
    for number in random.sample(range(1, 255), SOURCES):
        at = context.any_moment()
        for _ in range(random.randint(1, MAX_PROBES)):
            yield _probe(context, at, number)
            at += random.uniform(0, 60)
    for number in SCANNERS:
        yield from _scanner(context, number)


def _probe(context: ScenarioContext, at: float, number: int) -> Connection:
    source, host = outside(NOISE, number), context.random.choice(context.network.public_hosts())
    if context.random.random() < DATAGRAM_SHARE:
        return context.datagram(at, source, host, context.random.choice(DATAGRAM_PORTS))
    return context.attempt(at, source, host, context.random.choice(closed_ports(host)))


def _scanner(context: ScenarioContext, number: int) -> Iterator[Connection]:
    """Probes of many closed ports on all public hosts, spread over the whole period."""
    for _ in range(SCANNER_PROBES):
        host = context.random.choice(context.network.public_hosts())
        yield context.attempt(
            context.any_moment(), outside(CUSTOMERS, number), host, context.random.choice(closed_ports(host))
        )


def closed_ports(host: Host) -> list[int]:
    """The ports of PORTS on which this host does not answer the internet."""
    client = outside(NOISE, 1)
    return [port for port in PORTS if outcome_of_attempt(client, host, port) is not Outcome.ANSWERED]


INTERNET_BACKGROUND_NOISE = Scenario(
    name="internet_background_noise",
    description="Hundreds of outside sources with one to three probes each, and three scanners without answers",
    traffic={"office": noise, "shop": noise},
)
