"""Law: a rule carried exactly the requests that `flowsentry explain` says it allows, or may allow, one by one."""

from collections import Counter
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsentry.explain.network_acls import judge_acl
from flowsentry.explain.packet import Packet, Ports
from flowsentry.explain.security_groups import judge_groups
from flowsentry.findings.explanation import Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, Rules, SecurityGroup
from flowsentry.rule_usage import Usage
from tests.builders import SYN, VPC, line
from tests.rule_usage.network import CLIENT, SERVER, entry, inventory, rule, usage

TCP, UDP, ICMP = 6, 17, 1
BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/30", "10.0.0.1/32", "192.0.2.0/25", "::/0", "2001:db8::/32")
SOURCES = ("10.0.0.1", "10.0.0.3", "10.0.0.4", "192.0.2.127", "192.0.2.128", "2001:db8::1", "2001:db9::1")
EDGES = (0, 22, 23, 442, 443, 444, 65_535)
protocols = st.sampled_from((-1, TCP, UDP, ICMP))
blocks = st.sampled_from(BLOCKS)
ranges = st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)).map(lambda pair: (min(pair), max(pair)))


@st.composite
def group_rules(draw: st.DrawFn) -> list[GroupRule]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        protocol = draw(protocols)
        peer = {"peer_group_id": "sg-client"} if draw(st.booleans()) else {"cidr": draw(blocks)}
        ports = draw(ranges) if protocol in (TCP, UDP) else (-1, -1) if protocol == ICMP else None
        made.append(rule(f"r{number}", protocol, ports, **peer))
    return made


@st.composite
def entries(draw: st.DrawFn) -> tuple[AclEntry, ...]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        protocol = draw(st.sampled_from((-1, TCP, UDP)))
        first, last = draw(ranges) if protocol in (TCP, UDP) else (None, None)
        values: dict[str, Any] = {"protocol": protocol, "cidr": draw(blocks), "first_port": first, "last_port": last}
        made.append(entry(10 * (number + 1), allows=draw(st.booleans()), **values))
    return tuple(made)


requests = st.lists(
    st.tuples(st.sampled_from(SOURCES), st.sampled_from((TCP, UDP)), st.sampled_from(EDGES[1:])),
    min_size=1,
    max_size=12,
    unique=True,
)
Request = tuple[str, int, int]


def packet(request: Request) -> Packet:
    source, protocol, port = request
    client = CLIENT if source == CLIENT.addresses[0] else None
    return Packet(
        source=End(source, client),
        destination=End(SERVER.addresses[0], SERVER),
        protocol=protocol,
        source_ports=Ports(50_000, 50_000),
        destination_ports=Ports(port, port),
    )


def seen(request: Request) -> str:
    """The request as the server's interface logs it; over TCP its flags show that it opens."""
    source, protocol, port = request
    return line(
        srcaddr=source, dstaddr=SERVER.addresses[0], srcport=50_000, dstport=port, protocol=protocol,
        tcp_flags=SYN if protocol == TCP else 0, flow_direction="ingress",
    )  # fmt: skip


def verdict_of(one: GroupRule, request: Request) -> Verdict:
    alone = Rules(1, (SecurityGroup("sg-server", "server", VPC, (one,)),))
    return judge_groups(packet(request), alone, is_egress=False).verdict


def counts(found: Usage, column: str, layer: str, direction: str = "inbound") -> Counter[str]:
    chosen = found.rules.filter(pl.col("layer") == layer, pl.col("direction") == direction)
    return +Counter(dict(chosen.select("rule_id", column).rows()))


@given(rules=group_rules(), asked=requests)
@settings(max_examples=8)
def test_rules_of_a_group(rules: list[GroupRule], asked: list[Request]) -> None:
    tcp = [each for each in asked if each[1] == TCP]
    found = usage([seen(each) for each in tcp], inventory(*rules))
    certain: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for request in tcp:
        verdicts = {one.rule_id: verdict_of(one, request) for one in rules}
        allowing = {id_ for id_, verdict in verdicts.items() if verdict is Verdict.ALLOWED}
        possible = {id_ for id_, verdict in verdicts.items() if verdict is Verdict.UNDETERMINED}
        known = allowing or (possible if len(possible) == 1 else set())
        certain.update(known)
        alone.update(known if len(known) == 1 else ())
    assert counts(found, "records", "security_group") == certain
    assert counts(found, "alone_records", "security_group") == alone


@given(listed=entries(), asked=requests)
@settings(max_examples=8)
def test_entries_of_an_acl(listed: tuple[AclEntry, ...], asked: list[Request]) -> None:
    home = inventory(rule("all", -1, None, cidr="0.0.0.0/0"), entries=listed)
    judged = [judge_acl(packet(each), home.rules, is_egress=False) for each in asked]
    allowed = Counter(each.rule or "" for each in judged if each.verdict is Verdict.ALLOWED)
    found = usage([seen(each) for each in asked], home)
    assert counts(found, "records", "network_acl") == allowed
