"""Connections between two parties and the times of their packets: the model from which records are generated."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from local.traffic.company.network import TCP, Party

FIN, SYN, RST, SYN_ACK = 1, 2, 4, 18
RETRY_SECONDS = (0, 1, 3, 7, 15, 31, 63, 127)
"""Seconds after which Linux retransmits an unanswered SYN (RFC 6298: one second, then doubling)."""
MAX_SLICE_SECONDS = 20


class Outcome(StrEnum):
    """The outcome of a connection."""

    ANSWERED = "answered"
    """Both sides send; TCP has a handshake at the start and a FIN from each side at the end."""
    REFUSED = "refused"
    """The server's host sends an RST: the port is closed."""
    SILENT = "silent"
    """Allowed, and never answered."""
    REJECTED = "rejected"
    """Rejected by a security group or network ACL at the server's interface."""
    REPLY_DENIED = "reply-denied"
    """Allowed, and each reply is rejected by a network ACL at the server's interface."""
    REJECTED_AT_CLIENT = "held-back"
    """Rejected by a security group at the client's own interface."""
    STRAY = "stray"
    """Packets without an open connection (backscatter, a late FIN), allowed."""
    STRAY_REJECTED = "stray-rejected"
    """Packets without an open connection, rejected at the receiver's interface."""


class Volume(NamedTuple):
    """Packets and bytes that one side sends, including headers."""

    packets: int
    bytes: int


NOTHING = Volume(0, 0)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection or connection attempt at `at` (Unix seconds). `sent` goes from client to server, `received` back;
    `flags` are the tcp-flags of stray packets; other flags follow from the outcome.
    """

    at: float
    client: Party
    server: Party
    client_port: int
    server_port: int
    outcome: Outcome
    sent: Volume
    received: Volume = NOTHING
    protocol: int = TCP
    seconds: float = 0.0
    flags: int = 0

    @property
    def is_rejected(self) -> bool:
        return self.outcome in (Outcome.REJECTED, Outcome.REJECTED_AT_CLIENT, Outcome.STRAY_REJECTED)


class Burst(NamedTuple):
    """Packets that one side sends at about the same time."""

    at: float
    packets: int
    bytes: int
    flags: int


def sent_bursts(connection: Connection) -> list[Burst]:
    """The client's packets in order of time; they add up to `sent`."""
    if connection.outcome is Outcome.ANSWERED:
        return list(_conversation(connection, connection.sent, SYN))
    if connection.outcome in (Outcome.STRAY, Outcome.STRAY_REJECTED):
        return list(_tries(connection, connection.flags))
    return list(_tries(connection, SYN))


def received_bursts(connection: Connection) -> list[Burst]:
    """The server's packets in order of time; they add up to `received`."""
    if connection.outcome is Outcome.REFUSED:
        return list(_evenly(connection, connection.received, (RST,)))
    if connection.outcome is Outcome.REPLY_DENIED:
        return list(_tries(connection, SYN_ACK))
    return list(_conversation(connection, connection.received, SYN_ACK))


def _conversation(connection: Connection, volume: Volume, opening: int) -> Iterator[Burst]:
    """Opening flags first, FIN last, and packets at least every MAX_SLICE_SECONDS."""
    slices = max(2, math.ceil(connection.seconds / MAX_SLICE_SECONDS) + 1)
    yield from _evenly(connection, volume, (opening, *[0] * (slices - 2), FIN))


def _evenly(connection: Connection, volume: Volume, flags: tuple[int, ...]) -> Iterator[Burst]:
    """The volume split into one burst per flag, or per packet if fewer; the last flags then join the last burst."""
    slices = min(len(flags), volume.packets)
    for index in range(slices):
        at = connection.at + connection.seconds * index / max(1, slices - 1)
        is_last = index == slices - 1
        bits = flags[0] * (index == 0) | flags[-1] * is_last if connection.protocol == TCP else 0
        yield Burst(at, _share(volume.packets, index, slices), _share(volume.bytes, index, slices), bits)


def _tries(connection: Connection, flags: int) -> Iterator[Burst]:
    """The same packet at the times of TCP's retransmissions."""
    packets, size = connection.sent
    for index in range(packets):
        wait = RETRY_SECONDS[min(index, len(RETRY_SECONDS) - 1)]
        bits = flags if connection.protocol == TCP else 0
        yield Burst(connection.at + wait, 1, _share(size, index, packets), bits)


def _share(total: int, index: int, parts: int) -> int:
    return total * (index + 1) // parts - total * index // parts
