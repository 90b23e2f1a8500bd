"""Judges a packet by the security groups of a network interface.

All security groups of an interface form one set of rules, which can only allow; what no rule allows is denied. They are
stateful: replies are not evaluated. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from collections.abc import Iterator

from flowsentry.explain.descriptions import (
    describe_end,
    describe_traffic,
    rule_direction,
    rule_preposition,
    shortened,
    single_address_block,
)
from flowsentry.explain.matching import (
    Match,
    all_match,
    any_matches,
    matches_address,
    matches_code,
    matches_ports,
    matches_protocol,
)
from flowsentry.explain.packet import WITH_PORTS, WITH_TYPES, Packet
from flowsentry.findings.explanation import MAX_NAMED_RESOURCES, Judgement, Layer, Resource, Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.inventory.firewall_rules import ALL, GroupRule, Rules, SecurityGroup
from flowsentry.inventory.inventory import Interface


def judge_groups(packet: Packet, rules: Rules, *, is_egress: bool) -> Judgement:
    """The judgement of the security groups at the sender (egress) or receiver (ingress). NOT_EVALUATED if the interface
    is not known or has no security group, as NAT gateways, transit gateways and most network load balancers.

    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
    """
    near = packet.near(is_egress=is_egress)
    interface = near.network_interface
    if interface is None:
        return _judgement(Verdict.NOT_EVALUATED, f"no known network interface has {near.address}", is_egress=is_egress)
    if not interface.security_groups:
        return _judgement(Verdict.NOT_EVALUATED, f"{describe_end(near)} has no security group", is_egress=is_egress)
    known = tuple(_known_groups(interface, rules))
    considered = (
        rule
        for group in known
        for rule in group.rules_for(is_egress=is_egress)
        if not _is_for_other_traffic(rule, packet)
    )
    matches = [(rule, _matches(rule, packet, rules)) for rule in considered]
    if allowing := next((rule for rule, match in matches if match), None):
        return _allowed(allowing, rules)
    resources = tuple(_resource(group_id, rules) for group_id in interface.security_groups)
    doubts = [*_unknown_groups(interface, rules)]
    doubts += [_doubt(rule, packet, rules) for rule, match in matches if match is None]
    if doubts:
        return _judgement(Verdict.UNDETERMINED, doubts[0], resources, is_egress=is_egress)
    return _denied(packet, resources, is_egress=is_egress)


def _is_for_other_traffic(rule: GroupRule, packet: Packet) -> bool:
    """Whether protocol or ports exclude the rule: most rules of a group, told apart by a few comparisons. What it does
    not exclude `_matches` decides.
    """
    if rule.protocol != packet.protocol:
        return ALL not in (rule.protocol, packet.protocol)
    if rule.protocol not in WITH_PORTS or rule.first_port is None or rule.last_port is None:
        return False
    return packet.destination_ports.last < rule.first_port or rule.last_port < packet.destination_ports.first


def _matches(rule: GroupRule, packet: Packet, rules: Rules) -> Match:
    """Whether the rule matches the packet. Compares ports for TCP and UDP, type and code for ICMP, and neither for
    other protocols.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
    """
    conditions = [matches_protocol(rule.protocol, packet.protocol)]
    if rule.protocol in WITH_PORTS:
        conditions += [matches_ports(rule.first_port, rule.last_port, packet.destination_ports)]
    elif rule.protocol in WITH_TYPES:
        conditions += [matches_code(rule.first_port, packet.icmp_type), matches_code(rule.last_port, packet.icmp_code)]
    if False in conditions:
        return False
    return all_match([*conditions, _matches_peer(rule, packet.far(is_egress=rule.is_egress), rules)])


def _matches_peer(rule: GroupRule, far: End, rules: Rules) -> Match:
    if rule.cidr:
        return matches_address(rule.cidr, far.address)
    if rule.prefix_list_id:
        prefix_list = rules.prefix_list(rule.prefix_list_id)
        return any_matches(matches_address(cidr, far.address) for cidr in prefix_list.cidrs) if prefix_list else None
    return _is_member(far, rule.peer_group_id)


def _is_member(far: End, group_id: str) -> Match:
    """Whether a rule that references a security group covers this end. A reference covers the private addresses of all
    interfaces with that group, in the same VPC or a peered one. It never covers public addresses, so an address outside
    private networks that no known interface has is not a member. For IPv6 that is unknown (None), since all addresses
    are public.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html#security-group-referencing
    """
    if far.network_interface is None:
        is_private = any_matches(matches_address(network, far.address) for network in PRIVATE_NETWORKS)
        return False if is_private is False and ":" not in far.address else None
    return False if group_id not in far.network_interface.security_groups else far.is_private


def _known_groups(interface: Interface, rules: Rules) -> Iterator[SecurityGroup]:
    for group_id in interface.security_groups:
        if group := rules.group(group_id):
            yield group


def _unknown_groups(interface: Interface, rules: Rules) -> Iterator[str]:
    for group_id in interface.security_groups:
        if rules.group(group_id) is None:
            yield f"the rules of {group_id} are not known"


def _allowed(rule: GroupRule, rules: Rules) -> Judgement:
    kind, preposition = rule_direction(is_egress=rule.is_egress), rule_preposition(is_egress=rule.is_egress)
    name = f"{kind} rule {rule.rule_id}" if rule.rule_id else f"an {kind} rule"
    reason = f"{name} allows traffic {preposition} {rule.peer}"
    resources = (_resource(rule.group_id, rules),)
    return _judgement(Verdict.ALLOWED, reason, resources, rule.rule_id or None, is_egress=rule.is_egress)


def _denied(packet: Packet, resources: tuple[Resource, ...], *, is_egress: bool) -> Judgement:
    far = packet.far(is_egress=is_egress)
    kind, preposition = rule_direction(is_egress=is_egress), rule_preposition(is_egress=is_egress)
    wanted = f"{describe_traffic(packet)} {preposition} {single_address_block(far.address)}"
    return Judgement(
        layer=Layer.SECURITY_GROUP,
        is_egress=is_egress,
        verdict=Verdict.DENIED,
        reason=f"no {kind} rule allows {describe_traffic(packet)} {preposition} {describe_end(far)}",
        resources=resources,
        change=f"an {kind} rule for {wanted} in {_any_of(resources)} would admit it",
    )


def _any_of(resources: tuple[Resource, ...]) -> str:
    ids = ", ".join(each.id for each in resources[:MAX_NAMED_RESOURCES])
    return ids if len(resources) == 1 else f"any of {ids}"


def _doubt(rule: GroupRule, packet: Packet, rules: Rules) -> str:
    """Why it is unknown whether a rule matches the packet."""
    name = f"a rule of {rule.group_id}" if not rule.rule_id else f"{rule.rule_id} of {rule.group_id}"
    far = packet.far(is_egress=rule.is_egress)
    if rule.prefix_list_id and rules.prefix_list(rule.prefix_list_id) is None:
        return f"{name} references {rule.prefix_list_id}, whose entries are not known"
    if rule.peer_group_id and _is_member(far, rule.peer_group_id) is None:
        return f"{name} references {rule.peer_group_id}, and whether {far.address} is a member is not known"
    return f"{name} covers only part of {describe_traffic(packet)}, and which part this was is not known"


def _resource(group_id: str, rules: Rules) -> Resource:
    group = rules.group(group_id)
    return Resource(group_id, shortened(group.name) if group else "")


def _judgement(
    verdict: Verdict, reason: str, resources: tuple[Resource, ...] = (), rule: str | None = None, *, is_egress: bool
) -> Judgement:
    return Judgement(
        layer=Layer.SECURITY_GROUP, is_egress=is_egress, verdict=verdict, reason=reason, resources=resources, rule=rule
    )
