"""Owner and Inventory: who has which interface and address."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface, with whom it belongs to. `owner_kind` is a word such as `instance`, `application load
    balancer`, `nat gateway`; `owner_name` the name people know it by (a Name tag, a load balancer's name), else the id.
    `addresses` are all private ones, the primary first; `public_addresses` those associated with them.
    """

    interface_id: str
    vpc_id: str
    subnet_id: str
    availability_zone: str
    addresses: tuple[str, ...]
    public_addresses: tuple[str, ...]
    owner_kind: str
    owner_id: str
    owner_name: str
    security_groups: tuple[str, ...] = ()

    @property
    def owner(self) -> dict[str, str]:
        """The owner in the words of a finding's details."""
        return {"kind": self.owner_kind, "id": self.owner_id, "name": self.owner_name}


@dataclass(frozen=True)
class Inventory:
    """A snapshot of a region's interfaces and networks. `networks` are the CIDR blocks of each VPC; `taken_at` is Unix
    seconds.
    """

    taken_at: int = 0
    interfaces: tuple[Interface, ...] = ()
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Gzip of JSON; equal inventories give equal bytes."""
        return gzip.compress(json.dumps(asdict(self), sort_keys=True).encode(), mtime=0)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        values = json.loads(gzip.decompress(data))
        interfaces = tuple(_interface(row) for row in values["interfaces"])
        networks = {vpc_id: tuple(blocks) for vpc_id, blocks in values["networks"].items()}
        return cls(values["taken_at"], interfaces, networks)

    def owner_of(self, scope: str, address: str) -> Interface | None:
        """The interface that has this address within a VPC (or, for the scope `public`, as a public address). For the
        few addresses of findings; records are joined in enrich.
        """
        return self._by_address.get((scope, address))

    def interface_of(self, interface_id: str) -> Interface | None:
        """The interface with this id."""
        return self._by_id.get(interface_id)

    @cached_property
    def _by_id(self) -> dict[str, Interface]:
        return {row.interface_id: row for row in self.interfaces}

    @cached_property
    def _by_address(self) -> dict[tuple[str, str], Interface]:
        private = {(row.vpc_id, address): row for row in reversed(self.interfaces) for address in row.addresses}
        public = {(PUBLIC, address): row for row in reversed(self.interfaces) for address in row.public_addresses}
        return private | public


PUBLIC = "public"
"""The scope of an address that means the same everywhere. A private address means nothing without its VPC."""
UNKNOWN_SCOPE = "unknown"
"""The scope of a record whose VPC neither it nor the inventory tells."""


def _interface(row: Mapping[str, Any]) -> Interface:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Interface(**values)
