"""Whether a rule is about a packet: yes, no, or None where too little is known of the packet to tell."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from flowsentry.explain.packet import Ports
from flowsentry.inventory.firewall_rules import ALL

Told = bool | None
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def every(conditions: Iterable[Told]) -> Told:
    """Whether all are so: a no decides, whatever else can't be told."""
    told = list(conditions)
    if False in told:
        return False
    return None if None in told else True


def some(conditions: Iterable[Told]) -> Told:
    """Whether one is so: a yes decides, whatever else can't be told."""
    told = list(conditions)
    if True in told:
        return True
    return None if None in told else False


def holds_address(cidr: str, address: str) -> Told:
    """Whether a block has the address; a block of IPv4 has none of IPv6. None for what is no address."""
    try:
        return ipaddress.ip_address(address) in _network(cidr)
    except ValueError:
        return None


def holds_protocol(protocol: int, asked: int) -> Told:
    """Whether a rule for a protocol is about the one asked; where all are asked, it is about some of them."""
    if protocol in (ALL, asked):
        return True
    return None if asked == ALL else False


def holds_ports(first: int | None, last: int | None, asked: Ports) -> Told:
    """Whether a range, or none for all, has the ports asked: None where it has some of them."""
    if first is None or last is None or (first <= asked.first and asked.last <= last):
        return True
    return False if asked.last < first or last < asked.first else None


def holds_code(value: int | None, asked: int | None) -> Told:
    """Whether ICMP's type, or its code, in a rule is the one asked; None for one that is not known."""
    if value is None or value == ALL:
        return True
    return None if asked is None else value == asked


@lru_cache(maxsize=4096)
def _network(cidr: str) -> _Network:
    return ipaddress.ip_network(cidr, strict=False)
