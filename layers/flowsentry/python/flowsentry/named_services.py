"""Services that a setting names: by the address or network that they listen on, or by their owner, with or without a
port.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

MAX_NAMED_SERVICES = 50
"""Entries of a setting. More: a function's environment holds 4 KB in all. Fewer: whoever lists addresses one by one
runs out of room; networks and owners cover many."""
MAX_NAME_LETTERS = 128
_MOST_PORT = 65_535
_WITH_PORT = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<name>[^:]+)):(?P<port>[0-9]{1,5})")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class NamedService:
    """One entry. `owner` is the id, name or kind of an owner in lower case; `port` is None for all ports."""

    network: Network | None = None
    owner: str = ""
    port: int | None = None

    def covers(self, address: str, port: int, owner: Mapping[str, str] | None) -> bool:
        """Whether the entry names this port of this address, which has this owner."""
        if self.port not in (None, port):
            return False
        if self.network is not None:
            return _is_in(address, self.network)
        return self.owner in {word.casefold() for word in (owner or {}).values() if word}


@dataclass(frozen=True, slots=True)
class NamedServices:
    """The entries of a setting; none by default."""

    entries: tuple[NamedService, ...] = ()

    def cover(self, address: str, port: int, owner: Mapping[str, str] | None) -> bool:
        """Whether any entry names the service."""
        return any(each.covers(address, port, owner) for each in self.entries)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Raises ValueError, naming the entry, for one that can't be meant."""
        return cls(tuple(map(named_service, texts)))


def named_service(text: str) -> NamedService:
    """The service that a text such as `10.0.3.10:5432`, `10.0.3.0/24`, `[2001:db8::5]:443`, `db-1`, `db-1:5432` names.

    Raises ValueError for an empty or long text, one with a comma (the separator of a function's environment), a network
    with host bits, or a port that is none.
    """
    if not 0 < len(text.strip()) <= MAX_NAME_LETTERS or not text.isprintable() or "," in text:
        raise ValueError(f"{text[:MAX_NAME_LETTERS]!r} names no service")
    found = _WITH_PORT.fullmatch(text.strip())
    name, port = (found["ipv6"] or found["name"], int(found["port"])) if found else (text.strip(), None)
    if port is not None and not 0 < port <= _MOST_PORT:
        raise ValueError(f"{text!r}: port {port} is none from 1 to {_MOST_PORT}")
    try:
        return NamedService(ipaddress.ip_network(name), "", port)
    except ValueError as error:
        if (found and found["ipv6"]) or re.fullmatch(r"[0-9./]+|[0-9a-fA-F:]+/[0-9]+", name):
            raise ValueError(f"{text!r} is no address or network: {error}") from error
    return NamedService(None, name.casefold(), port)


def _is_in(address: str, network: Network) -> bool:
    try:
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False
