"""Regular traffic of people and programs in the office and the shop. None of it may raise an alert: not the desktops
that try a removed print server, not the build server that polls its Git host all day, and not the administrator, who
logs in from a trusted network.
"""

import ipaddress
from collections.abc import Iterator

from local.traffic.company.network import ICMP, Host, HostKind, Network, Peer
from local.traffic.company.plan import TRUSTED_NETWORKS
from local.traffic.connections import Connection, Outcome, Volume
from local.traffic.scenario import Scenario
from local.traffic.scenario_context import SITES, ScenarioContext, outside

POPULAR_SITES = 40
GIT_HOST = outside(SITES, 201)
ADMINISTRATOR = Peer(TRUSTED_NETWORKS[0].partition("/")[0])
RETIRED_PRINT_SERVER = 10 * 256 + 250
IN_THE_DATA_CENTRE = "10.99.4.20"


def office(context: ScenarioContext) -> Iterator[Connection]:
    for desktop in context.network.named("desktop-"):
        yield from _desktop_traffic(context, desktop)
    for desktop in context.network.named("desktop-")[:2]:
        for at in context.every(1800):
            yield context.attempt(at, desktop, _retired_print_server(context.network), 9100, tries=4)
    yield from _office_servers(context)
    yield from _office_services(context)


def _desktop_traffic(context: ScenarioContext, desktop: Host) -> Iterator[Connection]:
    network, random = context.network, context.random
    directories = network.named("directory-")
    for at in context.every(480):
        yield context.query(at, desktop, random.choice(directories), 53)
        site = outside(SITES, random.randint(1, POPULAR_SITES))
        yield context.exchange(at + 0.1, desktop, site, 443, kilobytes=random.randint(5, 400))
    for at in context.every(1200):
        yield context.exchange(at, desktop, network.host("intranet"), 443, kilobytes=60)
    for at in context.every(3600):
        yield context.exchange(at, desktop, random.choice(directories), random.choice((88, 389)))
    for at in context.every(9000):
        yield context.session(at, desktop, network.host("files"), 445, random.uniform(300, 1500))


def _office_servers(context: ScenarioContext) -> Iterator[Connection]:
    host = context.network.host
    for at in context.every(240):
        yield context.exchange(at, host("intranet"), host("ledger"), 5432)
    for at in context.every(1800):
        yield context.exchange(at, host("report-mailer"), host("ledger"), 5432, kilobytes=300)
        yield _ping(context, at, host("build"), host("intranet"))
        yield context.exchange(at, host("build"), outside(SITES, 200), 443, kilobytes=900)
    for at in context.every(180):
        yield context.exchange(at, host("build"), GIT_HOST, 22, kilobytes=18)
    for at in context.every(300):
        yield context.exchange(at, context.customer(), host("mail"), context.random.choice((25, 443, 993)))
        yield context.exchange(at + 5, host("mail"), outside(SITES, context.random.randint(1, POPULAR_SITES)), 25)
    for at in context.every(5400):
        yield context.session(at, context.customer(), host("vpn"), 443, 1800)


def _office_services(context: ScenarioContext) -> Iterator[Connection]:
    """Traffic through AWS services: the portal's load balancer, the file system, the transit gateway."""
    network, host = context.network, context.network.host
    for at in context.every(300):
        yield context.exchange(at, context.random.choice(network.named("desktop-")), host("portal-a"), 80)
        yield context.exchange(at + 0.1, host("portal-a"), host("intranet"), 80)
    for at in context.every(900):
        yield context.session(at, host("files"), host("home-folders"), 2049, 120)
    for at in context.every(1200):
        yield context.exchange(at, host("build"), Peer(IN_THE_DATA_CENTRE), 443, kilobytes=200)


def shop(context: ScenarioContext) -> Iterator[Connection]:
    for at in context.every(60):
        yield from _order(context, at)
    for at in context.every(400):
        yield from _payment(context, at)
    yield from _shop_servers(context)
    yield from _shop_stores(context)


def _order(context: ScenarioContext, at: float) -> Iterator[Connection]:
    """A customer's request: load balancer, web server, API, database."""
    network, random = context.network, context.random
    front = random.choice(network.of_kind(HostKind.APPLICATION_LOAD_BALANCER))
    web, api = random.choice(network.named("web-")), random.choice(network.named("api-"))
    yield context.exchange(at, context.customer(), front, 443, kilobytes=40)
    yield context.exchange(at + 0.1, front, web, 8080, kilobytes=40)
    yield context.exchange(at + 0.2, web, api, 8080, kilobytes=20)
    yield context.exchange(at + 0.3, api, network.host("orders"), 5432)


def _payment(context: ScenarioContext, at: float) -> Iterator[Connection]:
    balancer = context.random.choice(context.network.of_kind(HostKind.NETWORK_LOAD_BALANCER))
    server = context.network.host(context.random.choice(("payments-1", "payments-2")))
    yield context.exchange(at, context.customer(), balancer, 443)
    yield context.exchange(at + 0.1, balancer, server, 9443)
    yield context.exchange(at + 0.2, server, outside(SITES, 210), 443)


def _shop_servers(context: ScenarioContext) -> Iterator[Connection]:
    network, host = context.network, context.network.host
    for number, worker in enumerate(network.named("worker-")):
        for at in context.every(300):
            yield context.exchange(at, worker, host("orders"), 5432, kilobytes=30)
        for at in context.every(1500):
            yield context.exchange(at, worker, outside(SITES, 220 + number), 443)
    for at in context.every(300):
        yield context.exchange(at, context.random.choice(network.named("api-")), host("search"), 9200)
    for at in context.every(1800):
        yield context.exchange(at, host("orders-export"), host("orders"), 5432, kilobytes=500)
    for at in context.every(7200):
        yield context.session(at, ADMINISTRATOR, host("bastion"), 22, 900)
        yield context.session(at + 5, host("bastion"), context.random.choice(network.named("web-")), 22, 850)


def _shop_stores(context: ScenarioContext) -> Iterator[Connection]:
    """Clients of the cache, the catalogue, the data warehouse and the secrets endpoint."""
    host, apis = context.network.host, context.network.named("api-")
    for at in context.every(240):
        yield context.exchange(at, context.random.choice(apis), host("orders-cache"), 6379, kilobytes=2)
    for at in context.every(400):
        yield context.exchange(at, context.random.choice(apis), host("recommendations"), 8080)
        yield context.exchange(at + 0.1, host("recommendations"), host("catalogue"), 443, kilobytes=30)
    for worker in context.network.named("worker-"):
        for at in context.every(1800):
            yield context.exchange(at, worker, host("secrets"), 443, kilobytes=2)
            yield context.exchange(at + 1, worker, host("sales"), 5439, kilobytes=400)


def _ping(context: ScenarioContext, at: float, client: Host, server: Host) -> Connection:
    packets = context.random.randint(3, 5)
    echo = Volume(packets, 84 * packets)
    return Connection(at, client, server, 0, 0, Outcome.ANSWERED, echo, echo, ICMP, packets - 1.0)


def _retired_print_server(network: Network) -> Peer:
    return Peer(str(ipaddress.ip_network(network.cidr)[RETIRED_PRINT_SERVER]))


QUIET_OFFICE_HOURS = Scenario(
    name="quiet_office_hours",
    description="Desk work, mail, orders and payments; a few clients of a removed server",
    traffic={"office": office, "shop": shop},
)
