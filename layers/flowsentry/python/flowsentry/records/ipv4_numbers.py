"""IPv4 addresses as numbers: of a column, and of one text."""

from functools import cache, lru_cache

import polars as pl

OCTETS, MAX_OCTET = 4, 255
MAX_FEW_ADDRESSES = 300
"""Addresses up to which each is read by itself. More: an address costs more than its share of a plan. Fewer: small
payloads pay for the plan, which takes as long as some 120 addresses, and then for each address where their contacts are
judged one by one (November 2026)."""

MAX_KNOWN_ADDRESSES = 16_384
"""Addresses whose numbers are kept, some 200 bytes each. More: more memory. Fewer: the same addresses are read again in
each payload, at a microsecond and a half."""
MAX_KNOWN_LETTERS = 45
"""Letters of the longest address, one of IPv6 that ends in one of IPv4. More: a log with texts of 64 KB for addresses
fills the memory. Fewer: addresses are read again."""


def ipv4_number(addresses: pl.Series) -> pl.Series:
    """IPv4 addresses as numbers; null for anything else."""
    if len(addresses) <= MAX_FEW_ADDRESSES:
        numbers = [None if address is None else number_of_ipv4(address) for address in addresses.to_list()]
        return pl.Series(addresses.name, numbers, pl.UInt32())
    return addresses.to_frame("address").select_seq(_ipv4_number()).to_series().alias(addresses.name)


@cache
def _ipv4_number() -> pl.Expr:
    parts = pl.col("address").cast(pl.String).str.split_exact(".", OCTETS - 1).struct
    octets = [parts.field(f"field_{at}").cast(pl.UInt8, strict=False).cast(pl.UInt32) for at in range(OCTETS)]
    return ((octets[0] * 256 + octets[1]) * 256 + octets[2]) * 256 + octets[3]


def number_of_ipv4(address: str) -> int | None:
    """An IPv4 address as a number; None for anything else. `ipv4_number` is the same function for columns."""
    if len(address) > MAX_KNOWN_LETTERS:  # a record may state thousands of digits, which `int` refuses
        address = ".".join(octet.lstrip("0") or octet[:1] for octet in address.split("."))
    return _number(address) if len(address) <= MAX_KNOWN_LETTERS else None


@lru_cache(MAX_KNOWN_ADDRESSES)
def _number(address: str) -> int | None:
    octets = address.split(".")
    if len(octets) != OCTETS or not all(each.isdecimal() and int(each) <= MAX_OCTET for each in octets):
        return None
    first, second, third, last = map(int, octets)
    return first << 24 | second << 16 | third << 8 | last
