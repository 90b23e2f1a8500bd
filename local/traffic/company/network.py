"""The company in AWS: its networks and hosts, and whether security groups and network ACLs allow a packet."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

TCP, UDP, ICMP = 6, 17, 1
ANY_PROTOCOL = -1


class DeliveryPath(StrEnum):
    """The destination through which a network's flow logs reach Flowsentry."""

    CLOUDWATCH_LOGS = "cloudwatch-logs"
    S3 = "s3"


class HostKind(StrEnum):
    """The kind of an interface's owner; the values are the inventory's owner kinds."""

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
"""Owner kinds whose flow log records have `unknown` as account-id, as AWS documents for requester-managed interfaces
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html)."""
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class Rule:
    """A security group rule: `peer` (a CIDR block or the name of a security group) is the source of an inbound rule and
    the destination of an outbound one.
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
"""The default outbound rules of a security group."""


@dataclass(frozen=True, slots=True)
class AclDenial:
    """A network ACL rule that denies TCP: inbound, from a CIDR block to the subnet's ports; outbound, to the ports of
    the block, as for replies. All other traffic is allowed.
    """

    peer: str
    first_port: int
    last_port: int
    is_outbound: bool = False

    def covers(self, address: str, port: int) -> bool:
        return is_in_block(address, self.peer) and self.first_port <= port <= self.last_port


@dataclass(frozen=True, slots=True)
class Host:
    """One network interface of the company and its owner, named `owner_name`. `open_ports` are the TCP ports it answers
    on; `rules` and `outbound` the rules of its security groups; `denials` the deny rules of its subnet's network ACL.
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
    open_ports: frozenset[int] = frozenset()
    rules: tuple[Rule, ...] = ()
    outbound: tuple[Rule, ...] = TO_ANYWHERE
    denials: tuple[AclDenial, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """An address without an interface of the company: on the internet, or an unused internal address."""

    address: str


Party = Host | Peer


@dataclass(frozen=True, slots=True)
class Network:
    """One VPC of the company. `transit_cidrs` are the CIDR blocks routed to its transit gateway."""

    name: str
    vpc_id: str
    cidr: str
    region: str
    delivery_path: DeliveryPath
    hosts: tuple[Host, ...]
    transit_cidrs: tuple[str, ...] = ()

    def host(self, name: str) -> Host:
        return next(host for host in self.hosts if host.name == name)

    def named(self, start: str) -> list[Host]:
        """The hosts whose name has this prefix, in order."""
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
        return is_in_block(address, self.cidr)

    def routes_to_transit_gateway(self, address: str) -> bool:
        """Whether the address is routed to the transit gateway."""
        return any(is_in_block(address, block) for block in self.transit_cidrs)


@dataclass(frozen=True, slots=True)
class Company:
    """The company: networks whose addresses may overlap."""

    account_id: str
    region: str
    networks: tuple[Network, ...]

    def network(self, name: str) -> Network:
        return next(network for network in self.networks if network.name == name)


@lru_cache(maxsize=8192)
def is_in_block(address: str, cidr: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


def is_allowed(client: Party, server: Party, protocol: int, port: int) -> bool:
    """Whether security groups and network ACLs allow the client's packets to leave it and to reach the server."""
    return allows_outbound(client, server, protocol, port) and (
        not isinstance(server, Host) or allows_inbound(server, client, protocol, port)
    )


def allows_outbound(client: Party, server: Party, protocol: int, port: int) -> bool:
    """Whether the client's own security groups allow its packets."""
    if not isinstance(client, Host) or client.kind in WITHOUT_SECURITY_GROUP:
        return True
    return any(rule.covers(protocol, port) and _is_peer(server, rule.peer) for rule in client.outbound)


def allows_inbound(server: Host, client: Party, protocol: int, port: int) -> bool:
    """Whether the server's security groups and network ACL allow the client's packets.

    Gateways and network load balancers have no security group: packets to ports they do not serve are accepted and
    never answered.
    """
    if any(not denial.is_outbound and denial.covers(client.address, port) for denial in server.denials):
        return False
    if server.kind in WITHOUT_SECURITY_GROUP:
        return True
    return any(rule.covers(protocol, port) and _is_peer(client, rule.peer) for rule in server.rules)


def allows_reply(server: Host, client: Party, client_port: int) -> bool:
    """Whether the network ACL allows the server's replies to the client; security groups always do."""
    return not any(denial.is_outbound and denial.covers(client.address, client_port) for denial in server.denials)


def _is_peer(party: Party, peer: str) -> bool:
    if "/" in peer:
        return is_in_block(party.address, peer)
    return isinstance(party, Host) and peer in party.groups
