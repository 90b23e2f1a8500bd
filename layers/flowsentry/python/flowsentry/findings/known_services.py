"""Known services: endpoints that answered in the last days, so that an outage is not taken for a scan.

An endpoint that answered before and now answers no client has an outage: its clients fail, but they are no scanners.
The idea comes from Zeek (https://docs.zeek.org/en/master/scripts/policy/protocols/conn/known-services.zeek.html). The
size of what is kept depends on the number of services, not of clients: for each endpoint and day, the time of its last
answer and a sketch of its clients. Both merge in any order: the latest time, and the union of the bits.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, Self

import polars as pl
from msgspec import field

from flowsentry.findings.endpoints import SLOT_SECONDS, endpoint_part, host_number, rank, rank_of, slot_of
from flowsentry.findings.evidence import EvidenceKey
from flowsentry.value import Value

CLIENT_BITS = 64
"""Bits of the sketch of an endpoint's clients; each client sets one. More: larger items, and the clients of an endpoint
with many clients are identified more reliably. Fewer: more sources are taken for clients, and their failures during an
outage do not count against them when the endpoint answers again."""
MAX_CLIENT_BITS_SET = 32
"""Set bits above which a sketch is not used to identify clients (half of the bits are set at 45 clients). Higher: most
sources are taken for clients. Lower: clients of endpoints with fewer clients are not identified either."""
_CLIENT_SHIFT = 58
_MIXING = 0x9E3779B1


class Service(NamedTuple):
    """An endpoint in its scope; `endpoint` is a 7-byte member (see endpoints.py)."""

    scope: str
    endpoint: bytes


class Answer(NamedTuple):
    """A service answered on a UTC day: last at `last_seen` (Unix seconds), to clients with these bits of the sketch."""

    service: Service
    day: int
    last_seen: int
    clients: int
    is_inside: bool


class Answers(NamedTuple):
    """What is known of one service: the time of its last answer (Unix seconds) and the sketch of its clients."""

    last_seen: int
    clients: int

    def merge(self, other: "Answers") -> "Answers":
        return Answers(max(self.last_seen, other.last_seen), self.clients | other.clients)

    def may_have_answered(self, client: str, endpoint: bytes) -> bool:
        """Whether the service may have answered the client: never false for a client, true for some others too."""
        return bool(self.clients >> client_bit(client, endpoint) & 1)


class Outage(NamedTuple):
    """A service stopped answering, at that time (Unix seconds)."""

    service: Service
    since: int


class Services(Value, frozen=True):
    """Known services: the answers of the last days, and since when services are down. The time of a last answer may be
    up to `lag_seconds` early, because another processor may have seen a later answer.
    """

    answers: Mapping[Service, Answers] = field(default_factory=dict)
    down_since: Mapping[Service, int] = field(default_factory=dict)
    lag_seconds: int = 0

    def and_also(self, other: Self) -> "Services":
        answers, down_since = {**self.answers, **other.answers}, {**self.down_since, **other.down_since}
        return Services(answers, down_since, max(self.lag_seconds, other.lag_seconds))

    def is_outage(self, scope: str, source: str, member: bytes, day: int) -> bool:
        """Whether a failure, given as a member of a dated set, is an outage and no evidence against the source: the
        endpoint answered in the last days, and since the failure it answered no one, or the source may be its client.

        Not if a rule rejected the packets, and not if the endpoint answers others and the source is no client of it.
        Wrong for a new source that meets an outage and is never answered: once the endpoint answers others again, that
        counts as a failure. Wrong also for a sweep of endpoints that no one uses afterwards, or that have so many
        clients that any source may be one of them: it is taken for an outage.
        """
        slot = slot_of(member, day)
        known = self.answers.get(Service(scope, endpoint_part(member)))
        if slot is None or known is None:
            return False
        is_silent_since = known.last_seen < (slot + 1) * SLOT_SECONDS
        return is_silent_since or known.may_have_answered(source, endpoint_part(member))

    def outages(self, scope: str, source: str, members: Iterable[bytes], day: int) -> set[bytes]:
        """The endpoints, among the members of a dated set, whose failure is an outage."""
        return {endpoint_part(each) for each in members if self.is_outage(scope, source, each, day)}


class KnownServices(Protocol):
    """Stores answers and outages of services. Every method raises RetryableError if the store is unavailable; repeating
    a call is harmless.
    """

    def learn(self, answers: Sequence[Answer]) -> None:
        """Records answers."""
        ...

    def recall(self, services: Collection[Service], first_day: int, last_day: int) -> Services:
        """What is known of these services from these days; services without an answer are absent."""
        ...

    def mark_down(self, outages: Sequence[Outage]) -> None:
        """Records outages; the time of an outage that is recorded already does not change."""
        ...

    def recovered(self, answers: Sequence[Answer]) -> list[Outage]:
        """The recorded outages that are over: the service answered after the outage began."""
        ...

    def mark_up(self, outages: Sequence[Outage]) -> None:
        """Deletes these outages."""
        ...

    def excuse(self, keys: Collection[EvidenceKey]) -> None:
        """Records sources that would be scanners if not for outages. They are checked again when services in their
        scope answer. The number is limited: if there are very many, some are not recorded.
        """
        ...

    def excused_in(self, scopes: Collection[str]) -> set[EvidenceKey]:
        """The recorded sources of these scopes that are due to be checked again."""
        ...

    def forget_excused(self, keys: Collection[EvidenceKey]) -> None:
        """Deletes sources that only outages excused and that are excused no more."""
        ...


def ended_outages(down_since: Mapping[Service, int], answers: Iterable[Answer]) -> list[Outage]:
    """The outages whose service answered after they began, each once."""
    ended = {each.service for each in answers if each.last_seen > down_since.get(each.service, each.last_seen)}
    return [Outage(service, down_since[service]) for service in sorted(ended)]


def client_bit(client: str, endpoint: bytes) -> int:
    """The bit of a client in the sketch of an endpoint. `client_bit_of` is the same function for columns."""
    return rank(int.from_bytes(endpoint) ^ host_number(client) * _MIXING) >> _CLIENT_SHIFT


def client_bit_of(host: pl.Expr, member: pl.Expr) -> pl.Expr:
    """`client_bit` for columns of host numbers and members."""
    return rank_of(member ^ (host * pl.lit(_MIXING, pl.UInt64))) // (1 << _CLIENT_SHIFT)
