"""Describes endpoints, traffic and rules in words, for the sentences of explanations."""

import ipaddress

from flowsentry.explain.packet import WITH_PORTS, WITH_TYPES, Packet, Ports
from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.firewall_rules import ALL, AclEntry
from flowsentry.inventory.owner_kinds import UNKNOWN
from flowsentry.records.code_names import protocol_name

MAX_NAME_LETTERS = 64
"""Longest name in a sentence; a Name tag has up to 255 characters. Higher: names push the facts out of sight. Lower:
more names are cut."""


def shortened(name: str) -> str:
    """The name, cut to MAX_NAME_LETTERS with an ellipsis."""
    return name if len(name) <= MAX_NAME_LETTERS else f"{name[: MAX_NAME_LETTERS - 3]}..."


def rule_direction(*, is_egress: bool) -> str:
    """`outbound` or `inbound`, as AWS calls the rule."""
    return "outbound" if is_egress else "inbound"


def rule_preposition(*, is_egress: bool) -> str:
    """`to` or `from`, which stands before the address that the rule names."""
    return "to" if is_egress else "from"


def describe_end(end: End) -> str:
    """`10.0.3.7 (i-0abc api-1)`, `10.0.0.9 (nat gateway nat-0abc)`, or the address alone if its owner is unknown."""
    if end.interface is None:
        return end.address
    owner = end.interface
    word = owner.owner_id if owner.owner_kind == "instance" else owner.owner_kind
    words = [each for each in (word, owner.owner_name) if each and each != UNKNOWN]
    named = " ".join(shortened(each) for each in dict.fromkeys(words))
    return f"{end.address} ({named})" if named else end.address


def describe_traffic(packet: Packet) -> str:
    """`tcp/5432`, `icmp type 8 code 0`, `esp`, `all traffic`."""
    name = _protocol(packet.protocol)
    if packet.protocol in WITH_PORTS:
        return f"{name}/{packet.destination_ports}"
    return f"{name}{_icmp(packet.icmp_type, packet.icmp_code)}" if packet.protocol in WITH_TYPES else name


def describe_entry_traffic(entry: AclEntry) -> str:
    """The traffic that an entry of a network ACL matches: `tcp/5000-6000`, `all traffic`."""
    name = _protocol(entry.protocol)
    if entry.protocol in WITH_PORTS and entry.first_port is not None and entry.last_port is not None:
        return f"{name}/{Ports(entry.first_port, entry.last_port)}"
    return f"{name}{_icmp(entry.icmp_type, entry.icmp_code)}" if entry.protocol in WITH_TYPES else name


def single_address_block(address: str) -> str:
    """The CIDR block of one address: `10.0.3.7/32`."""
    try:
        return str(ipaddress.ip_network(address))
    except ValueError:
        return address


def _protocol(number: int) -> str:
    if number == ALL:
        return "all traffic"
    name = protocol_name(number)
    return f"protocol {name}" if name.isdigit() else name


def _icmp(icmp_type: int | None, icmp_code: int | None) -> str:
    known = [
        f" {word} {value}" for word, value in (("type", icmp_type), ("code", icmp_code)) if value not in (None, ALL)
    ]
    return "".join(known)
