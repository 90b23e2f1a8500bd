"""Refusal: packets that were rejected, and who was at both ends. What is said of it is in explanation."""

from dataclasses import dataclass
from typing import Literal

from flowsentry.inventory.inventory import Interface

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True)
class End:
    """One end of packets: their address there, and the interface that has it, where it is known."""

    address: str
    interface: Interface | None = None

    @property
    def network_interface(self) -> Interface | None:
        """The interface; None also for what has an address and no interface of its own, such as a pod."""
        return self.interface if self.interface and self.interface.interface_id else None

    @property
    def is_private(self) -> bool | None:
        """Whether packets to it stay within private networks; None when it is not the interface's address at all, as
        far as is known (a prefix delegated to a node).
        """
        if self.interface is None:
            return None
        if self.address in self.interface.addresses:
            return True
        return False if self.address in self.interface.public_addresses else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedPacket:
    """Rejected packets, as the record has them: `source` sent them. Ports are None where the protocol has none or none
    is known, and so are the type and the code of ICMP (flow logs don't tell them).

    `seen_by` is the interface whose record it is and `direction` the way as it saw it. `opens` says whether TCP's
    flags held a SYN without ACK. `accepted_other_way` says that packets of the same flow were accepted the other way,
    which makes these the reply.
    """

    source: End
    destination: End
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    seen_by: str = ""
    direction: Direction | None = None
    reject_reason: str | None = None
    opens: bool | None = None
    accepted_other_way: bool = False
