"""Connections that one side has closed while the other still sends: its FIN, RST or ACK matches no open connection and
is rejected (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html, `action`). The packets go to one
client port after another and look like a scan unless their TCP flags are read.
"""

from collections.abc import Iterator

from local.traffic.company.network import Host
from local.traffic.connections import FIN, RST, Connection
from local.traffic.scenario import Scenario, ScenarioTraffic
from local.traffic.scenario_context import ScenarioContext

SECONDS_BETWEEN = 300
MAX_DELAY = 120
ACK_ONLY = 0
"""Flow logs report an ACK without other flags as 0."""


def late(server: str, port: int, clients: str) -> ScenarioTraffic:
    """Late replies of one server to all clients whose name has the prefix `clients`."""

    def play(context: ScenarioContext) -> Iterator[Connection]:
        for client in context.network.named(clients):
            for at in context.every(SECONDS_BETWEEN):
                yield from _closed_then_late(context, at, client, context.network.host(server), port)

    return play


def _closed_then_late(
    context: ScenarioContext, at: float, client: Host, server: Host, port: int
) -> Iterator[Connection]:
    connection = context.exchange(at, client, server, port, kilobytes=4)
    yield connection
    closed = at + connection.seconds + context.random.uniform(10, MAX_DELAY)
    flags, packets = context.random.choice((FIN, RST, FIN | RST, ACK_ONLY)), context.random.randint(1, 5)
    yield context.stray(closed, server, client, (port, connection.client_port), flags, packets)


LATE_PACKETS = Scenario(
    name="late_packets",
    description="Replies of the databases to connections that the client has closed",
    traffic={"office": late("ledger", 5432, "intranet"), "shop": late("orders", 5432, "api-")},
)
