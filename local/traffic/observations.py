"""Connection -> observations: the interfaces that log its packets, with addresses and direction."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from local.traffic.company.network import ICMP, Host, HostKind, Network
from local.traffic.connections import Connection, Outcome

WITHIN_VPC, INTERNET_GATEWAY = "1", "8"


class Observation(NamedTuple):
    """One direction of a connection as one interface logs it. `packet_source` and `packet_destination` are the
    addresses in the packet (pkt-srcaddr, pkt-dstaddr); `source` and `destination` are srcaddr and dstaddr.
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

    def reply(self) -> "Observation":
        """The same interface's observation of the packets in the other direction."""
        return Observation(
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
        """The traffic-path field: how egress traffic leaves; None for ingress."""
        if self.direction == "ingress":
            return None
        stays = network.contains(self.packet_destination) or network.routes_to_transit_gateway(self.packet_destination)
        goes_out = self.interface.public_address and not stays
        return INTERNET_GATEWAY if goes_out else WITHIN_VPC


def observations(connection: Connection, network: Network) -> Iterator[Observation]:
    """The observations of the client's packets; those of the server's are their `reply()`."""
    client, server = connection.client, connection.server
    ports = (0, 0) if connection.protocol == ICMP else (connection.client_port, connection.server_port)
    addresses = (client.address, server.address)
    if connection.outcome is Outcome.REJECTED_AT_CLIENT:
        if isinstance(client, Host):
            yield Observation(client, "egress", *addresses, *ports, *addresses, "REJECT")
        return
    if isinstance(client, Host):
        yield Observation(client, "egress", *addresses, *ports, *addresses)
        yield from _at_gateways(connection, client, network)
    if isinstance(server, Host):
        action = "REJECT" if connection.is_rejected else "ACCEPT"
        yield Observation(server, "ingress", *addresses, *ports, *addresses, action)


def answer(connection: Connection, observation: Observation) -> Observation | None:
    """The observation of the server's packets by an interface that logged the client's; None if they never reach it."""
    if connection.outcome is not Outcome.REPLY_DENIED:
        return observation.reply()
    return observation.reply()._replace(action="REJECT") if observation.interface is connection.server else None


def _at_gateways(connection: Connection, client: Host, network: Network) -> Iterator[Observation]:
    """The observations of gateways for packets that leave the network; an internet gateway has no interface."""
    if network.routes_to_transit_gateway(connection.server.address):
        yield _at_transit_gateway(connection, network.of_kind(HostKind.TRANSIT_GATEWAY)[0])
    elif not client.public_address and not network.contains(connection.server.address):
        yield from _at_nat_gateway(connection, network.nat_gateway_of(client))


def _at_transit_gateway(connection: Connection, gateway: Host) -> Observation:
    """Packets to a transit gateway's interface: dstaddr is the interface's address, pkt-dstaddr the server's, as in
    AWS's example
    (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html).
    """
    client, server = connection.client.address, connection.server.address
    ports = connection.client_port, connection.server_port
    return Observation(gateway, "ingress", client, gateway.address, *ports, client, server)


def _at_nat_gateway(connection: Connection, gateway: Host) -> Iterator[Observation]:
    """Both legs of a connection on the NAT gateway's interface, as in AWS's example
    (https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records-examples.html#flow-log-example-nat): before
    translation dstaddr is the gateway and pkt-dstaddr the host on the internet; after it, the gateway is the source.
    """
    client, server, port = connection.client.address, connection.server.address, connection.server_port
    yield Observation(gateway, "ingress", client, gateway.address, connection.client_port, port, client, server)
    yield Observation(
        gateway, "egress", gateway.address, server, _translated_port(connection), port, gateway.address, server
    )


def _translated_port(connection: Connection) -> int:
    seed = f"{connection.client.address}:{connection.client_port}>{connection.server.address}"
    return 1024 + zlib.crc32(seed.encode()) % (65536 - 1024)
