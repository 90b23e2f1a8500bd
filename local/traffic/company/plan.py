"""The plan of the company as data: two networks, their subnets, security groups and hosts."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from local.traffic.company.network import (
    ANYWHERE,
    ICMP,
    TCP,
    TO_ANYWHERE,
    UDP,
    AclDenial,
    DeliveryPath,
    HostKind,
    Rule,
)

VPC = "vpc"
"""Peer of a rule: the network's own CIDR block."""


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """A /24 subnet. `block` is the third octet within the network; the zone is `a` or `b`."""

    name: str
    block: int
    zone: str
    is_public: bool = False
    denials: tuple[AclDenial, ...] = ()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One interface, at the `number`-th address of its subnet. `owner_name` is the name of its owner, which differs
    from `name` for a load balancer's node.
    """

    name: str
    subnet: str
    number: int
    groups: tuple[str, ...] = ()
    open_ports: tuple[int, ...] = ()
    kind: HostKind = HostKind.INSTANCE

    @property
    def owner_name(self) -> str:
        return self.name.rpartition("-")[0] if self.kind in BALANCERS else self.name


BALANCERS = (
    HostKind.APPLICATION_LOAD_BALANCER,
    HostKind.NETWORK_LOAD_BALANCER,
    HostKind.CLASSIC_LOAD_BALANCER,
)
"""Owner kinds with one interface per Availability Zone: `shop-front-a` is a node of `shop-front`."""


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """One VPC. `groups` are the inbound rules of each security group; `outbound` the outbound rules of the groups that
    do not allow all traffic, as by default; `transit_cidrs` the CIDR blocks routed to its transit gateway.
    """

    name: str
    cidr: str
    delivery_path: DeliveryPath
    subnets: tuple[SubnetPlan, ...]
    groups: Mapping[str, tuple[Rule, ...]]
    hosts: tuple[HostPlan, ...] = ()
    outbound: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    transit_cidrs: tuple[str, ...] = ()

    def subnet(self, name: str) -> SubnetPlan:
        return next(subnet for subnet in self.subnets if subnet.name == name)

    def block(self, subnet: SubnetPlan) -> str:
        start = ipaddress.ip_network(self.cidr).network_address + 256 * subnet.block
        return f"{start}/24"

    def address(self, host: HostPlan) -> str:
        return str(ipaddress.ip_network(self.block(self.subnet(host.subnet)))[host.number])

    def rules(self, group: str) -> tuple[Rule, ...]:
        """The group's inbound rules, with VPC replaced by the network's CIDR block."""
        return self._with_own_block(self.groups[group])

    def outbound_rules(self, group: str) -> tuple[Rule, ...]:
        """The group's outbound rules."""
        return self._with_own_block(self.outbound.get(group, TO_ANYWHERE))

    def _with_own_block(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(rule, peer=self.cidr) if rule.peer == VPC else rule for rule in rules)


def tcp(peer: str, *ports: int) -> tuple[Rule, ...]:
    return tuple(Rule(peer, TCP, port, port) for port in ports)


PING = Rule(VPC, ICMP)
MAIL_PORTS = (25, 443, 587, 993)
DIRECTORY_PORTS = (53, 88, 135, 389, 445, 636)
DATA_CENTRE = "10.99.0.0/16"
"""CIDR block that the office reaches through its transit gateway; it is in no VPC."""

NO_PUBLIC_SUBNETS = AclDenial("10.20.0.0/23", 5432, 5432)
NO_REPLIES_TO_BUILD = AclDenial("10.20.10.14/32", 1024, 65535, is_outbound=True)
"""A leftover: both directions were once denied to the build server, and only the inbound rule was removed."""
TRUSTED_NETWORKS = ("192.0.2.230/32",)
"""The address from which the company's administrator logs in."""

OFFICE = NetworkPlan(
    name="office",
    cidr="10.20.0.0/16",
    delivery_path=DeliveryPath.CLOUDWATCH_LOGS,
    subnets=(
        SubnetPlan("public-a", 0, "a", is_public=True),
        SubnetPlan("public-b", 1, "b", is_public=True),
        SubnetPlan("private-a", 10, "a"),
        SubnetPlan("private-b", 11, "b"),
        SubnetPlan("data-b", 20, "b", denials=(NO_PUBLIC_SUBNETS, NO_REPLIES_TO_BUILD)),
    ),
    groups={
        "office-vpn": (Rule(ANYWHERE, UDP, 1194, 1194), *tcp(ANYWHERE, 443), PING),
        "office-mail": (*tcp(ANYWHERE, *MAIL_PORTS), PING),
        "office-desktops": (*tcp("office-vpn", 3389), PING),
        "office-directory": (Rule(VPC),),
        "office-files": (*tcp("office-desktops", 445), PING),
        "office-intranet": (*tcp(VPC, 80, 443), PING),
        "office-build": (*tcp("office-desktops", 22, 8080), PING),
        "office-portal": tcp("office-desktops", 80),
        "office-home-folders": tcp("office-files", 2049),
        "office-functions": (),
        "office-ledger": tuple(
            rule for group in ("intranet", "functions", "mail", "build") for rule in tcp(f"office-{group}", 5432)
        ),
    },
    hosts=(
        HostPlan("vpn", "public-a", 10, ("office-vpn",), (443,)),
        HostPlan("mail", "public-b", 11, ("office-mail",), MAIL_PORTS),
        HostPlan("nat-a", "public-a", 5, kind=HostKind.NAT_GATEWAY),
        *(
            HostPlan(f"desktop-{n:02}", "private-a" if n % 2 else "private-b", 20 + n, ("office-desktops",), (3389,))
            for n in range(1, 13)
        ),
        HostPlan("directory-1", "private-a", 10, ("office-directory",), DIRECTORY_PORTS),
        HostPlan("directory-2", "private-b", 10, ("office-directory",), DIRECTORY_PORTS),
        HostPlan("files", "private-b", 12, ("office-files",), (445,)),
        HostPlan("intranet", "private-a", 13, ("office-intranet",), (80, 443)),
        HostPlan("build", "private-a", 14, ("office-build",), (22, 8080)),
        HostPlan("portal-a", "private-a", 40, ("office-portal",), (80,), HostKind.CLASSIC_LOAD_BALANCER),
        HostPlan("home-folders", "private-b", 70, ("office-home-folders",), (2049,), HostKind.MOUNT_TARGET),
        HostPlan("data-centre", "private-a", 240, kind=HostKind.TRANSIT_GATEWAY),
        HostPlan("report-mailer", "private-b", 90, ("office-functions",), kind=HostKind.FUNCTION),
        HostPlan("ledger", "data-b", 10, ("office-ledger",), (5432,), HostKind.DATABASE),
    ),
    transit_cidrs=(DATA_CENTRE,),
)

SHOP = NetworkPlan(
    name="shop",
    cidr="10.30.0.0/16",
    delivery_path=DeliveryPath.S3,
    subnets=(
        SubnetPlan("public-a", 0, "a", is_public=True),
        SubnetPlan("public-b", 1, "b", is_public=True),
        SubnetPlan("private-a", 10, "a"),
        SubnetPlan("private-b", 11, "b"),
    ),
    groups={
        "shop-front": tcp(ANYWHERE, 80, 443),
        "shop-bastion": (*tcp(ANYWHERE, 22), PING),
        "shop-web": (
            *tcp("shop-front", 8080),
            Rule("shop-front", TCP, 32768, 32799),
            *tcp("shop-bastion", 22),
            PING,
        ),
        "shop-payments": (*tcp(VPC, 9443), *tcp("shop-bastion", 22)),
        "shop-api": (*tcp("shop-web", 8080), *tcp("shop-bastion", 22), PING),
        "shop-worker": (*tcp("shop-bastion", 22), *tcp("shop-worker", 8081), PING),
        "shop-search": (*tcp("shop-api", 9200), *tcp("shop-bastion", 22), PING),
        "shop-recommendations": (*tcp("shop-api", 8080), PING),
        "shop-catalogue": (*tcp("shop-api", 443), *tcp("shop-recommendations", 443)),
        "shop-secrets": tcp(VPC, 443),
        "shop-orders-cache": (*tcp("shop-api", 6379), *tcp("shop-search", 6379)),
        "shop-sales": tcp("shop-worker", 5439),
        "shop-functions": (),
        "shop-orders": (*tcp("shop-api", 5432), *tcp("shop-worker", 5432), *tcp("shop-functions", 5432)),
    },
    hosts=(
        HostPlan("bastion", "public-a", 10, ("shop-bastion",), (22,)),
        *(HostPlan(f"web-{n}", f"public-{'ab'[n % 2]}", 20 + n, ("shop-web",), (22, 8080)) for n in range(1, 11)),
        HostPlan("shop-front-a", "public-a", 40, ("shop-front",), (80, 443), HostKind.APPLICATION_LOAD_BALANCER),
        HostPlan("shop-front-b", "public-b", 40, ("shop-front",), (80, 443), HostKind.APPLICATION_LOAD_BALANCER),
        HostPlan("payments-a", "public-a", 50, open_ports=(443,), kind=HostKind.NETWORK_LOAD_BALANCER),
        HostPlan("payments-b", "public-b", 50, open_ports=(443,), kind=HostKind.NETWORK_LOAD_BALANCER),
        HostPlan("nat-a", "public-a", 5, kind=HostKind.NAT_GATEWAY),
        HostPlan("nat-b", "public-b", 5, kind=HostKind.NAT_GATEWAY),
        HostPlan("payments-1", "private-a", 31, ("shop-payments",), (22, 9443)),
        HostPlan("payments-2", "private-b", 31, ("shop-payments",), (22, 9443)),
        HostPlan("api-1", "private-a", 11, ("shop-api",), (22, 8080)),
        HostPlan("api-2", "private-b", 11, ("shop-api",), (22, 8080)),
        HostPlan("worker-1", "private-a", 21, ("shop-worker",), (22,)),
        HostPlan("worker-2", "private-b", 21, ("shop-worker",), (22, 8081)),
        HostPlan("search", "private-a", 15, ("shop-search",), (22, 9200)),
        HostPlan("recommendations", "private-a", 70, ("shop-recommendations",), (8080,), HostKind.TASK),
        HostPlan("catalogue", "private-b", 71, ("shop-catalogue",), (443,), HostKind.SEARCH_DOMAIN),
        HostPlan("secrets", "private-a", 80, ("shop-secrets",), (443,), HostKind.VPC_ENDPOINT),
        HostPlan("orders-cache", "private-b", 61, ("shop-orders-cache",), (6379,), HostKind.CACHE),
        HostPlan("sales", "private-b", 62, ("shop-sales",), (5439,), HostKind.WAREHOUSE),
        HostPlan("orders-export", "private-b", 90, ("shop-functions",), kind=HostKind.FUNCTION),
        HostPlan("orders", "private-b", 60, ("shop-orders",), (5432,), HostKind.DATABASE),
    ),
    outbound={"shop-search": tcp(ANYWHERE, 443)},
)

PLANS = (OFFICE, SHOP)
