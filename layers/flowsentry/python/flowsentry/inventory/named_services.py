"""Services that a setting names by address, network or owner, with or without a port."""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Self

from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.network_index import NetworkIndex
from flowsentry.inventory.source_address import Network, network_of
from flowsentry.records import code_names
from flowsentry.value import Value

MAX_LETTERS = 200
"""Longest entry; a Name tag has up to 255 characters, an ARN about 100."""
LOGIN_PORTS = tuple(code_names.LOGIN_PORTS)
_MOST_PORT = 65_535
_WITH_PORT = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<name>[^:]+)):(?P<port>[0-9]{1,5})")
_LOOKS_LIKE_AN_ADDRESS = re.compile(r"[0-9./:\[\]]+")
"""Text that can only be meant as an address, valid or not; no owner has such a name."""


def words(ports: Collection[int] = ()) -> str:
    """A description of valid entries for error messages; with `ports`, only those ports are valid."""
    example, kind = (22, "a login port") if ports else (5432, "a port")
    return (
        f"an address, a network without host bits, or the id, name or kind of an owner, each with {kind} after it or "
        f"without, such as 10.0.0.5:{example} or [2001:db8::5]:{example}, of at most {MAX_LETTERS} printable letters "
        "without a comma"
    )


class NamedService(Value, frozen=True):
    """One entry. `owner` is the id, name or kind of an owner in lower case; `port` is None for all ports."""

    network: Network | None = None
    owner: str = ""
    port: int | None = None


class NamedServices(Value, frozen=True, dict=True):
    """The entries of a setting; empty by default."""

    entries: tuple[NamedService, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The entries of these texts. Raises ValueError for an invalid one."""
        return cls(tuple(map(named_service, texts)))

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def has_owners(self) -> bool:
        """Whether any entry names an owner, so that owners must be looked up."""
        return bool(self._ports_by_owner)

    def cover(self, address: str, port: int, owner: Interface | None) -> bool:
        """Whether any entry names this port of this address, which has this owner."""
        return self._owner_is_named(port, owner) or self._address_is_named(address, port)

    def _owner_is_named(self, port: int, owner: Interface | None) -> bool:
        if owner is None or not self.has_owners:
            return False
        names = (str(word).casefold() for word in owner.owner.values() if word)
        return any(not {None, port}.isdisjoint(self._ports_by_owner.get(name, ())) for name in names)

    def _address_is_named(self, address: str, port: int) -> bool:
        known = network_of(address)
        indexes = (self._networks_by_port.get(each) for each in (None, port))
        return known is not None and any(index.contains(known) for index in indexes if index)

    @cached_property
    def _ports_by_owner(self) -> dict[str, set[int | None]]:
        ports: dict[str, set[int | None]] = defaultdict(set)
        for each in self.entries:
            if each.owner:
                ports[each.owner].add(each.port)
        return dict(ports)

    @cached_property
    def _networks_by_port(self) -> dict[int | None, NetworkIndex]:
        networks: dict[int | None, list[Network]] = defaultdict(list)
        for each in self.entries:
            if each.network is not None:
                networks[each.port].append(each.network)
        return {port: NetworkIndex.of(named) for port, named in networks.items()}


def named_service(text: str, ports: Collection[int] = ()) -> NamedService:
    """The service that a text such as `10.0.3.10:5432`, `10.0.3.0/24`, `[2001:db8::5]:443`, `db-1`, `db-1:5432` names.

    Raises ValueError with what is allowed: see `words`.
    """
    name = text.strip()
    if not 0 < len(name) <= MAX_LETTERS or "," in name or not name.isprintable():
        raise ValueError(words(ports))
    if (network := _network(name)) is not None:
        return NamedService(network)
    found = _WITH_PORT.fullmatch(name)
    if found is None:
        if _LOOKS_LIKE_AN_ADDRESS.fullmatch(name):
            raise ValueError(words(ports))
        return NamedService(owner=name.casefold())
    port = int(found["port"])
    if not 0 < port <= _MOST_PORT or (ports and port not in ports):
        raise ValueError(f"port {port} is none of {', '.join(map(str, ports)) or f'1 to {_MOST_PORT}'}")
    named = found["ipv6"] or found["name"]
    network = _network(named)
    if network is None and (found["ipv6"] or _LOOKS_LIKE_AN_ADDRESS.fullmatch(named)):
        raise ValueError(words(ports))
    return NamedService(network, "" if network else named.strip().casefold(), port)


def _network(text: str) -> Network | None:
    """The network; None if the text is none. Raises ValueError for a network with host bits, which would pass for a
    name.
    """
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return ipaddress.ip_network(text)
