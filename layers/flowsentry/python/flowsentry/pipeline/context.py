"""The configuration and knowledge that a source is processed with, and the stores that its results go to."""

from functools import cached_property
from typing import Protocol

from msgspec import field

from flowsentry.findings.evidence import EvidenceStore
from flowsentry.findings.finding import FindingStore
from flowsentry.findings.known_services import KnownServices
from flowsentry.findings.suppressions import Suppressions
from flowsentry.findings.thresholds import Thresholds
from flowsentry.frames import EnrichedFlows, Records
from flowsentry.in_memory import KnownServicesInMemory
from flowsentry.inventory.address_space import PRIVATE_NETWORKS, AddressSpace
from flowsentry.inventory.geoip import Geography, NoGeography
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.named_services import NamedServices
from flowsentry.value import Value


class Context(Value, frozen=True, dict=True):
    """Inventory, thresholds and settings that a batch is judged with; no I/O. One object serves until the inventory or
    a setting changes, since it keeps lookup tables. An outage of one of `important_services` is urgent;
    `public_services` are login services that anybody may use. With `names_talkers` the outcome of a source names its
    busiest talkers.
    """

    inventory: Inventory = field(default_factory=Inventory)
    inside_networks: tuple[str, ...] = PRIVATE_NETWORKS
    geography: Geography = field(default_factory=NoGeography)
    trusted_networks: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    suppressions: Suppressions = field(default_factory=Suppressions)
    important_services: NamedServices = field(default_factory=NamedServices)
    public_services: NamedServices = field(default_factory=NamedServices)
    names_talkers: bool = False

    @cached_property
    def address_space(self) -> AddressSpace:
        return AddressSpace.of(
            self.inventory, self.inside_networks, self.geography, self.trusted_networks, self.important_services
        )


class FlowStore(Protocol):
    """Gets the records of each chunk with the flows among them, before it is known whether the source is readable."""

    def add(self, records: Records, flows: EnrichedFlows) -> None: ...


class Stores(Value, frozen=True):
    """The stores of evidence, findings and known services. By default, services that answered in other sources are
    unknown. A replay has a store of flows too, for its report.
    """

    evidence: EvidenceStore
    findings: FindingStore
    services: KnownServices = field(default_factory=KnownServicesInMemory)
    flows: FlowStore | None = None
