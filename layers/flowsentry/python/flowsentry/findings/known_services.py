"""Known services: which endpoints answered anyone in the last days, so that an outage is not taken for a scan.

An endpoint that answered and answers nobody any more is an outage: whoever still calls it fails, and is no scanner. The
idea is Zeek's known services (https://docs.zeek.org/en/master/scripts/policy/protocols/conn/known-services.zeek.html).
What is kept is bounded by what listens, not by who calls: for each endpoint and day the time of its last answer, and a
sketch of its clients. Both merge in any order: the latest time, and the union of the bits.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

import polars as pl

from flowsentry.findings.endpoints import SLOT_SECONDS, endpoint_part, host_number, rank, rank_of, slot_of
from flowsentry.findings.evidence import EvidenceKey

CLIENT_BITS = 64
"""Bits of the sketch of an endpoint's clients: each client sets one. More: of an endpoint with many clients it is told
more surely whether a source is one of them, and items are larger. Fewer: more strangers are taken for clients, and what
they fail during an outage does not count against them when the endpoint answers again."""
MAX_CLIENT_BITS_SET = 32
"""Bits set above which a sketch no longer tells clients from strangers (at 45 clients, half). Higher: most strangers
are taken for clients. Lower: of an endpoint with fewer clients it is not told either."""
_CLIENT_SHIFT = 58
_MIXING = 0x9E3779B1


class Service(NamedTuple):
    """An endpoint within its scope; `endpoint` is a member of 7 bytes (see endpoints.py)."""

    scope: str
    endpoint: bytes


class Answer(NamedTuple):
    """That a service answered on a UTC day: last at `last_seen` (Unix s), clients with these bits of the sketch."""

    service: Service
    day: int
    last_seen: int
    clients: int
    is_inside: bool


class Answers(NamedTuple):
    """All that is remembered of one service: when it answered last (Unix s), and the sketch of its clients."""

    last_seen: int
    clients: int

    def merge(self, other: "Answers") -> "Answers":
        return Answers(max(self.last_seen, other.last_seen), self.clients | other.clients)

    def may_have_answered(self, client: str, endpoint: bytes) -> bool:
        """Whether the client is one of those answered; true for some strangers too, never false for a client."""
        return bool(self.clients >> client_bit(client, endpoint) & 1)


class Outage(NamedTuple):
    """That a service answers nobody any more, since then (Unix s)."""

    service: Service
    since: int


@dataclass(frozen=True)
class Services:
    """What is known of some services: those that answered in the remembered days, and since when some are down. The
    time of a last answer may be up to `lag_seconds` early: others may have seen a later one.
    """

    answers: Mapping[Service, Answers] = field(default_factory=dict)
    down_since: Mapping[Service, int] = field(default_factory=dict)
    lag_seconds: int = 0

    def and_also(self, other: Self) -> "Services":
        answers, down_since = {**self.answers, **other.answers}, {**self.down_since, **other.down_since}
        return Services(answers, down_since, max(self.lag_seconds, other.lag_seconds))

    def is_outage(self, scope: str, source: str, member: bytes, day: int) -> bool:
        """Whether the failure that a member of a dated set tells of is no evidence against the source: its endpoint
        answered in the remembered days, and since the failure nobody, or the source may have been its client.

        Not so where a rule refused it, and not where the endpoint answers others to whom the source does not belong.
        Wrong for a stranger that meets an outage and is never answered, once the endpoint answers others again: that
        counts as a failure; and for a sweep of endpoints that are not called by anybody else afterwards, or whose
        clients are so many that all sources may be among them: that is taken for an outage.
        """
        slot = slot_of(member, day)
        known = self.answers.get(Service(scope, endpoint_part(member)))
        if slot is None or known is None:
            return False
        is_silent_since = known.last_seen < (slot + 1) * SLOT_SECONDS
        return is_silent_since or known.may_have_answered(source, endpoint_part(member))

    def outages(self, scope: str, source: str, members: Iterable[bytes], day: int) -> set[bytes]:
        """The endpoints among the members of a dated set whose failure is an outage."""
        return {endpoint_part(each) for each in members if self.is_outage(scope, source, each, day)}


class KnownServices(Protocol):
    """Where answers are kept. Whatever is called raises RetryableError when the store can't be reached; doing all again
    is harmless.
    """

    def learn(self, answers: Sequence[Answer]) -> None:
        """Keeps that services answered."""
        ...

    def recall(self, services: Collection[Service], first_day: int, last_day: int) -> Services:
        """What is known of these services in these days; nothing of those that did not answer."""
        ...

    def mark_down(self, outages: Sequence[Outage]) -> None:
        """Keeps that services are down; of one that is kept already, the earlier time stays."""
        ...

    def recovered(self, answers: Sequence[Answer]) -> list[Outage]:
        """The outages that are over, since the service answered after it began."""
        ...

    def mark_up(self, outages: Sequence[Outage]) -> None:
        """Forgets these outages."""
        ...

    def excuse(self, keys: Collection[EvidenceKey]) -> None:
        """Keeps that sources failed as scanners do, but at services that are down: they are judged again when services
        of their scope answer. Bounded: of very many, some are not kept.
        """
        ...

    def excused_in(self, scopes: Collection[str]) -> set[EvidenceKey]:
        """Those kept of these scopes that are due to be judged again."""
        ...

    def forget_excused(self, keys: Collection[EvidenceKey]) -> None:
        """Forgets them: they were found to be scanners."""
        ...


def client_bit(client: str, endpoint: bytes) -> int:
    """The bit of a client in the sketch of an endpoint. `client_bit_of` is the same for columns."""
    return rank(int.from_bytes(endpoint) ^ host_number(client) * _MIXING) >> _CLIENT_SHIFT


def client_bit_of(host: pl.Expr, member: pl.Expr) -> pl.Expr:
    """`client_bit` of columns of the numbers of hosts and of members."""
    return rank_of(member ^ (host * pl.lit(_MIXING, pl.UInt64))) // (1 << _CLIENT_SHIFT)
