"""Rejected packets and the owners of both addresses: the input of an explanation (see explanation.py)."""

from typing import Literal

from flowsentry.inventory.inventory import Interface
from flowsentry.value import Value

Direction = Literal["ingress", "egress"]


class End(Value, frozen=True):
    """One end of a flow: its address, and the interface that has the address, if known."""

    address: str
    interface: Interface | None = None

    @property
    def network_interface(self) -> Interface | None:
        """The network interface; None also if the owner has none of its own, such as a pod."""
        return self.interface if self.interface and self.interface.interface_id else None

    @property
    def is_private(self) -> bool | None:
        """Whether it is a private address of the interface; None if it is not known as an address of the interface,
        for example in a prefix delegated to a node.
        """
        if self.interface is None:
            return None
        if self.address in self.interface.addresses:
            return True
        return False if self.address in self.interface.public_addresses else None


class RejectedPacket(Value, frozen=True, kw_only=True):
    """Rejected packets of one record, sent by `source`. Ports are None if the protocol has none or they are unknown;
    ICMP type and code are None too, because flow logs do not contain them.

    `seen_by` is the interface of the record and `direction` the flow direction there. `opens` says whether the TCP
    flags contain a SYN without ACK. `accepted_other_way` says that packets of the same flow were accepted in the other
    direction, so these packets are a reply.
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
