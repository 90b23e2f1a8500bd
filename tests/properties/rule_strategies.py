"""Rules and packets for laws: few addresses, ports and groups, so that they often match."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from flowsentry.inventory.firewall_rules import (
    AclEntry,
    GroupRule,
    NetworkAcl,
    PrefixList,
    Rules,
    SecurityGroup,
)
from flowsentry.inventory.inventory import Interface
from tests.explain.company import interface
from tests.properties.rule_reference import ICMP, ICMPV6, TCP, UDP

V4 = ("10.0.0.1", "10.0.0.2")
V6 = ("2001:db8::1", "2001:db8::2")
V4_BLOCKS = ("0.0.0.0/0", "10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1/32", "10.0.0.2/32", "192.0.2.0/24")
V6_BLOCKS = ("::/0", "2001:db8::/126", "2001:db8::/127", "2001:db8::2/127", "2001:db8::1/128", "2001:db8::2/128")
EDGES = (0, 22, 23, 1024, 40_000, 65_535)
GROUPS = ("sg-1", "sg-2", "sg-3")
LISTS = ("pl-1", "pl-2")
ESP = 50
PROTOCOLS = (TCP, UDP, ICMP, ICMPV6, ESP)

ports = st.sampled_from(EDGES)
ranges = st.one_of(st.just((None, None)), st.tuples(ports, ports).map(lambda pair: tuple(sorted(pair))))
types = st.one_of(st.just((-1, -1)), st.tuples(st.sampled_from([0, 3, 8, 128]), st.sampled_from([-1, 0, 4])))


@dataclass(frozen=True)
class About:
    """The traffic that most rules name, so that they match the packet."""

    protocol: int
    version: int

    @property
    def protocols(self) -> st.SearchStrategy[int]:
        return st.sampled_from([self.protocol] * 4 + [-1, *PROTOCOLS])

    @property
    def blocks(self) -> st.SearchStrategy[str]:
        own, other = (V4_BLOCKS, V6_BLOCKS) if self.version == 4 else (V6_BLOCKS, V4_BLOCKS)
        return st.sampled_from((*own, *own, *other[:2]))

    @property
    def peers(self) -> st.SearchStrategy[dict[str, str]]:
        return st.one_of(
            st.fixed_dictionaries({"cidr": self.blocks}),
            st.fixed_dictionaries({"prefix_list_id": st.sampled_from(LISTS)}),
            st.fixed_dictionaries({"peer_group_id": st.sampled_from(GROUPS)}),
        )


@st.composite
def group_rules(draw: st.DrawFn, group_id: str, about: About) -> GroupRule:
    protocol = draw(about.protocols)
    first, last = draw(types if protocol in (ICMP, ICMPV6) else ranges)
    return GroupRule(group_id, draw(st.booleans()), protocol, first, last, **draw(about.peers))


@st.composite
def entries(draw: st.DrawFn, number: int, about: About) -> AclEntry:
    protocol = draw(about.protocols)
    told: dict[str, Any] = dict(zip(("first_port", "last_port"), draw(ranges), strict=True))
    if protocol in (ICMP, ICMPV6):
        told = dict(zip(("icmp_type", "icmp_code"), draw(types), strict=True))
    return AclEntry(number, draw(st.booleans()), draw(st.booleans()), protocol, draw(about.blocks), **told)


@st.composite
def acls(draw: st.DrawFn, subnet_id: str, about: About) -> NetworkAcl:
    numbers = draw(st.lists(st.sampled_from([1, 2, 90, 100, 110, 32_766]), unique=True, max_size=6))
    rows = tuple(draw(entries(number, about)) for number in numbers)
    return NetworkAcl(f"acl-{subnet_id}", "", "vpc-1", False, (subnet_id,), rows)  # noqa: FBT003


@st.composite
def rule_sets(draw: st.DrawFn, about: About) -> Rules:
    groups = tuple(
        SecurityGroup(group_id, group_id, "vpc-1", tuple(draw(st.lists(group_rules(group_id, about), max_size=4))))
        for group_id in GROUPS
    )
    prefix_lists = tuple(PrefixList(each, each, tuple(draw(st.lists(about.blocks, max_size=3)))) for each in LISTS)
    return Rules(1, groups, (draw(acls("subnet-1", about)), draw(acls("subnet-2", about))), prefix_lists)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Interface, Interface]:
    """Two interfaces, mostly in two subnets, with groups."""
    groups = st.lists(st.sampled_from(GROUPS), unique=True, min_size=1, max_size=2).map(tuple)
    subnet_ids = ("subnet-1", draw(st.sampled_from(["subnet-2", "subnet-2", "subnet-1"])))
    one, two = (
        interface(f"{place}", V4[place], V6[place], subnet_id=subnet_ids[place], security_groups=draw(groups))
        for place in (0, 1)
    )
    return one, two
