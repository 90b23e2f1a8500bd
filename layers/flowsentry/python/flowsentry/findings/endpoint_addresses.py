"""Members in clear: of an IPv6 endpoint, whose member holds a hash, the same member with its address.

24 bytes: the address, a zero, the 7 bytes of the member (see endpoints.py). Rank looks at the last eight bytes, so a
member in clear stands exactly where its member does in the order that bottom-k sets keep: of the smallest members of a
set the addresses are known, whatever the order in which they came.
"""

import ipaddress
from collections.abc import Iterable, Mapping

from flowsentry.findings.endpoints import MEMBER_BYTES, Endpoint, endpoint_of

_ADDRESS_BYTES = 16

Names = Mapping[int, str]
"""The address of hosts of which members hold a hash, by that hash."""
NO_NAMES: Names = {}


def in_clear(member: int, address: str) -> bytes | None:
    """The member with its address; None for what is no IPv6 address, which a damaged record may hold."""
    try:
        packed = ipaddress.IPv6Address(address).packed
    except ValueError:
        return None
    return packed + bytes(1) + member.to_bytes(MEMBER_BYTES)


def names_in(members: Iterable[bytes]) -> Names:
    """The addresses that members in clear tell."""
    return {
        endpoint_of(member[-MEMBER_BYTES:]).host: str(ipaddress.IPv6Address(member[:_ADDRESS_BYTES]))
        for member in members
    }


def named(end: Endpoint, names: Names) -> Endpoint:
    """The endpoint with its address, where that is known."""
    return end if end.address or end.host not in names else end._replace(address=names[end.host])


def order_of(end: Endpoint) -> tuple[bool, int, int, int]:
    """Where an endpoint stands in a list that people look things up in: by address, those that have none behind."""
    number = int(ipaddress.ip_address(end.address)) if end.address else end.host
    return end.address is None, number, end.port, end.protocol
