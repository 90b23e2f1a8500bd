"""Sources and scopes: the text that identifies a source (an address, or for outside IPv6 its /64), and the scope within
which an address identifies one host: a VPC id, a transit gateway id, or a word below. No polars: the notifier imports
this module.

A host with a /64 has 2^64 addresses and can use another one for each connection (RFC 8981 makes ordinary hosts change
it once a day); a site gets at least a /64 for each of its networks (RFC 4291, 2.5.4; RFC 6177). So for outside
addresses, the /64 is one source.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

PUBLIC = "public"
"""The scope of public addresses, which identify one host everywhere. A private address does so only within its VPC."""
UNKNOWN_SCOPE = "unknown"
"""The scope of a record whose VPC neither the record nor the inventory identifies."""


Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SOURCE_BITS = 64
"""Prefix length of an outside IPv6 source. Higher: a scanner that uses a new address for each probe is not detected.
Lower: neighbours count as one source. A customer with a /56 still appears as up to 256 sources."""
INTERFACE_BITS = 128 - SOURCE_BITS
_GLOBAL = ipaddress.IPv6Network("2000::/3")
"""Global unicast addresses (https://www.iana.org/assignments/ipv6-unicast-address-assignments). Other addresses are
sources by themselves: IPv4 in IPv6 (::ffff:0:0/96, 64:ff9b::/96), link-local and unique local addresses."""
_TEREDO = ipaddress.IPv6Network("2001::/32")
"""The /64 of a Teredo address is shared by all clients of a server (RFC 4380, 4)."""

_GLOBAL_PREFIX, _TEREDO_PREFIX = (
    int(network.network_address) >> 128 - network.prefixlen for network in (_GLOBAL, _TEREDO)
)
MAX_NETWORKS = 4_096
"""Networks cached as text, about 200 bytes each. Higher: more memory. Lower: they are formatted repeatedly."""


def source_of(address: str) -> str:
    """The source of an outside address: the /64 of global IPv6, such as `2001:db8:1:2::/64`; else the address."""
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
    """The source as a network (of one address for an address); None for what is neither, such as an interface id."""
    try:
        return ipaddress.ip_network(source) if isinstance(source, str) and "%" not in source else None
    except ValueError:
        return None


def is_network(source: object) -> bool:
    """Whether a source is a /64 rather than a single address."""
    return isinstance(source, str) and source.endswith(f"/{SOURCE_BITS}") and network_of(source) is not None


def address_of(source: str) -> str:
    """The address to look a source up by: the address itself, or the first address of its network."""
    return source.partition("/")[0]


def is_within(source: object, networks: Iterable[Network]) -> bool:
    """Whether all of a source is in one of the networks; false for what is no source. A single listed address
    does not cover the /64 that it is in, since neighbours in that /64 would go unreported.
    """
    known = network_of(source)
    return known is not None and any(
        known.version == network.version and known.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )


def interface_id_of(address: str) -> bytes:
    """The interface identifier of an IPv6 address: its last 8 bytes."""
    return ipaddress.IPv6Address(address).packed[-INTERFACE_BITS // 8 :]


def address_in(source: str, interface_id: bytes) -> str:
    """The address of the source, a /64, with this interface identifier."""
    prefix = ipaddress.IPv6Address(address_of(source)).packed[: SOURCE_BITS // 8]
    return str(ipaddress.IPv6Address(prefix + interface_id))


def packed(source: str) -> bytes:
    """The source as bytes: 4 of an IPv4 address, 8 of a /64, 16 of another IPv6 address. Raises ValueError for what
    is no source.
    """
    if is_network(source):
        return ipaddress.IPv6Address(address_of(source)).packed[: SOURCE_BITS // 8]
    return ipaddress.ip_address(source).packed


def unpacked(source: bytes) -> str:
    """The source from the bytes of `packed`."""
    if len(source) != SOURCE_BITS // 8:
        return str(ipaddress.ip_address(source))
    return f"{ipaddress.IPv6Address(source + bytes(INTERFACE_BITS // 8))}/{SOURCE_BITS}"


def spellings_of(source: str) -> list[str]:
    """Regular expressions, one of which matches any address of the /64 as records write it (RFC 5952): all groups, or
    with the longest run of zeros, which may begin in the prefix, as `::`. They contain only hexadecimal digits and
    `:[]{},()?-`.
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
