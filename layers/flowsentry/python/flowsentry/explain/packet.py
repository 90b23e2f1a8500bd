"""Packet: what rules are asked about. It is told from its sender's side; rules see the end that is far from them."""

from dataclasses import dataclass
from typing import NamedTuple, Self

from flowsentry.findings.rejected_packet import End, RejectedPacket

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
WITH_PORTS = (TCP, UDP)
WITH_TYPES = (ICMP, ICMPV6)
ECHO_REPLIES = {(ICMP, 8): 0, (ICMPV6, 128): 129}
"""The type that answers, by protocol and type (RFC 792, RFC 4443). Other types are answers, or have none."""


class Ports(NamedTuple):
    """Ports from the first to the last: one when it is known, else all that it can be."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


EPHEMERAL_PORTS = Ports(1024, 65_535)
"""What a client's port can be: https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html says to open
these where many kinds of clients may call."""
ANY_PORTS = Ports(0, 65_535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet, or all those that differ in what is not known of it. Ports mean nothing for protocols without, nor
    do the type and the code of ICMP for others; as None they are not known. A reply goes to a port that the client
    takes anew each time.
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
        """A packet of those that were refused. What a reply goes to is a client's port."""
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
        """The end at which outbound or inbound rules are asked."""
        return self.source if is_egress else self.destination

    def far(self, *, is_egress: bool) -> End:
        """The end that outbound or inbound rules are about."""
        return self.destination if is_egress else self.source

    @property
    def is_answered(self) -> bool:
        """Whether a reply is to be expected: not to types of ICMP that ask nothing."""
        known_to_ask_nothing = self.icmp_type is not None and (self.protocol, self.icmp_type) not in ECHO_REPLIES
        return not (self.protocol in WITH_TYPES and known_to_ask_nothing)

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
        """Whether network ACLs are passed: they are asked when traffic enters and leaves a subnet, not within one. A
        public address is reached through the internet gateway, also that of a neighbour.

        https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
        """
        source, destination = self.source.interface, self.destination.interface
        if source is None or destination is None or not source.subnet_id:
            return True
        is_private = self.source.is_private is not False and self.destination.is_private is not False
        return source.subnet_id != destination.subnet_id or not is_private


def _ports(port: int | None, otherwise: Ports) -> Ports:
    return otherwise if port is None else Ports(port, port)
