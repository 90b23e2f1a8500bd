"""Classifies TCP records by their numbers of packets and bytes, with lookup tables."""

from enum import IntEnum
from functools import cache

import polars as pl

from flowsentry.contacts.tcp_stacks import (
    BEGUN,
    CUT_SHORT,
    HEADER_BYTES,
    HEADERS,
    IDLE,
    IPV6_MORE_BYTES,
    MAX_REPEATED_SYNS,
    MAX_SYN_ACKS,
    MAX_SYNS,
    OPTION_BYTES,
    REPEATED,
    SYNS,
    TIMESTAMPED_BYTES,
    Sizes,
)


class Size(IntEnum):
    """The class of a record by its size. MORE: more than an opening, so its connection was answered somewhere.
    KEEP_ALIVE: packets with one byte of data, which neither open a connection nor show an answer. HEADERS: packets
    without options and data. IDLE: SYNs of Windows, or packets with time stamps and without data. EITHER: SYNs of one
    stack, or the first packets of an answered connection of another. SYNS: nothing but SYNs has this size.
    """

    MORE = 0
    KEEP_ALIVE = 1
    HEADERS = 2
    IDLE = 3
    EITHER = 4
    SYNS = 5


MAX_SYN_BYTES = max(size for packets, size in SYNS if packets == 1)
_WIDTH = MAX_REPEATED_SYNS * MAX_SYN_BYTES + 1
_SLOTS = _WIDTH * (MAX_REPEATED_SYNS + 1)
_KEEP_ALIVES: Sizes = frozenset((packets, packets * (HEADER_BYTES + 1)) for packets in range(1, MAX_SYNS + 1))


def _table(sizes: dict[Size, Sizes]) -> pl.Series:
    size_of_slot = {packets * _WIDTH + total: size for size, pairs in sizes.items() for packets, total in pairs}
    slots, values = list(size_of_slot), list(size_of_slot.values())
    return pl.repeat(Size.MORE, _SLOTS, dtype=pl.UInt8, eager=True).scatter(slots, pl.Series(values, dtype=pl.UInt8))


_BY_FLAGS = _table({Size.SYNS: SYNS | REPEATED, Size.EITHER: (SYNS | REPEATED) & BEGUN})
_BY_SIZE = _table(
    {
        Size.KEEP_ALIVE: _KEEP_ALIVES,
        Size.SYNS: SYNS,
        Size.EITHER: SYNS & (BEGUN | CUT_SHORT),
        Size.IDLE: SYNS & IDLE,
        Size.HEADERS: HEADERS,
    }
)


@cache
def size_with_syn() -> pl.Expr:
    """The Size of a record whose flags are SYN and no other of FIN, RST and ACK: MORE, EITHER or SYNS."""
    return pl.lit(_BY_FLAGS).gather(_slot())


@cache
def size_without_flags() -> pl.Expr:
    """The Size of a record without tcp-flags."""
    return pl.lit(_BY_SIZE).gather(_slot())


@cache
def _slot() -> pl.Expr:
    packets, size = pl.col("packets"), ipv4_bytes()
    is_small = (packets <= MAX_REPEATED_SYNS) & (size < _WIDTH) & (size >= 0)
    return pl.when(is_small).then(packets * _WIDTH + size).otherwise(0)


@cache
def ipv4_bytes() -> pl.Expr:
    """The bytes that the record would have with IPv4."""
    return pl.col("bytes") - pl.when("is_ipv6").then(IPV6_MORE_BYTES).otherwise(0) * pl.col("packets")


@cache
def is_bare() -> pl.Expr:
    """Whether a record's packets carry neither options nor data."""
    return ipv4_bytes() <= HEADER_BYTES * pl.col("packets")


@cache
def is_syn_ack_sized() -> pl.Expr:
    """Whether packets alone in their direction can only be SYN-ACKs: they have one size, with more options than time
    stamps. Wrong for a server that uses no options: its SYN-ACKs have the size of late packets, and count as these.
    """
    each = ipv4_bytes() // pl.col("packets")
    is_even = (ipv4_bytes() % (OPTION_BYTES * pl.col("packets"))) == 0
    least = TIMESTAMPED_BYTES + OPTION_BYTES
    return is_even & each.is_between(least, MAX_SYN_BYTES) & (pl.col("packets") <= MAX_SYN_ACKS)


@cache
def is_of_small_packets_alike() -> pl.Expr:
    """Whether the packets of a record may all have the same size, at most that of a SYN."""
    size = ipv4_bytes()
    return (size <= MAX_SYN_BYTES * pl.col("packets")) & (size % pl.col("packets") == 0)


@cache
def carries_data() -> pl.Expr:
    """Whether a record has more bytes than one SYN and packets without data."""
    return ipv4_bytes() > TIMESTAMPED_BYTES * pl.col("packets") + (MAX_SYN_BYTES - TIMESTAMPED_BYTES)
