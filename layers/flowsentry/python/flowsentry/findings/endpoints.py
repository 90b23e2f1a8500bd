"""Endpoints as short members of sets: 7 bytes for protocol, address and port, and the order that bottom-k sets keep.

IPv4 fits as it is, so a member can be read back. An IPv6 address is a 32-bit hash (two of a source's 64 endpoints fall
together once in two million sets), marked by the top bit of the protocol, which none here has. The bit below it says
that the address was inside: a hash can't be looked up later, as an IPv4 address can.
"""

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from flowsentry.inventory.address_space import ipv4_number
from flowsentry.inventory.source_address import source_of
from flowsentry.records.code_names import protocol_name

MEMBER_BYTES = 7
SLOT_SECONDS = 360
"""The length of a slot. Longer: whether an endpoint answered others before or after it failed is less sure. Shorter:
the number of a slot needs more than a byte."""
SLOTS_PER_DAY = 86_400 // SLOT_SECONDS
_IS_HASHED, _IS_INSIDE, _PROTOCOL = 0x80, 0x40, 0x3F
HASHED = _IS_HASHED << 48
"""Members as numbers from this one on hold a hash."""
_MASK = (1 << 64) - 1


class Endpoint(NamedTuple):
    """One end that was called. `address` is None where only its hash was kept (IPv6; see clear_members.py for those
    that are known), and only of IPv6 `is_inside` says whether it was ours; `host` tells hosts apart.
    """

    protocol: int
    host: int
    port: int
    address: str | None
    is_inside: bool = False

    def __str__(self) -> str:
        return f"{host_in_words(self.address, self.host)}:{self.port}/{protocol_name(self.protocol)}"


def host_in_words(address: str | None, host: int) -> str:
    """A host as it stands before a port: `10.0.0.1`, `[2001:db8::1]` (RFC 3986, 3.2.2), or its hash."""
    if address is None:
        return f"IPv6 host {host:08x}"
    return f"[{address}]" if ":" in address else address


def endpoint_part(member: bytes) -> bytes:
    """The member without its slot."""
    return member if len(member) != MEMBER_BYTES + 1 else member[:MEMBER_BYTES]


def slot_of(member: bytes, day: int) -> int | None:
    """When the endpoint last failed, as a number of slots since 1970; None where a rule refused it."""
    return day * SLOTS_PER_DAY + member[MEMBER_BYTES] if len(member) == MEMBER_BYTES + 1 else None


def endpoint_of(member: bytes) -> Endpoint:
    """The endpoint that a member stands for."""
    value = int.from_bytes(endpoint_part(member))
    kind, host, port = value >> 48, (value >> 16) & 0xFFFFFFFF, value & 0xFFFF
    address = None if kind & _IS_HASHED else str(ipaddress.IPv4Address(host))
    return Endpoint(kind & _PROTOCOL, host, port, address, bool(kind & _IS_INSIDE))


def rank(value: int) -> int:
    """The place of a member in the order that decides which ones a bottom-k set keeps: splitmix64 (Steele et al. 2014).
    Changing it forgets what is stored. `rank_of` is the same for a column.
    """
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def rank_of(value: pl.Expr) -> pl.Expr:
    """`rank` of a column of members as numbers; polars wraps at 64 bits as the function does."""
    value = value + pl.lit(0x9E3779B97F4A7C15, pl.UInt64)
    value = (value ^ (value // (1 << 30))) * pl.lit(0xBF58476D1CE4E5B9, pl.UInt64)
    value = (value ^ (value // (1 << 27))) * pl.lit(0x94D049BB133111EB, pl.UInt64)
    return value ^ (value // (1 << 31))


def members(contacts: pl.DataFrame) -> pl.Series:
    """The endpoint of each contact as a number of 56 bits: `protocol`, `responder`, `responder_port`,
    `responder_is_inside`.
    """
    ends = contacts.select("responder", "responder_port", "protocol", "responder_is_inside").join(
        _hosts(contacts["responder"]), left_on="responder", right_on="address", how="left", maintain_order="left"
    )
    hashed = _IS_HASHED + pl.when("responder_is_inside").then(_IS_INSIDE).otherwise(0)
    kind = pl.col("protocol").cast(pl.UInt64) + pl.when(pl.col("ipv4").is_null()).then(hashed).otherwise(0)
    host = pl.coalesce("ipv4", "hashed").cast(pl.UInt64)
    member = kind * (1 << 48) + host * (1 << 16) + pl.col("responder_port").cast(pl.UInt64)
    return ends.select(member.alias("member")).to_series()


def host_numbers(addresses: pl.Series) -> pl.Series:
    """Each address as a number of 32 bits: itself, or a hash of IPv6. `host_number` is the same for one."""
    hosts = addresses.rename("address").to_frame()
    known = hosts.join(_hosts(hosts["address"]), on="address", how="left", maintain_order="left")
    return known.select(pl.coalesce("ipv4", "hashed").cast(pl.UInt64).alias("host")).to_series()


def host_ranks(addresses: pl.Series) -> pl.Series:
    """The place of each address in an order that no sender can steer, and that is the same in every batch: that of
    members (see `rank`).
    """
    return pl.DataFrame({"host": host_numbers(addresses)}).select(rank=rank_of(pl.col("host"))).to_series()


def networks_of(addresses: pl.Series) -> pl.Series:
    """Which source each address outside is: of IPv6 its /64 (see sources.py)."""
    ipv6 = addresses.unique().drop_nulls()
    ipv6 = ipv6.filter(ipv6.cast(pl.String).str.contains(":", literal=True))
    if ipv6.is_empty():
        return addresses.alias("network")
    networks = pl.Series([source_of(address) for address in ipv6], dtype=pl.Categorical())
    known = pl.DataFrame({"address": ipv6, "network": networks})
    joined = addresses.alias("address").to_frame().join(known, on="address", how="left", maintain_order="left")
    return joined.select(pl.coalesce("network", "address").alias("network")).to_series()


def host_number(address: str) -> int:
    try:
        return int(ipaddress.IPv4Address(address))
    except ValueError:
        return _hashed(address)


def _hosts(addresses: pl.Series) -> pl.DataFrame:
    """A row for each distinct `address`: its number in `ipv4`, or for any other its hash in `hashed`."""
    distinct = addresses.unique()
    number = ipv4_number(distinct)
    others = distinct.filter(number.is_null())
    hashed = pl.Series([_hashed(text) for text in others], dtype=pl.UInt32)
    hashes = pl.DataFrame({"address": others, "hashed": hashed})
    return pl.DataFrame({"address": distinct, "ipv4": number}).join(hashes, on="address", how="left")


def _hashed(address: str | None) -> int:
    return int.from_bytes(hashlib.blake2b((address or "").encode(), digest_size=4).digest())


_ADDRESS_BYTES = 16

Addresses = Mapping[int, str]
"""The address of hosts of which members hold a hash, by that hash."""
NO_ADDRESSES: Addresses = {}


def with_address(member: int, address: str) -> bytes | None:
    """The member with its address; None for what is no IPv6 address, which a damaged record may hold."""
    try:
        packed = ipaddress.IPv6Address(address).packed
    except ValueError:
        return None
    return packed + bytes(1) + member.to_bytes(MEMBER_BYTES)


def addresses_in(members: Iterable[bytes]) -> Addresses:
    """The addresses that members in clear tell."""
    return {
        endpoint_of(member[-MEMBER_BYTES:]).host: str(ipaddress.IPv6Address(member[:_ADDRESS_BYTES]))
        for member in members
    }


def named(end: Endpoint, names: Addresses) -> Endpoint:
    """The endpoint with its address, where that is known."""
    return end if end.address or end.host not in names else end._replace(address=names[end.host])


def sort_key(end: Endpoint) -> tuple[bool, int, int, int]:
    """Where an endpoint stands in a list that people look things up in: by address, those that have none behind."""
    number = int(ipaddress.ip_address(end.address)) if end.address else end.host
    return end.address is None, number, end.port, end.protocol
