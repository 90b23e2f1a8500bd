"""Connections that are closed for one side while the other still sends: its FIN, RST or ACK finds no open connection
and is rejected (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html, `action`). They go to one
client port after another, and look like a scan to whoever does not read the flags.
"""

from collections.abc import Iterator

from local.traffic.company.network import Host
from local.traffic.connections import FIN, RST, Connection
from local.traffic.scenario import Play, Scenario
from local.traffic.scene import Scene

SECONDS_BETWEEN = 300
MAX_DELAY = 120
ACK_ONLY = 0
"""An ACK without other flags is reported as no flag at all."""


def late(server: str, port: int, clients: str) -> Play:
    """Replies of one server that come late, at all clients whose name starts so."""

    def play(scene: Scene) -> Iterator[Connection]:
        for client in scene.network.named(clients):
            for at in scene.every(SECONDS_BETWEEN):
                yield from _closed_then_late(scene, at, client, scene.network.host(server), port)

    return play


def _closed_then_late(scene: Scene, at: float, client: Host, server: Host, port: int) -> Iterator[Connection]:
    connection = scene.talk(at, client, server, port, kilobytes=4)
    yield connection
    closed = at + connection.seconds + scene.random.uniform(10, MAX_DELAY)
    flags, packets = scene.random.choice((FIN, RST, FIN | RST, ACK_ONLY)), scene.random.randint(1, 5)
    yield scene.stray(closed, server, client, (port, connection.client_port), flags, packets)


LATE_PACKETS = Scenario(
    name="late_packets",
    what="Replies of the databases to connections that the client has closed",
    plays={"office": late("ledger", 5432, "intranet"), "shop": late("orders", 5432, "api-")},
)
