"""The company as it stands in AWS: its networks, its hosts, and which security group rule lets whom in and out."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

TCP, UDP, ICMP = 6, 17, 1
ANY_PROTOCOL = -1


class WayIn(StrEnum):
    """How a network's flow logs reach Flowsentry."""

    CLOUDWATCH_LOGS = "cloudwatch-logs"
    S3 = "s3"


class HostKind(StrEnum):
    """What has the interface, in the words of the inventory's owner kinds."""

    INSTANCE = "instance"
    APPLICATION_LOAD_BALANCER = "application load balancer"
    NETWORK_LOAD_BALANCER = "network load balancer"
    NAT_GATEWAY = "nat gateway"
    DATABASE = "rds database"
    FUNCTION = "lambda function"
    CLASSIC_LOAD_BALANCER = "classic load balancer"
    VPC_ENDPOINT = "vpc endpoint"
    CACHE = "elasticache cluster"
    WAREHOUSE = "redshift cluster"
    MOUNT_TARGET = "efs mount target"
    TASK = "ecs task"
    SEARCH_DOMAIN = "opensearch domain"
    TRANSIT_GATEWAY = "transit gateway"


WITHOUT_SECURITY_GROUP = (HostKind.NAT_GATEWAY, HostKind.NETWORK_LOAD_BALANCER, HostKind.TRANSIT_GATEWAY)
MADE_BY_AWS = (HostKind.NETWORK_LOAD_BALANCER, HostKind.VPC_ENDPOINT)
"""Flow logs may say `unknown` for the account of an interface that AWS made, such as these
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html)."""
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class Rule:
    """A security group's rule: inbound, who may reach which ports; outbound, whom one may reach on which. `peer` is a
    CIDR block, or the name of a security group.
    """

    peer: str
    protocol: int = ANY_PROTOCOL
    first_port: int = 0
    last_port: int = 65535

    def covers(self, protocol: int, port: int) -> bool:
        has_ports = protocol in (TCP, UDP)
        return self.protocol in (ANY_PROTOCOL, protocol) and (
            not has_ports or self.first_port <= port <= self.last_port
        )


TO_ANYWHERE = (Rule(ANYWHERE),)
"""The outbound rules of a group that nobody has changed."""


@dataclass(frozen=True, slots=True)
class AclDenial:
    """A network ACL rule that denies TCP from a CIDR block to some ports; an outbound one, to the block's own ports, as
    replies are. All else is allowed.
    """

    peer: str
    first_port: int
    last_port: int
    is_outbound: bool = False

    def covers(self, address: str, port: int) -> bool:
        return lies_in(address, self.peer) and self.first_port <= port <= self.last_port


@dataclass(frozen=True, slots=True)
class Host:
    """One network interface of ours and what has it: `owner_name` is what people call that. `listens` are the TCP ports
    it answers on; `rules` and `outbound` those of its security groups; `denials` those of its subnet's network ACL.
    """

    name: str
    kind: HostKind
    address: str
    interface_id: str
    account_id: str
    vpc_id: str
    subnet_id: str
    availability_zone_id: str
    owner_name: str
    public_address: str | None = None
    instance_id: str | None = None
    security_groups: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    listens: frozenset[int] = frozenset()
    rules: tuple[Rule, ...] = ()
    outbound: tuple[Rule, ...] = TO_ANYWHERE
    denials: tuple[AclDenial, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """An address without an interface of ours: on the Internet, or an inside address that nobody has (any more)."""

    address: str


Party = Host | Peer


@dataclass(frozen=True, slots=True)
class Network:
    """One VPC of the company. `beyond` are the blocks that its transit gateway leads to."""

    name: str
    vpc_id: str
    cidr: str
    region: str
    way_in: WayIn
    hosts: tuple[Host, ...]
    beyond: tuple[str, ...] = ()

    def host(self, name: str) -> Host:
        return next(host for host in self.hosts if host.name == name)

    def named(self, start: str) -> list[Host]:
        """The hosts whose name starts so, in order."""
        return [host for host in self.hosts if host.name.startswith(start)]

    def of_kind(self, *kinds: HostKind) -> list[Host]:
        return [host for host in self.hosts if host.kind in kinds]

    def public_hosts(self) -> list[Host]:
        return [host for host in self.hosts if host.public_address]

    def nat_gateway_of(self, host: Host) -> Host:
        """The NAT gateway of the host's Availability Zone, or the only one."""
        gateways = self.of_kind(HostKind.NAT_GATEWAY)
        near = [gateway for gateway in gateways if gateway.availability_zone_id == host.availability_zone_id]
        return (near or gateways)[0]

    def contains(self, address: str) -> bool:
        return lies_in(address, self.cidr)

    def leads_to(self, address: str) -> bool:
        """Whether the way to an address is the transit gateway."""
        return any(lies_in(address, block) for block in self.beyond)


@dataclass(frozen=True, slots=True)
class Company:
    """All of the company: two networks whose addresses may overlap."""

    account_id: str
    region: str
    networks: tuple[Network, ...]

    def network(self, name: str) -> Network:
        return next(network for network in self.networks if network.name == name)


@lru_cache(maxsize=8192)
def lies_in(address: str, cidr: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


def passes(client: Party, server: Party, protocol: int, port: int) -> bool:
    """Whether security groups and network ACLs let the client's packets out, and in to the server."""
    return lets_out(client, server, protocol, port) and (
        not isinstance(server, Host) or admits(server, client, protocol, port)
    )


def lets_out(client: Party, server: Party, protocol: int, port: int) -> bool:
    """Whether the client's own security groups let its packets out."""
    if not isinstance(client, Host) or client.kind in WITHOUT_SECURITY_GROUP:
        return True
    return any(rule.covers(protocol, port) and _is_peer(server, rule.peer) for rule in client.outbound)


def admits(server: Host, client: Party, protocol: int, port: int) -> bool:
    """Whether security groups and the network ACL let the client's packets in to the server.

    Gateways and a network load balancer have no security group: what is not theirs is accepted and never answered.
    """
    if any(not denial.is_outbound and denial.covers(client.address, port) for denial in server.denials):
        return False
    if server.kind in WITHOUT_SECURITY_GROUP:
        return True
    return any(rule.covers(protocol, port) and _is_peer(client, rule.peer) for rule in server.rules)


def lets_reply(server: Host, client: Party, client_port: int) -> bool:
    """Whether the network ACL lets the server's replies out to the client; security groups always do."""
    return not any(denial.is_outbound and denial.covers(client.address, client_port) for denial in server.denials)


def _is_peer(party: Party, peer: str) -> bool:
    if "/" in peer:
        return lies_in(party.address, peer)
    return isinstance(party, Host) and peer in party.groups
