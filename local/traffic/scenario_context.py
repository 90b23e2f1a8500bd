"""ScenarioContext: generates a scenario's connections from a network, a period and a random generator."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from local.traffic.company.network import (
    TCP,
    UDP,
    WITHOUT_SECURITY_GROUP,
    Host,
    Network,
    Party,
    Peer,
    allows_inbound,
    allows_outbound,
    allows_reply,
)
from local.traffic.connections import NOTHING, Connection, Outcome, Volume
from local.traffic.records import Period

SYN_BYTES = 60
"""A Linux SYN with its options; a reset is 40 bytes, without any."""
RESET = Volume(1, 40)
CLIENT_PORTS = (32768, 60999)
MARGIN_SECONDS = 300
"""No connection starts in this time before the end of the period, so that none lasts beyond it."""

NOISE = "198.51.100"
SITES = "192.0.2"
CUSTOMERS = "203.0.113"
"""Prefixes reserved for documentation (RFC 5737), used as internet addresses because no real host has them."""


def outside(block: str, number: int) -> Peer:
    """An address on the internet."""
    return Peer(f"{block}.{number}")


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    """One network in one period, with the random generator of one scenario."""

    network: Network
    period: Period
    random: Random

    @property
    def seconds(self) -> int:
        """The seconds in which connections may start."""
        return self.period.ends_at - self.period.starts_at - MARGIN_SECONDS

    def moment(self, share: float) -> float:
        """The time at which this share of the period has passed."""
        return self.period.starts_at + self.seconds * share

    def any_moment(self) -> float:
        return self.moment(self.random.random())

    def every(self, seconds: float) -> Iterator[float]:
        """Times about this many seconds apart; the first is random."""
        at = self.period.starts_at + seconds * self.random.random()
        while at < self.moment(1):
            yield at
            at += seconds * self.random.uniform(0.6, 1.4)

    def customer(self) -> Peer:
        return outside(CUSTOMERS, self.random.randint(128, 254))

    def site(self) -> Peer:
        return outside(SITES, self.random.randint(1, 254))

    def port(self) -> int:
        """A random client port."""
        return self.random.randint(*CLIENT_PORTS)

    def exchange(self, at: float, client: Party, server: Party, port: int, kilobytes: int = 8) -> Connection:
        """An answered TCP connection; the server sends most bytes."""
        packets = 6 + kilobytes * self.random.randint(70, 130) // 100
        sent = Volume(packets, 60 * packets + self.random.randint(300, 1500))
        received = Volume(packets + 2, 1024 * kilobytes + 60 * packets)
        seconds = self.random.uniform(0.2, 12)
        return Connection(at, client, server, self.port(), port, Outcome.ANSWERED, sent, received, TCP, seconds)

    def session(self, at: float, client: Party, server: Party, port: int, seconds: float) -> Connection:
        """An answered TCP connection that stays open with steady traffic, at most until the end of the period."""
        lasts = min(seconds, self.period.ends_at - at - 1)
        packets = max(8, int(lasts * self.random.uniform(0.5, 3)))
        sent, received = Volume(packets, 110 * packets), Volume(packets, 620 * packets)
        return Connection(at, client, server, self.port(), port, Outcome.ANSWERED, sent, received, TCP, lasts)

    def query(self, at: float, client: Party, server: Party, port: int) -> Connection:
        """A UDP query and its answer."""
        sent, received = Volume(1, self.random.randint(60, 90)), Volume(1, self.random.randint(90, 400))
        return Connection(at, client, server, self.port(), port, Outcome.ANSWERED, sent, received, UDP, 0.01)

    def attempt(self, at: float, client: Party, server: Party, port: int, tries: int = 1) -> Connection:
        """A TCP connection attempt; the rules and the server's open ports decide its outcome. Without an answer, it has
        `tries` SYNs.
        """
        outcome = outcome_of_attempt(client, server, port)
        if outcome is Outcome.ANSWERED:
            return self.exchange(at, client, server, port, kilobytes=1)
        sent = Volume(1, SYN_BYTES) if outcome is Outcome.REFUSED else Volume(tries, tries * SYN_BYTES)
        received = {Outcome.REFUSED: RESET, Outcome.REPLY_DENIED: sent}.get(outcome, NOTHING)
        return Connection(at, client, server, self.port(), port, outcome, sent, received)

    def datagram(self, at: float, client: Party, server: Host, port: int) -> Connection:
        """A UDP packet without an answer."""
        outcome = Outcome.SILENT if allows_inbound(server, client, UDP, port) else Outcome.REJECTED
        return Connection(at, client, server, self.port(), port, outcome, Volume(1, 70), protocol=UDP)

    def stray(
        self, at: float, sender: Party, receiver: Host, ports: tuple[int, int], flags: int, packets: int
    ) -> Connection:
        """Packets without an open connection, from the first port to the second."""
        is_accepted = allows_inbound(receiver, sender, TCP, ports[1])
        outcome = Outcome.STRAY if is_accepted else Outcome.STRAY_REJECTED
        return Connection(at, sender, receiver, *ports, outcome, Volume(packets, 52 * packets), flags=flags)


def outcome_of_attempt(client: Party, server: Party, port: int) -> Outcome:
    """The outcome of a TCP connection attempt; an unused address never answers."""
    if not allows_outbound(client, server, TCP, port):
        return Outcome.REJECTED_AT_CLIENT
    if isinstance(server, Peer):
        return Outcome.SILENT
    if not allows_inbound(server, client, TCP, port):
        return Outcome.REJECTED
    if port in server.open_ports:
        return Outcome.ANSWERED if allows_reply(server, client, CLIENT_PORTS[0]) else Outcome.REPLY_DENIED
    return Outcome.SILENT if server.kind in WITHOUT_SECURITY_GROUP else Outcome.REFUSED
