"""Encodes endpoints as short members of sets, and ranks them for bottom-k sets.

A member has 7 bytes: protocol, address and port. An IPv4 address is stored unchanged, so it can be decoded. An IPv6
address is stored as a 32-bit hash (two of a source's 64 endpoints collide once in two million sets), marked by the top
bit of the protocol number, which no protocol here uses. The next bit says whether the address was internal, because a
hash cannot be looked up later, as an IPv4 address can.

A member with an address has 24 bytes: the IPv6 address, a zero byte, and the 7 bytes of the member. Ranks use only the
last eight bytes, so it has the same rank as its member, and a set keeps the addresses of the members that have the
smallest ranks, in whatever order they arrive.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from flowsentry.inventory.source_address import source_of
from flowsentry.records.code_names import protocol_name
from flowsentry.records.ipv4_numbers import ipv4_number, number_of_ipv4
from flowsentry.records.lookup_cache import rows_by_category

MEMBER_BYTES = 7
SLOT_SECONDS = 360
"""Length of a time slot. Longer: it is less certain whether an endpoint answered others before or after it failed.
Shorter: a slot number needs more than one byte."""
SLOTS_PER_DAY = 86_400 // SLOT_SECONDS
_IS_HASHED, _IS_INSIDE, _PROTOCOL = 0x80, 0x40, 0x3F
HASHED = _IS_HASHED << 48
"""Members that are at least this number hold a hash of an IPv6 address."""
_MASK = (1 << 64) - 1
MAX_REPEATED_ADDRESSES = 1_000
"""Addresses that are numbered one by one, repeated ones too. More: an address of many rows is parsed for each. Fewer:
a small batch pays for finding the distinct ones."""
MAX_DECODED_MEMBERS = 16_384
"""Members whose endpoint, and whose rank, are kept, some 300 bytes each: those of a scanner come again with each
payload. More: more memory. Fewer: they are decoded again."""
_NO_HASH = pl.Series("hashed", [None], pl.UInt32)
_KIND = pl.col("protocol").cast(pl.UInt64) + pl.when(pl.col("ipv4").is_null()).then(
    _IS_HASHED + pl.when("responder_is_inside").then(_IS_INSIDE).otherwise(0)
).otherwise(0)
_HOST = pl.coalesce("ipv4", "hashed").cast(pl.UInt64)
_MEMBER = (_KIND * (1 << 48) + _HOST * (1 << 16) + pl.col("responder_port").cast(pl.UInt64)).alias("member")


class Endpoint(NamedTuple):
    """The responder of a contact. `address` is None if only the hash of an IPv6 address was kept; `is_inside` is set
    for IPv6 only; `host` distinguishes hosts: the IPv4 address as a number, or the hash.
    """

    protocol: int
    host: int
    port: int
    address: str | None
    is_inside: bool = False

    def __str__(self) -> str:
        return f"{host_in_words(self.address, self.host)}:{self.port}/{protocol_name(self.protocol)}"


def host_in_words(address: str | None, host: int) -> str:
    """The host as written before a port: `10.0.0.1`, `[2001:db8::1]` (RFC 3986, 3.2.2), or its hash."""
    if address is None:
        return f"IPv6 host {host:08x}"
    return f"[{address}]" if ":" in address else address


def endpoint_part(member: bytes) -> bytes:
    """The member without its time slot."""
    return member if len(member) != MEMBER_BYTES + 1 else member[:MEMBER_BYTES]


def slot_of(member: bytes, day: int) -> int | None:
    """The slot (counted from 1970) in which the endpoint last failed; None if a rule rejected the packets."""
    return day * SLOTS_PER_DAY + member[MEMBER_BYTES] if len(member) == MEMBER_BYTES + 1 else None


@lru_cache(MAX_DECODED_MEMBERS)
def endpoint_of(member: bytes) -> Endpoint:
    """Decodes a member."""
    value = int.from_bytes(endpoint_part(member))
    kind, host, port = value >> 48, (value >> 16) & 0xFFFFFFFF, value & 0xFFFF
    address = None if kind & _IS_HASHED else str(ipaddress.IPv4Address(host))
    return Endpoint(kind & _PROTOCOL, host, port, address, bool(kind & _IS_INSIDE))


def rank(value: int) -> int:
    """The rank of a member, which decides whether a bottom-k set keeps it: splitmix64 (Steele et al. 2014). A change
    invalidates stored evidence. `rank_of` is the same function for a column.
    """
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def rank_of(value: pl.Expr) -> pl.Expr:
    """`rank` for a column of members as numbers; polars wraps at 64 bits, as `rank` does."""
    value = value + pl.lit(0x9E3779B97F4A7C15, pl.UInt64)
    value = (value ^ (value // (1 << 30))) * pl.lit(0xBF58476D1CE4E5B9, pl.UInt64)
    value = (value ^ (value // (1 << 27))) * pl.lit(0x94D049BB133111EB, pl.UInt64)
    return value ^ (value // (1 << 31))


def members(contacts: pl.DataFrame) -> pl.Series:
    """The endpoint of each contact as a 56-bit number, from `protocol`, `responder`, `responder_port` and
    `responder_is_inside`.
    """
    ends = contacts.select("responder_port", "protocol", "responder_is_inside", *_hosts(contacts["responder"]))
    return ends.select(_MEMBER).to_series()


def host_numbers(addresses: pl.Series) -> pl.Series:
    """Each address as a 32-bit number: IPv4 itself, IPv6 hashed. `host_number` is the same for one address."""
    return pl.select(pl.coalesce(*_hosts(addresses)).cast(pl.UInt64).alias("host")).to_series()


def host_ranks(addresses: pl.Series) -> pl.Series:
    """The rank of each address (see `rank`): the same in every batch, and a sender cannot choose it other than by
    trying addresses.
    """
    return pl.DataFrame({"host": host_numbers(addresses)}).select(rank=rank_of(pl.col("host"))).to_series()


def sources_of(addresses: pl.Series) -> pl.Series:
    """The source of each external address: itself, or the /64 of an IPv6 address (see inventory/source_address.py)."""
    ipv6 = addresses.unique().drop_nulls()
    ipv6 = ipv6.filter(ipv6.cast(pl.String).str.contains(":", literal=True))
    if ipv6.is_empty():
        return addresses.alias("source")
    sources = pl.Series([source_of(address) for address in ipv6], dtype=pl.Categorical())
    known = pl.DataFrame({"address": ipv6, "source": sources})
    joined = addresses.alias("address").to_frame().join(known, on="address", how="left", maintain_order="left")
    return joined.select(pl.coalesce("source", "address").alias("source")).to_series()


def member_of(protocol: int, address: str, port: int, *, is_inside: bool) -> int:
    """The endpoint as a 56-bit number. `members` is the same function for columns."""
    number = number_of_ipv4(address)
    if number is not None:
        return protocol << 48 | number << 16 | port
    kind = protocol + _IS_HASHED + (_IS_INSIDE if is_inside else 0)
    return kind << 48 | _hashed(address) << 16 | port


def host_number(address: str) -> int:
    """The address as a 32-bit number: IPv4 itself, IPv6 (or any other text) hashed."""
    number = number_of_ipv4(address)
    return _hashed(address) if number is None else number


def _hosts(addresses: pl.Series) -> tuple[pl.Series, pl.Series]:
    """For each address its number as `ipv4`, or the hash of any other address as `hashed`."""
    if len(addresses) > MAX_REPEATED_ADDRESSES:
        return _distinct_hosts(addresses)
    number = ipv4_number(addresses).alias("ipv4")
    if not number.null_count():
        return number, _NO_HASH.new_from_index(0, len(number))
    others = addresses.filter(number.is_null()).unique()
    hashes = dict(zip(others, map(_hashed, others), strict=True))
    texts = zip(addresses, number, strict=True)
    return number, pl.Series("hashed", [hashes[text] if ipv4 is None else None for text, ipv4 in texts], pl.UInt32)


def _distinct_hosts(addresses: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The same, with each distinct address looked at once."""
    names = addresses.cast(pl.Categorical()).fill_null("")
    distinct = names.unique()
    number = ipv4_number(distinct).alias("ipv4")
    others = number.is_null().arg_true()
    hashed = _NO_HASH.new_from_index(0, len(distinct))
    if len(others):
        hashed = hashed.scatter(others, [_hashed(text) for text in distinct[others]])
    rows = rows_by_category(distinct).gather(names.to_physical())
    return number.gather(rows), hashed.gather(rows)


def _hashed(address: str | None) -> int:
    return int.from_bytes(hashlib.blake2b((address or "").encode(), digest_size=4).digest())


_ADDRESS_BYTES = 16

Addresses = Mapping[int, str]
"""IPv6 addresses by the hash that members hold."""
NO_ADDRESSES: Addresses = {}


def with_address(member: int, address: str) -> bytes | None:
    """The member with its address; None if `address` is no IPv6 address, which a damaged record may contain."""
    try:
        packed = ipaddress.IPv6Address(address).packed
    except ValueError:
        return None
    return packed + bytes(1) + member.to_bytes(MEMBER_BYTES)


def addresses_by_hash(members: Iterable[bytes]) -> Addresses:
    """The addresses in members with an address, by the hash of each."""
    return {
        endpoint_of(member[-MEMBER_BYTES:]).host: str(ipaddress.IPv6Address(member[:_ADDRESS_BYTES]))
        for member in members
    }


def with_known_address(end: Endpoint, addresses: Addresses) -> Endpoint:
    """The endpoint, with its address if that is known."""
    return end if end.address or end.host not in addresses else end._replace(address=addresses[end.host])


def sort_key(end: Endpoint) -> tuple[bool, int, int, int]:
    """Sort key of an endpoint in a list for people: by address, endpoints without an address last."""
    number = int(ipaddress.ip_address(end.address)) if end.address else end.host
    return end.address is None, number, end.port, end.protocol
