"""People and programs at work, in the office and in the shop. Nothing here is worth an alert: not the desktops that
still look for a print server which is long gone, not the build server that asks its git host all day, and not the
administrator, who logs in from a network that is trusted.
"""

import ipaddress
from collections.abc import Iterator

from local.traffic.company.network import ICMP, Host, HostKind, Network, Peer
from local.traffic.company.plan import TRUSTED_NETWORKS
from local.traffic.connections import Connection, Outcome, Volume
from local.traffic.scenario import Scenario
from local.traffic.scene import SITES, Scene, outside

POPULAR_SITES = 40
GIT_HOST = outside(SITES, 201)
ADMINISTRATOR = Peer(TRUSTED_NETWORKS[0].partition("/")[0])
RETIRED_PRINT_SERVER = 10 * 256 + 250
IN_THE_DATA_CENTRE = "10.99.4.20"


def office(scene: Scene) -> Iterator[Connection]:
    for desktop in scene.network.named("desktop-"):
        yield from _desk_work(scene, desktop)
    for desktop in scene.network.named("desktop-")[:2]:
        for at in scene.every(1800):
            yield scene.attempt(at, desktop, _retired_print_server(scene.network), 9100, tries=4)
    yield from _office_servers(scene)
    yield from _office_passes_on(scene)


def _desk_work(scene: Scene, desktop: Host) -> Iterator[Connection]:
    network, random = scene.network, scene.random
    directories = network.named("directory-")
    for at in scene.every(480):
        yield scene.ask(at, desktop, random.choice(directories), 53)
        site = outside(SITES, random.randint(1, POPULAR_SITES))
        yield scene.talk(at + 0.1, desktop, site, 443, kilobytes=random.randint(5, 400))
    for at in scene.every(1200):
        yield scene.talk(at, desktop, network.host("intranet"), 443, kilobytes=60)
    for at in scene.every(3600):
        yield scene.talk(at, desktop, random.choice(directories), random.choice((88, 389)))
    for at in scene.every(9000):
        yield scene.session(at, desktop, network.host("files"), 445, random.uniform(300, 1500))


def _office_servers(scene: Scene) -> Iterator[Connection]:
    host = scene.network.host
    for at in scene.every(240):
        yield scene.talk(at, host("intranet"), host("ledger"), 5432)
    for at in scene.every(1800):
        yield scene.talk(at, host("report-mailer"), host("ledger"), 5432, kilobytes=300)
        yield _ping(scene, at, host("build"), host("intranet"))
        yield scene.talk(at, host("build"), outside(SITES, 200), 443, kilobytes=900)
    for at in scene.every(180):
        yield scene.talk(at, host("build"), GIT_HOST, 22, kilobytes=18)
    for at in scene.every(300):
        yield scene.talk(at, scene.customer(), host("mail"), scene.random.choice((25, 443, 993)))
        yield scene.talk(at + 5, host("mail"), outside(SITES, scene.random.randint(1, POPULAR_SITES)), 25)
    for at in scene.every(5400):
        yield scene.session(at, scene.customer(), host("vpn"), 443, 1800)


def _office_passes_on(scene: Scene) -> Iterator[Connection]:
    """What goes through things of AWS's: the portal's balancer, the file system, the way to the data centre."""
    network, host = scene.network, scene.network.host
    for at in scene.every(300):
        yield scene.talk(at, scene.random.choice(network.named("desktop-")), host("portal-a"), 80)
        yield scene.talk(at + 0.1, host("portal-a"), host("intranet"), 80)
    for at in scene.every(900):
        yield scene.session(at, host("files"), host("home-folders"), 2049, 120)
    for at in scene.every(1200):
        yield scene.talk(at, host("build"), Peer(IN_THE_DATA_CENTRE), 443, kilobytes=200)


def shop(scene: Scene) -> Iterator[Connection]:
    for at in scene.every(60):
        yield from _order(scene, at)
    for at in scene.every(400):
        yield from _payment(scene, at)
    yield from _shop_servers(scene)
    yield from _shop_stores(scene)


def _order(scene: Scene, at: float) -> Iterator[Connection]:
    """A customer's click: load balancer, web server, API, database."""
    network, random = scene.network, scene.random
    front = random.choice(network.of_kind(HostKind.APPLICATION_LOAD_BALANCER))
    web, api = random.choice(network.named("web-")), random.choice(network.named("api-"))
    yield scene.talk(at, scene.customer(), front, 443, kilobytes=40)
    yield scene.talk(at + 0.1, front, web, 8080, kilobytes=40)
    yield scene.talk(at + 0.2, web, api, 8080, kilobytes=20)
    yield scene.talk(at + 0.3, api, network.host("orders"), 5432)


def _payment(scene: Scene, at: float) -> Iterator[Connection]:
    balancer = scene.random.choice(scene.network.of_kind(HostKind.NETWORK_LOAD_BALANCER))
    server = scene.network.host(scene.random.choice(("payments-1", "payments-2")))
    yield scene.talk(at, scene.customer(), balancer, 443)
    yield scene.talk(at + 0.1, balancer, server, 9443)
    yield scene.talk(at + 0.2, server, outside(SITES, 210), 443)


def _shop_servers(scene: Scene) -> Iterator[Connection]:
    network, host = scene.network, scene.network.host
    for number, worker in enumerate(network.named("worker-")):
        for at in scene.every(300):
            yield scene.talk(at, worker, host("orders"), 5432, kilobytes=30)
        for at in scene.every(1500):
            yield scene.talk(at, worker, outside(SITES, 220 + number), 443)
    for at in scene.every(300):
        yield scene.talk(at, scene.random.choice(network.named("api-")), host("search"), 9200)
    for at in scene.every(1800):
        yield scene.talk(at, host("orders-export"), host("orders"), 5432, kilobytes=500)
    for at in scene.every(7200):
        yield scene.session(at, ADMINISTRATOR, host("bastion"), 22, 900)
        yield scene.session(at + 5, host("bastion"), scene.random.choice(network.named("web-")), 22, 850)


def _shop_stores(scene: Scene) -> Iterator[Connection]:
    """Who asks the cache, the catalogue, the warehouse and the secrets."""
    host, apis = scene.network.host, scene.network.named("api-")
    for at in scene.every(240):
        yield scene.talk(at, scene.random.choice(apis), host("orders-cache"), 6379, kilobytes=2)
    for at in scene.every(400):
        yield scene.talk(at, scene.random.choice(apis), host("recommendations"), 8080)
        yield scene.talk(at + 0.1, host("recommendations"), host("catalogue"), 443, kilobytes=30)
    for worker in scene.network.named("worker-"):
        for at in scene.every(1800):
            yield scene.talk(at, worker, host("secrets"), 443, kilobytes=2)
            yield scene.talk(at + 1, worker, host("sales"), 5439, kilobytes=400)


def _ping(scene: Scene, at: float, client: Host, server: Host) -> Connection:
    packets = scene.random.randint(3, 5)
    echo = Volume(packets, 84 * packets)
    return Connection(at, client, server, 0, 0, Outcome.ANSWERED, echo, echo, ICMP, packets - 1.0)


def _retired_print_server(network: Network) -> Peer:
    return Peer(str(ipaddress.ip_network(network.cidr)[RETIRED_PRINT_SERVER]))


QUIET_OFFICE_HOURS = Scenario(
    name="quiet_office_hours",
    what="Desk work, mail, orders and payments; a few clients of a server that is gone",
    plays={"office": office, "shop": shop},
)
