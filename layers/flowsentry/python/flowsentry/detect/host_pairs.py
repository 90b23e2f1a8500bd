"""The initiator and the responder of a finding, with their owners: names for titles, and details."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from flowsentry.findings.drafts import Draft, Owners
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import Kind
from flowsentry.inventory.address_space import AddressQuery
from flowsentry.inventory.inventory import Interface
from flowsentry.records.code_names import TCP, UDP, protocol_name
from flowsentry.records.service_ports import SERVICES

MAX_NAME_LETTERS = 64
"""Length of a name in a title; a Name tag has up to 255. Longer: titles are harder to read. Shorter: more are cut."""
Row = Mapping[str, Any]
Identity = tuple[str, ...]
"""What makes findings of several days the same thread: the kind, the scope and the ends."""


class Host(NamedTuple):
    """An address, its owner and the interface that has it, if these are known."""

    address: str
    owner: Interface | None
    interface: Interface | None

    def __str__(self) -> str:
        """`web-1 (10.0.1.5)`, or the address alone."""
        return display_name(self.address, self.owner)

    @property
    def as_details(self) -> dict[str, str] | None:
        return self.owner.owner if self.owner else None


class HostPair(NamedTuple):
    """The two hosts of a contact."""

    initiator: Host
    responder: Host


def pair_draft(kind: Kind, identity: Identity, row: Row, write: Callable[[Identity, Row, HostPair], Finding]) -> Draft:
    """The draft of a finding about two hosts on a `day`: the row's `initiator` and `responder` in `scope`, at the time
    `last_seen`.
    """
    at = row["last_seen"]
    ends = tuple(AddressQuery(row["scope"], row[end], at) for end in ("initiator", "responder"))

    def with_owners(owners: Owners) -> Finding:
        initiator, responder = (Host(end.address, *owner) for end, owner in zip(ends, owners, strict=True))
        return write(identity, row, HostPair(initiator, responder))

    return Draft(finding_id(*identity, str(row["day"])), kind.severity(), at, ends, with_owners)


def display_name(address: str, owner: Interface | None) -> str:
    """`web-1 (10.0.1.5)`, or the address alone; long names are cut."""
    if owner is None:
        return address
    name = owner.owner_name
    return f"{name if len(name) <= MAX_NAME_LETTERS else name[: MAX_NAME_LETTERS - 3] + '...'} ({address})"


def port_in_words(row: Row) -> str:
    """`port 5432/tcp (postgresql)`; the protocol, such as `icmp`, if it has no ports."""
    port, protocol = row["responder_port"], protocol_name(row["protocol"])
    if row["protocol"] not in (TCP, UDP):
        return protocol
    return f"port {port}/{protocol}{f' ({SERVICES[port]})' if port in SERVICES else ''}"


def pair_details(row: Row, pair: HostPair, interface_ids: Iterable[str | None]) -> dict[str, Any]:
    """Details that every finding about a pair of hosts has; `subject_owner` is the owner of the initiator."""
    return {
        "responder": row["responder"],
        "responder_port": row["responder_port"],
        "protocol": protocol_name(row["protocol"]),
        "interface_ids": [each for each in interface_ids if each],
        "subject_owner": pair.initiator.as_details,
        "responder_owner": pair.responder.as_details,
    }
