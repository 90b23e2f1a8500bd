"""What the company is meant to be: two networks, their security groups, and who sits where. Data, no AWS."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.traffic.company import ICMP, TCP, UDP, AclDenial, HostKind, Rule, WayIn

ANYWHERE = "0.0.0.0/0"
VPC = "vpc"
"""As a rule's source: the network's own CIDR block, whatever it is."""


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """`block` is the third number of its /24 within the network; the zone is `a` or `b`."""

    name: str
    block: int
    zone: str
    is_public: bool = False
    denials: tuple[AclDenial, ...] = ()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One interface: the `number`-th address of its subnet."""

    name: str
    subnet: str
    number: int
    groups: tuple[str, ...] = ()
    listens: tuple[int, ...] = ()
    kind: HostKind = HostKind.INSTANCE


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """One VPC. `groups` are the inbound rules of each security group; outbound all is allowed, as by default."""

    name: str
    cidr: str
    way_in: WayIn
    subnets: tuple[SubnetPlan, ...]
    groups: Mapping[str, tuple[Rule, ...]]
    hosts: tuple[HostPlan, ...] = field(default=())

    def subnet(self, name: str) -> SubnetPlan:
        return next(subnet for subnet in self.subnets if subnet.name == name)

    def block(self, subnet: SubnetPlan) -> str:
        start = ipaddress.ip_network(self.cidr).network_address + 256 * subnet.block
        return f"{start}/24"

    def address(self, host: HostPlan) -> str:
        return str(ipaddress.ip_network(self.block(self.subnet(host.subnet)))[host.number])

    def rules(self, group: str) -> tuple[Rule, ...]:
        """The group's rules, with the network's own block where they say VPC."""
        return tuple(
            Rule(self.cidr if rule.source == VPC else rule.source, rule.protocol, rule.first_port, rule.last_port)
            for rule in self.groups[group]
        )


def tcp(source: str, *ports: int) -> tuple[Rule, ...]:
    return tuple(Rule(source, TCP, port, port) for port in ports)


PING = Rule(VPC, ICMP)
MAIL_PORTS = (25, 443, 587, 993)
DIRECTORY_PORTS = (53, 88, 135, 389, 445, 636)

OFFICE = NetworkPlan(
    name="office",
    cidr="10.20.0.0/16",
    way_in=WayIn.CLOUDWATCH_LOGS,
    subnets=(
        SubnetPlan("public-a", 0, "a", is_public=True),
        SubnetPlan("public-b", 1, "b", is_public=True),
        SubnetPlan("private-a", 10, "a"),
        SubnetPlan("private-b", 11, "b"),
        SubnetPlan("data-b", 20, "b", denials=(AclDenial("10.20.0.0/23", 5432),)),
    ),
    groups={
        "office-vpn": (Rule(ANYWHERE, UDP, 1194, 1194), *tcp(ANYWHERE, 443), PING),
        "office-mail": (*tcp(ANYWHERE, *MAIL_PORTS), PING),
        "office-desktops": (*tcp("office-vpn", 3389), PING),
        "office-directory": (Rule(VPC),),
        "office-files": (*tcp("office-desktops", 445), PING),
        "office-intranet": (*tcp(VPC, 80, 443), PING),
        "office-build": (*tcp("office-desktops", 22, 8080), PING),
        "office-functions": (),
        "office-ledger": (*tcp("office-intranet", 5432), *tcp("office-functions", 5432), *tcp("office-mail", 5432)),
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
        HostPlan("report-mailer", "private-b", 90, ("office-functions",), kind=HostKind.FUNCTION),
        HostPlan("ledger", "data-b", 10, ("office-ledger",), (5432,), HostKind.DATABASE),
    ),
)

SHOP = NetworkPlan(
    name="shop",
    cidr="10.30.0.0/16",
    way_in=WayIn.S3,
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
        "shop-worker": (*tcp("shop-bastion", 22), PING),
        "shop-search": (*tcp("shop-api", 9200), *tcp("shop-bastion", 22), PING),
        "shop-functions": (),
        "shop-orders": (*tcp("shop-api", 5432), *tcp("shop-worker", 5432), *tcp("shop-functions", 5432)),
    },
    hosts=(
        HostPlan("bastion", "public-a", 10, ("shop-bastion",), (22,)),
        *(HostPlan(f"web-{n}", f"public-{'ab'[n % 2]}", 20 + n, ("shop-web",), (22, 8080)) for n in range(1, 11)),
        HostPlan("shop-front-a", "public-a", 40, ("shop-front",), (80, 443), HostKind.APPLICATION_LOAD_BALANCER),
        HostPlan("shop-front-b", "public-b", 40, ("shop-front",), (80, 443), HostKind.APPLICATION_LOAD_BALANCER),
        HostPlan("payments-a", "public-a", 50, listens=(443,), kind=HostKind.NETWORK_LOAD_BALANCER),
        HostPlan("payments-b", "public-b", 50, listens=(443,), kind=HostKind.NETWORK_LOAD_BALANCER),
        HostPlan("nat-a", "public-a", 5, kind=HostKind.NAT_GATEWAY),
        HostPlan("nat-b", "public-b", 5, kind=HostKind.NAT_GATEWAY),
        HostPlan("payments-1", "private-a", 31, ("shop-payments",), (22, 9443)),
        HostPlan("payments-2", "private-b", 31, ("shop-payments",), (22, 9443)),
        HostPlan("api-1", "private-a", 11, ("shop-api",), (22, 8080)),
        HostPlan("api-2", "private-b", 11, ("shop-api",), (22, 8080)),
        HostPlan("worker-1", "private-a", 21, ("shop-worker",), (22,)),
        HostPlan("worker-2", "private-b", 21, ("shop-worker",), (22,)),
        HostPlan("search", "private-a", 15, ("shop-search",), (22, 9200)),
        HostPlan("orders-export", "private-b", 90, ("shop-functions",), kind=HostKind.FUNCTION),
        HostPlan("orders", "private-b", 60, ("shop-orders",), (5432,), HostKind.DATABASE),
    ),
)

PLANS = (OFFICE, SHOP)
