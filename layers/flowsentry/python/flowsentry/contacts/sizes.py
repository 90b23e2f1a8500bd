"""Classifies TCP records by their numbers of packets and bytes, with lookup tables."""

from enum import IntEnum

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


_NO_SLOT = pl.Series([0])


def size_with_syn(flows: pl.DataFrame) -> pl.Series:
    """The Size of each record whose flags are SYN and no other of FIN, RST and ACK: MORE, EITHER or SYNS."""
    return _BY_FLAGS[_slot(flows)]


def size_without_flags(flows: pl.DataFrame) -> pl.Series:
    """The Size of each record without tcp-flags."""
    return _BY_SIZE[_slot(flows)]


def _slot(flows: pl.DataFrame) -> pl.Series:
    packets, size = flows["packets"], ipv4_bytes(flows)
    is_small = (packets <= MAX_REPEATED_SYNS) & (size < _WIDTH) & (size >= 0)
    return (packets * _WIDTH + size).zip_with(is_small, _NO_SLOT)


def ipv4_bytes(flows: pl.DataFrame) -> pl.Series:
    """The bytes that each record would have with IPv4."""
    is_ipv6 = flows["is_ipv6"]
    if not is_ipv6.any():
        return flows["bytes"]
    return flows["bytes"] - is_ipv6.cast(pl.Int64) * IPV6_MORE_BYTES * flows["packets"]


def is_bare(flows: pl.DataFrame) -> pl.Series:
    """Whether a record's packets carry neither options nor data."""
    return ipv4_bytes(flows) <= flows["packets"] * HEADER_BYTES


def is_syn_ack_sized(flows: pl.DataFrame) -> pl.Series:
    """Whether packets alone in their direction can only be SYN-ACKs: they have one size, with more options than time
    stamps. Wrong for a server that uses no options: its SYN-ACKs have the size of late packets, and count as these.
    """
    size, packets = ipv4_bytes(flows), flows["packets"]
    each, is_even = size // packets, size % (packets * OPTION_BYTES) == 0
    least = TIMESTAMPED_BYTES + OPTION_BYTES
    return is_even & (each >= least) & (each <= MAX_SYN_BYTES) & (packets <= MAX_SYN_ACKS)


def is_of_small_packets_alike(flows: pl.DataFrame) -> pl.Series:
    """Whether the packets of a record may all have the same size, at most that of a SYN."""
    size, packets = ipv4_bytes(flows), flows["packets"]
    return (size <= packets * MAX_SYN_BYTES) & (size % packets == 0)


def carries_data(flows: pl.DataFrame) -> pl.Series:
    """Whether a record has more bytes than one SYN and packets without data."""
    return ipv4_bytes(flows) > flows["packets"] * TIMESTAMPED_BYTES + (MAX_SYN_BYTES - TIMESTAMPED_BYTES)
