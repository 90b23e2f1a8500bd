"""Connection -> sightings: which interfaces see its packets, under which addresses, in which direction."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from local.traffic.company.network import ICMP, Host, HostKind, Network
from local.traffic.connections import Connection, Outcome

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
        stays = network.contains(self.packet_destination) or network.leads_to(self.packet_destination)
        goes_out = self.interface.public_address and not stays
        return THROUGH_THE_INTERNET_GATEWAY if goes_out else THROUGH_THE_VPC


def sightings(connection: Connection, network: Network) -> Iterator[Sighting]:
    """Who sees the client's packets; what they see of the server's is `reply()`."""
    client, server = connection.client, connection.server
    ports = (0, 0) if connection.protocol == ICMP else (connection.client_port, connection.server_port)
    addresses = (client.address, server.address)
    if connection.outcome is Outcome.HELD_BACK:
        if isinstance(client, Host):
            yield Sighting(client, "egress", *addresses, *ports, *addresses, "REJECT")
        return
    if isinstance(client, Host):
        yield Sighting(client, "egress", *addresses, *ports, *addresses)
        yield from _on_the_way_out(connection, client, network)
    if isinstance(server, Host):
        action = "REJECT" if connection.is_rejected else "ACCEPT"
        yield Sighting(server, "ingress", *addresses, *ports, *addresses, action)


def answer(connection: Connection, sighting: Sighting) -> Sighting | None:
    """What an interface that saw the client's packets sees of the server's; None where they do not get there."""
    if connection.outcome is not Outcome.REPLY_DENIED:
        return sighting.reply()
    return sighting.reply()._replace(action="REJECT") if sighting.interface is connection.server else None


def _on_the_way_out(connection: Connection, client: Host, network: Network) -> Iterator[Sighting]:
    """What gateways see of what leaves the network; an internet gateway has no interface."""
    if network.leads_to(connection.server.address):
        yield _passed_on(connection, network.of_kind(HostKind.TRANSIT_GATEWAY)[0])
    elif not client.public_address and not network.contains(connection.server.address):
        yield from _translated(connection, network.nat_gateway_of(client))


def _passed_on(connection: Connection, gateway: Host) -> Sighting:
    """What arrives at a transit gateway's interface: dstaddr is its address and pkt-dstaddr that of the other side, as
    in AWS's example
    (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html).
    """
    client, server = connection.client.address, connection.server.address
    ports = connection.client_port, connection.server_port
    return Sighting(gateway, "ingress", client, gateway.address, *ports, client, server)


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
