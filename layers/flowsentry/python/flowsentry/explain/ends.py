"""Addresses at a time -> ends of packets, as their owners and interfaces are known."""

from collections.abc import Sequence
from dataclasses import replace

from flowsentry.findings.rejected_packet import End
from flowsentry.inventory.address_space import AddressAt, AddressSpace, EndOf


def ends_of(addresses: Sequence[AddressAt], address_space: AddressSpace) -> list[End]:
    """The end at each address. A pod is called by its own name, and has the security groups of its node's interface."""
    known = address_space.ends_of(addresses)
    return [_end(asked.address, each) for asked, each in zip(addresses, known, strict=True)]


def _end(address: str, known: EndOf) -> End:
    owner, interface = known
    if owner is None or interface is None or owner == interface:
        return End(address, owner or interface)
    kind, id_, name = owner.owner_kind, owner.owner_id, owner.owner_name
    return End(address, replace(interface, owner_kind=kind, owner_id=id_, owner_name=name))
