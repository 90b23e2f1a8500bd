"""Whether a rule matches a packet: yes, no, or None if too little is known about the packet."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from flowsentry.explain.packet import Ports
from flowsentry.inventory.firewall_rules import ALL

Match = bool | None
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def all_match(conditions: Iterable[Match]) -> Match:
    """Whether all conditions match: one False decides, even if others are unknown."""
    matches = list(conditions)
    if False in matches:
        return False
    return None if None in matches else True


def any_matches(conditions: Iterable[Match]) -> Match:
    """Whether at least one condition matches: one True decides, even if others are unknown."""
    matches = list(conditions)
    if True in matches:
        return True
    return None if None in matches else False


def matches_address(cidr: str, address: str) -> Match:
    """Whether a CIDR block contains the address; an IPv4 block contains no IPv6 address. None for what is no
    address.
    """
    try:
        return _address(address) in _network(cidr)
    except ValueError:
        return None


def matches_protocol(protocol: int, packet_protocol: int) -> Match:
    """Whether a rule's protocol covers the packet's; None if the packet stands for all protocols, the rule
    for one.
    """
    if protocol in (ALL, packet_protocol):
        return True
    return None if packet_protocol == ALL else False


def matches_ports(first: int | None, last: int | None, ports: Ports) -> Match:
    """Whether a rule's port range (None: all ports) covers these ports; None if it covers only some of them."""
    if first is None or last is None or (first <= ports.first and ports.last <= last):
        return True
    return False if ports.last < first or last < ports.first else None


def matches_code(value: int | None, packet_value: int | None) -> Match:
    """Whether a rule's ICMP type (or code) covers the packet's; None if the packet's is not known."""
    if value is None or value == ALL:
        return True
    return None if packet_value is None else value == packet_value


@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address, which is compared with many rules. Raises ValueError for what is none."""
    return ipaddress.ip_address(text)


@lru_cache(maxsize=4096)
def _network(cidr: str) -> _Network:
    return ipaddress.ip_network(cidr, strict=False)
