"""What the security groups of an interface do with a packet.

All groups of an interface make one set of rules, which only allow; what none allows is refused. They are stateful:
replies are never asked. https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from collections.abc import Iterator

from flowsentry.explain.matching import Told, every, holds_address, holds_code, holds_ports, holds_protocol, some
from flowsentry.explain.packet import WITH_PORTS, WITH_TYPES, Packet
from flowsentry.explain.wording import direction, end_in_words, name_in_words, only, preposition, traffic
from flowsentry.findings.explanation import MAX_NAMED_RESOURCES, Judgement, Layer, Resource, Verdict
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.inventory.firewall_rules import GroupRule, Rules, SecurityGroup
from flowsentry.inventory.inventory import Interface


def judge_groups(packet: Packet, rules: Rules, *, is_egress: bool) -> Judgement:
    """The judgement of the groups at the near end. They are not asked where there are none: NAT gateways, transit
    gateways and most network load balancers have none, nor has an interface that is not known any that could be.

    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
    """
    near = packet.near(is_egress=is_egress)
    interface = near.network_interface
    if interface is None:
        return _judgement(Verdict.NOT_ASKED, f"{near.address} is of no interface that is known", is_egress=is_egress)
    if not interface.security_groups:
        return _judgement(Verdict.NOT_ASKED, f"{end_in_words(near)} has no security group", is_egress=is_egress)
    known = tuple(_known_groups(interface, rules))
    matches = [
        (rule, _is_about(rule, packet, rules)) for group in known for rule in group.rules_for(is_egress=is_egress)
    ]
    if allowing := next((rule for rule, told in matches if told), None):
        return _allowed(allowing, rules)
    resources = tuple(_resource(group_id, rules) for group_id in interface.security_groups)
    doubts = [*_unknown_groups(interface, rules)]
    doubts += [_doubt(rule, packet, rules) for rule, told in matches if told is None]
    if doubts:
        return _judgement(Verdict.UNTOLD, doubts[0], resources, is_egress=is_egress)
    return _refused(packet, resources, is_egress=is_egress)


def _is_about(rule: GroupRule, packet: Packet, rules: Rules) -> Told:
    """Ports count for TCP and UDP, types and codes for ICMP, and nothing for all other protocols.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
    """
    conditions = [holds_protocol(rule.protocol, packet.protocol)]
    if rule.protocol in WITH_PORTS:
        conditions += [holds_ports(rule.first_port, rule.last_port, packet.destination_ports)]
    elif rule.protocol in WITH_TYPES:
        conditions += [holds_code(rule.first_port, packet.icmp_type), holds_code(rule.last_port, packet.icmp_code)]
    if False in conditions:
        return False
    return every([*conditions, _is_about_peer(rule, packet.far(is_egress=rule.is_egress), rules)])


def _is_about_peer(rule: GroupRule, far: End, rules: Rules) -> Told:
    if rule.cidr:
        return holds_address(rule.cidr, far.address)
    if rule.prefix_list_id:
        prefix_list = rules.prefix_list(rule.prefix_list_id)
        return some(holds_address(cidr, far.address) for cidr in prefix_list.cidrs) if prefix_list else None
    return _is_member(far, rule.peer_group_id)


def _is_member(far: End, group_id: str) -> Told:
    """Whether a reference to a group is about the end: by the private addresses of all interfaces with that group, be
    they in the same VPC or in a peered one. Public addresses are never meant, so the internet is no member: an address
    that is of no known interface, nor of a private network. Of IPv6 that can't be told: there all are public.

    https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html#security-group-referencing
    """
    if far.network_interface is None:
        is_private = some(holds_address(network, far.address) for network in PRIVATE_NETWORKS)
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
    name = f" {rule.rule_id}" if rule.rule_id else ""
    reason = f"{direction(is_egress=rule.is_egress)} rule{name} for {rule.peer}"
    resources = (_resource(rule.group_id, rules),)
    return _judgement(Verdict.ALLOWED, reason, resources, rule.rule_id or None, is_egress=rule.is_egress)


def _refused(packet: Packet, resources: tuple[Resource, ...], *, is_egress: bool) -> Judgement:
    far = packet.far(is_egress=is_egress)
    kind, led = direction(is_egress=is_egress), preposition(is_egress=is_egress)
    return Judgement(
        layer=Layer.SECURITY_GROUP,
        is_egress=is_egress,
        verdict=Verdict.REFUSED,
        reason=f"no {kind} rule for {traffic(packet)} {led} {end_in_words(far)}",
        resources=resources,
        change=f"an {kind} rule for {traffic(packet)} {led} {only(far.address)} in {_any_of(resources)} would admit it",
    )


def _any_of(resources: tuple[Resource, ...]) -> str:
    ids = ", ".join(each.id for each in resources[:MAX_NAMED_RESOURCES])
    return ids if len(resources) == 1 else f"any of {ids}"


def _doubt(rule: GroupRule, packet: Packet, rules: Rules) -> str:
    """Why it can't be told whether a rule is about the packet."""
    name = f"a rule of {rule.group_id}" if not rule.rule_id else f"{rule.rule_id} of {rule.group_id}"
    far = packet.far(is_egress=rule.is_egress)
    if rule.prefix_list_id and rules.prefix_list(rule.prefix_list_id) is None:
        return f"{name} is for {rule.prefix_list_id}, and what that holds is not known"
    if rule.peer_group_id and _is_member(far, rule.peer_group_id) is None:
        return f"{name} is for members of {rule.peer_group_id}, and whether {far.address} is one is not known"
    return f"{name} is for some of {traffic(packet)}, and which of it this was is not known"


def _resource(group_id: str, rules: Rules) -> Resource:
    group = rules.group(group_id)
    return Resource(group_id, name_in_words(group.name) if group else "")


def _judgement(
    verdict: Verdict, reason: str, resources: tuple[Resource, ...] = (), rule: str | None = None, *, is_egress: bool
) -> Judgement:
    return Judgement(
        layer=Layer.SECURITY_GROUP, is_egress=is_egress, verdict=verdict, reason=reason, resources=resources, rule=rule
    )
