"""Login services that a user says are public: a Git or SFTP server that strangers are meant to log in to."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from flowsentry.ownership import Interface
from flowsentry.sources import Network

MAX_LETTERS = 200
"""Of one entry; a Name tag has up to 255, and an ARN about 100."""
LOGIN_PORTS = (22, 3389, 5985, 5986)
"""Those of services.LOGIN_PORTS, which would bring polars."""
WORDS = (
    "an address, a network without host bits, an address with a login port such as 10.0.0.5:22 or [2001:db8::5]:22, or "
    f"the id or name of an owner, of at most {MAX_LETTERS} printable letters without a comma"
)
_WITH_PORT = re.compile(r"\[?([0-9A-Fa-f.:/]+?)\]?:([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class PublicServices:
    """`places` are networks, each with its port or None for all; `owners` are ids and names in lower case."""

    places: tuple[tuple[Network, int | None], ...] = ()
    owners: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """Those that a setting names. Raises ValueError for an entry that can't be meant."""
        read = [read_entry(entry) for entry in entries]
        places = tuple(each for each in read if not isinstance(each, str))
        return cls(places, frozenset(each.casefold() for each in read if isinstance(each, str)))

    def __bool__(self) -> bool:
        return bool(self.places or self.owners)

    def covers(self, address: str, port: int, owner: Interface | None) -> bool:
        """Whether the login service at this address and port, which belongs to this owner, is public."""
        if owner and not self.owners.isdisjoint({owner.owner_id.casefold(), owner.owner_name.casefold()}):
            return True
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network and wanted in (None, port) for network, wanted in self.places)


def read_entry(entry: str) -> tuple[Network, int | None] | str:
    """A network and its port, or an owner's id or name. Raises ValueError: see WORDS."""
    text = entry.strip()
    if not 0 < len(text) <= MAX_LETTERS or "," in text or not text.isprintable():
        raise ValueError(WORDS)
    if (network := _network(text)) is not None:
        return network, None
    found = _WITH_PORT.fullmatch(text)
    network = _network(found[1]) if found else None
    if found is None or network is None:
        return text
    if int(found[2]) not in LOGIN_PORTS:
        raise ValueError(f"port {found[2]} is none of {', '.join(map(str, LOGIN_PORTS))}")
    return network, int(found[2])


def _network(text: str) -> Network | None:
    """None for what is none; raises ValueError for one with host bits, which would be taken for a name."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return ipaddress.ip_network(text)
