"""Sources: who is judged, as text: an address, or of IPv6 outside the /64 that it is in. The notifier imports this: no
polars here.

A host that has a /64 has 2^64 addresses, and may call from another one each time (RFC 8981 makes honest ones do so once
a day); a site gets a /64 for each of its networks at least (RFC 4291, 2.5.4; RFC 6177). So of addresses outside, the
/64 is one source.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SOURCE_BITS = 64
"""Of an IPv6 address outside, that are one source. More: a scanner with a new address for each probe is never seen.
Fewer: neighbours are judged as one; a provider that hands out a /56 is still seen as up to 256 sources."""
INTERFACE_BITS = 128 - SOURCE_BITS
_GLOBAL = ipaddress.IPv6Network("2000::/3")
"""What IANA hands out (https://www.iana.org/assignments/ipv6-unicast-address-assignments). All else stands for itself:
IPv4 in IPv6 (::ffff:0:0/96, 64:ff9b::/96), link-local and unique local addresses."""
_TEREDO = ipaddress.IPv6Network("2001::/32")
"""The /64 of a Teredo address is a server with all of its clients (RFC 4380, 4)."""

_GLOBAL_PREFIX, _TEREDO_PREFIX = (
    int(network.network_address) >> 128 - network.prefixlen for network in (_GLOBAL, _TEREDO)
)
MAX_NETWORKS = 4_096
"""Networks remembered as text, some 200 bytes each. More: memory. Fewer: they are written out again and again."""


def source_of(address: str) -> str:
    """The source that an address outside is: of global IPv6 its /64, as `2001:db8:1:2::/64`; else the address."""
    try:
        number = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    prefix = int(number) >> INTERFACE_BITS
    is_global = prefix >> SOURCE_BITS - _GLOBAL.prefixlen == _GLOBAL_PREFIX
    is_teredo = prefix >> SOURCE_BITS - _TEREDO.prefixlen == _TEREDO_PREFIX
    return _network(prefix) if is_global and not is_teredo and not number.scope_id else address


@lru_cache(MAX_NETWORKS)
def _network(prefix: int) -> str:
    return f"{ipaddress.IPv6Address(prefix << INTERFACE_BITS)}/{SOURCE_BITS}"


def network_of(source: object) -> Network | None:
    """The source as a network, that of an address being it alone; None for what is neither, as the id of an
    interface.
    """
    try:
        return ipaddress.ip_network(source) if isinstance(source, str) and "%" not in source else None
    except ValueError:
        return None


def is_network(source: object) -> bool:
    """Whether a source is a /64, and no single address."""
    return isinstance(source, str) and source.endswith(f"/{SOURCE_BITS}") and network_of(source) is not None


def address_of(source: str) -> str:
    """An address to look a source up by: itself, or the first of its network."""
    return source.partition("/")[0]


def is_within(source: object, networks: Iterable[Network]) -> bool:
    """Whether all of a source is in one of the networks; false for what is no source. A single address that is listed
    does not stand for the /64 that it is in: what a neighbour of it does would go unsaid.
    """
    known = network_of(source)
    return known is not None and any(
        known.version == network.version and known.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )


def interface_id_of(address: str) -> bytes:
    """What tells an IPv6 address from the others of its /64."""
    return ipaddress.IPv6Address(address).packed[-INTERFACE_BITS // 8 :]


def address_in(source: str, interface_id: bytes) -> str:
    """The address of the source, a /64, with this interface id."""
    prefix = ipaddress.IPv6Address(address_of(source)).packed[: SOURCE_BITS // 8]
    return str(ipaddress.IPv6Address(prefix + interface_id))


def packed(source: str) -> bytes:
    """The source in few bytes: 4 of an IPv4 address, 8 of a /64, 16 of another IPv6 address. Raises ValueError for what
    is none.
    """
    if is_network(source):
        return ipaddress.IPv6Address(address_of(source)).packed[: SOURCE_BITS // 8]
    return ipaddress.ip_address(source).packed


def unpacked(source: bytes) -> str:
    """The source that `packed` made these bytes of."""
    if len(source) != SOURCE_BITS // 8:
        return str(ipaddress.ip_address(source))
    return f"{ipaddress.IPv6Address(source + bytes(INTERFACE_BITS // 8))}/{SOURCE_BITS}"


def spellings_of(source: str) -> list[str]:
    """Regular expressions, one of which fits an address of the /64 as records have it (RFC 5952): whole groups, or with
    its longest run of zeros, which may begin in the network, as `::`. They hold no other letters than hexadecimal
    digits and `:[]{},()?-`.
    """
    prefix = ipaddress.IPv6Address(address_of(source)).packed[: SOURCE_BITS // 8]
    groups = [f"{int.from_bytes(prefix[at : at + 2]):x}" for at in range(0, SOURCE_BITS // 8, 2)]
    group = "[0-9a-f]{1,4}"
    found = [f"{':'.join(groups)}:[0-9a-f:]{{1,19}}"]
    head = ":".join(groups).removesuffix(":0").removesuffix(":0").removesuffix(":0")
    if groups[-1] == "0":
        found.append(f"{head}::({group}(:{group}){{0,3}})?")
    if groups[1:3] == ["0", "0"] and groups[3] != "0":
        found.append(f"{groups[0]}::{groups[3]}(:{group}){{4}}")
    return found
