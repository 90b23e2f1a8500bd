"""Connection -> sightings: which interfaces see its packets, under which addresses, in which direction."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from local.traffic.company import ICMP, Host, Network
from local.traffic.connections import Connection

THROUGH_THE_VPC, THROUGH_THE_INTERNET_GATEWAY = "1", "8"


class Sighting(NamedTuple):
    """One direction of a connection as one interface sees it. `packet_source` and `packet_destination` are the
    addresses in the packet; the others are those AWS writes into srcaddr and dstaddr.
    """

    interface: Host
    direction: str
    source: str
    destination: str
    source_port: int
    destination_port: int
    packet_source: str
    packet_destination: str
    action: str = "ACCEPT"

    def reply(self) -> "Sighting":
        """What the same interface sees of the packets that come back."""
        return Sighting(
            self.interface,
            "ingress" if self.direction == "egress" else "egress",
            self.destination,
            self.source,
            self.destination_port,
            self.source_port,
            self.packet_destination,
            self.packet_source,
        )

    def traffic_path(self, network: Network) -> str | None:
        """The way out of the VPC, for egress."""
        if self.direction == "ingress":
            return None
        goes_out = self.interface.public_address and not network.contains(self.packet_destination)
        return THROUGH_THE_INTERNET_GATEWAY if goes_out else THROUGH_THE_VPC


def sightings(connection: Connection, network: Network) -> Iterator[Sighting]:
    """Who sees the client's packets; what they see of the server's is `reply()`."""
    client, server = connection.client, connection.server
    ports = (0, 0) if connection.protocol == ICMP else (connection.client_port, connection.server_port)
    addresses = (client.address, server.address)
    if isinstance(client, Host):
        yield Sighting(client, "egress", *addresses, *ports, *addresses)
        if not client.public_address and not network.contains(server.address):
            yield from _translated(connection, network.nat_gateway_of(client))
    if isinstance(server, Host):
        action = "REJECT" if connection.is_rejected else "ACCEPT"
        yield Sighting(server, "ingress", *addresses, *ports, *addresses, action)


def _translated(connection: Connection, gateway: Host) -> Iterator[Sighting]:
    """Both legs on the NAT gateway's interface, as in AWS's example
    (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records-examples.html#flow-log-example-nat): towards it
    dstaddr is the gateway and pkt-dstaddr the host on the Internet; after it the gateway is the source.
    """
    client, server, port = connection.client.address, connection.server.address, connection.server_port
    yield Sighting(gateway, "ingress", client, gateway.address, connection.client_port, port, client, server)
    yield Sighting(
        gateway, "egress", gateway.address, server, _translated_port(connection), port, gateway.address, server
    )


def _translated_port(connection: Connection) -> int:
    seed = f"{connection.client.address}:{connection.client_port}>{connection.server.address}"
    return 1024 + zlib.crc32(seed.encode()) % (65536 - 1024)
