"""Reference implementation: what rules allow, written as plainly as AWS documents it, for fully known packets.

It uses nothing of `explain`, only rules and interfaces, so that the two are independent. Quotations are from AWS:
https://docs.aws.amazon.com/vpc/latest/userguide/ (security-group-rules, nacl-rules) and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ (API_IpPermission, API_CreateNetworkAclEntry).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flowsentry.inventory.firewall_rules import AclEntry, GroupRule, NetworkAcl, Rules
from flowsentry.inventory.inventory import Interface

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
STAR = 32_767


@dataclass(frozen=True)
class Known:
    """A packet; `port` is its destination port and `icmp` its type and code, for protocols that have them."""

    source: str
    destination: str
    protocol: int
    port: int = 0
    icmp: tuple[int, int] = (0, 0)

    def far(self, *, egress: bool) -> str:
        """The address that a rule names."""
        return self.destination if egress else self.source


def bits(address: str) -> str:
    """An address written out as its bits, after its version."""
    if "." in address:
        return "4" + "".join(f"{int(octet):08b}" for octet in address.split("."))
    head, _, tail = address.partition("::")
    first, last = ([part for part in side.split(":") if part] for side in (head, tail))
    parts = [*first, *["0"] * (8 - len(first) - len(last)), *last]
    return "6" + "".join(f"{int(part, 16):016b}" for part in parts)


def is_in(address: str, cidr: str) -> bool:
    block, _, length = cidr.partition("/")
    return bits(address).startswith(bits(block)[: 1 + int(length)])


def is_in_ports(port: int, first: int | None, last: int | None) -> bool:
    return first is None or last is None or port in range(first, last + 1)


def is_of_type(icmp: tuple[int, int], wanted: tuple[int | None, int | None]) -> bool:
    return wanted[0] in (None, -1, icmp[0]) and wanted[1] in (None, -1, icmp[1])


def groups_allow(
    interface: Interface, packet: Known, everyone: Iterable[Interface], rules: Rules, *, egress: bool
) -> bool:
    """Whether one rule allows it: "the rules from each security group are aggregated to form a single set of rules"."""
    groups = [group for group in rules.groups if group.group_id in interface.security_groups]
    for rule in (rule for group in groups for rule in group.rules if rule.is_egress == egress):
        with_group = [each for each in everyone if rule.peer_group_id in each.security_groups]
        members = [address for each in with_group for address in each.addresses]
        if is_traffic_of(rule, packet) and is_peer_of(rule, packet.far(egress=egress), members, rules):
            return True
    return False


def is_traffic_of(rule: GroupRule, packet: Known) -> bool:
    """By protocol and ports: "specifying -1 or a protocol number other than tcp, udp, icmp, or icmpv6 allows traffic on
    all ports, regardless of any port range you specify".
    """
    if rule.protocol == -1:
        return True
    if rule.protocol != packet.protocol:
        return False
    if packet.protocol in (TCP, UDP):
        return is_in_ports(packet.port, rule.first_port, rule.last_port)
    if packet.protocol in (ICMP, ICMPV6):
        return is_of_type(packet.icmp, (rule.first_port, rule.last_port))
    return True


def is_peer_of(rule: GroupRule, far: str, members: Iterable[str], rules: Rules) -> bool:
    """By peer: a CIDR block, the blocks of a prefix list, or, for a group, "traffic is allowed based on the private IP
    addresses of the network interfaces" that have it.
    """
    if rule.peer_group_id:
        return far in members
    blocks = {each.prefix_list_id: each.cidrs for each in rules.prefix_lists}
    return any(is_in(far, cidr) for cidr in blocks.get(rule.prefix_list_id, (rule.cidr,)))


def acl_decides(acl: NetworkAcl, packet: Known, *, egress: bool) -> tuple[bool, int]:
    """Whether it is allowed, and the number of the rule: "we evaluate the rules in order, starting with the lowest
    numbered rule. If the traffic matches a rule, the rule is applied"; the last one "ensures that if a packet doesn't
    match any of the other numbered rules, it's denied".
    """
    entries = [entry for entry in acl.entries if entry.is_egress == egress]
    matching = {entry.rule_number: entry.is_allowed for entry in entries if is_entry_for(entry, packet)}
    number = min(matching, default=STAR)
    return matching.get(number, False), number


def is_entry_for(entry: AclEntry, packet: Known) -> bool:
    """By address, protocol, ports and types: "if you specify protocol 58 (ICMPv6) and specify an IPv4 CIDR block,
    traffic for all ICMP types and codes [is] allowed, regardless of any that you specify".
    """
    if entry.protocol not in (-1, packet.protocol) or not is_in(packet.far(egress=entry.is_egress), entry.cidr):
        return False
    if entry.protocol in (TCP, UDP):
        return is_in_ports(packet.port, entry.first_port, entry.last_port)
    if entry.protocol == ICMP or (entry.protocol == ICMPV6 and ":" in entry.cidr):
        return is_of_type(packet.icmp, (entry.icmp_type, entry.icmp_code))
    return True
