"""Packet: what rules are evaluated against, as its sender sent it; and the ends of packets at their addresses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Self

from flowsentry.findings.rejected_packet import End, RejectedPacket
from flowsentry.inventory.address_space import AddressOwner, AddressQuery, AddressSpace
from flowsentry.records.code_names import ICMP, ICMPV6, TCP, UDP
from flowsentry.value import Value

WITH_PORTS = (TCP, UDP)
WITH_TYPES = (ICMP, ICMPV6)
ECHO_REPLIES = {(ICMP, 8): 0, (ICMPV6, 128): 129}
"""The ICMP type of the reply, by protocol and type (RFC 792, RFC 4443). Other types are replies, or have none."""


class Ports(NamedTuple):
    """A port range: a single port if it is known, else all ports that it can be."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


EPHEMERAL_PORTS = Ports(1024, 65_535)
"""The ports a client can use: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html says to open
these where many kinds of clients may call."""
ANY_PORTS = Ports(0, 65_535)


class Packet(Value, frozen=True, kw_only=True):
    """One packet, or all packets that differ only in what is unknown. Ports count for TCP and UDP only, `icmp_type` and
    `icmp_code` for ICMP only (None: not known). A reply goes to a port that the client chooses anew for each
    connection.
    """

    source: End
    destination: End
    protocol: int
    source_ports: Ports = EPHEMERAL_PORTS
    destination_ports: Ports = ANY_PORTS
    icmp_type: int | None = None
    icmp_code: int | None = None
    is_reply: bool = False

    @classmethod
    def of(cls, refusal: RejectedPacket) -> Self:
        """The packet of a rejected record. The destination port of a reply is a client's port."""
        otherwise = EPHEMERAL_PORTS if refusal.accepted_other_way else ANY_PORTS
        return cls(
            source=refusal.source,
            destination=refusal.destination,
            protocol=refusal.protocol,
            source_ports=_ports(refusal.source_port, EPHEMERAL_PORTS),
            destination_ports=_ports(refusal.destination_port, otherwise),
            icmp_type=refusal.icmp_type,
            icmp_code=refusal.icmp_code,
            is_reply=refusal.accepted_other_way,
        )

    def near(self, *, is_egress: bool) -> End:
        """The end whose outbound (egress) or inbound rules are evaluated."""
        return self.source if is_egress else self.destination

    def far(self, *, is_egress: bool) -> End:
        """The end that those rules name: the destination of outbound rules, the source of inbound rules."""
        return self.destination if is_egress else self.source

    @property
    def is_answered(self) -> bool:
        """Whether a reply is expected: not for ICMP types other than echo requests."""
        is_no_request = self.icmp_type is not None and (self.protocol, self.icmp_type) not in ECHO_REPLIES
        return not (self.protocol in WITH_TYPES and is_no_request)

    def reply(self) -> "Packet":
        """The packet that answers it."""
        return Packet(
            source=self.destination,
            destination=self.source,
            protocol=self.protocol,
            source_ports=self.destination_ports,
            destination_ports=self.source_ports,
            icmp_type=ECHO_REPLIES.get((self.protocol, self.icmp_type)) if self.icmp_type is not None else None,
            icmp_code=0 if self.icmp_type is not None else None,
            is_reply=True,
        )

    @property
    def leaves_its_subnet(self) -> bool:
        """Whether network ACLs are evaluated: they are when traffic enters or leaves a subnet, not within one. A public
        address is reached through the internet gateway, even a neighbour's.

        https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
        """
        source, destination = self.source.interface, self.destination.interface
        if source is None or destination is None or not source.subnet_id:
            return True
        is_private = self.source.is_private is not False and self.destination.is_private is not False
        return source.subnet_id != destination.subnet_id or not is_private


def _ports(port: int | None, otherwise: Ports) -> Ports:
    return otherwise if port is None else Ports(port, port)


def ends_of(addresses: Sequence[AddressQuery], address_space: AddressSpace) -> list[End]:
    """The end at each address. A pod has its own name and the security groups of its node's interface."""
    known = address_space.owners_of(addresses)
    return [end_of(query.address, each) for query, each in zip(addresses, known, strict=True)]


def end_of(address: str, known: AddressOwner) -> End:
    """The end at an address of which these are the owner and the interface."""
    owner, interface = known
    if owner is None or interface is None or owner == interface:
        return End(address, owner or interface)
    kind, id_, name = owner.owner_kind, owner.owner_id, owner.owner_name
    return End(address, replace(interface, owner_kind=kind, owner_id=id_, owner_name=name))
