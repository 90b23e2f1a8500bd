"""Evidence: what a source failed and managed to reach in a day, as sets that merge, and the verdict on them.

A set union is commutative, associative and idempotent, so retries, duplicates, order and concurrency cannot corrupt it.
A cap would break that (which members survive depends on the order), so a set keeps the members of smallest hash: a
bottom-k set merges exactly (Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches").
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from flowsentry.findings.endpoints import MEMBER_BYTES, endpoint_part, rank

SECONDS_A_DAY = 86_400
MAX_ENDPOINTS = 64
"""Failed and answered endpoints kept a source and day. More: larger items, and a sharper estimate of the ratio for very
busy sources. Fewer: under about 32 the verdict on a busy source becomes a matter of luck."""
MAX_DOUBTFUL = 32
"""Endpoints kept of contacts that could as well be replies. More: larger items. Fewer: a scanner with a fixed source
port is found later, since these count only beside others."""
MAX_SOURCE_PORTS = 8
MAX_ATTEMPTS = 64
"""Connections to login ports kept a source and day. More: larger items. Fewer: a threshold above it could not be
reached."""
MAX_SESSIONS = 16
"""Connections kept that were sessions of a source. More: larger items. Fewer: of a source that got in at many hosts,
fewer are named, and its tries are estimated from fewer."""
MAX_FAILED_ADDRESSES, MAX_ANSWERED_ADDRESSES, MAX_ATTEMPTS_ADDRESSES, MAX_SESSIONS_ADDRESSES = 10, 5, 6, 4
"""Members of IPv6 kept with their address, those of smallest rank, beside a hash of all. More: larger items (25 bytes
each; a full item costs a read and a write of 4 KB, not 3). Fewer: an alert says of fewer hosts which they were."""
MAX_SOURCE_IDS = 8
"""Addresses kept of a source that is a /64. More: larger items, and a better estimate of how many there were. Fewer: of
a /64 that few share, not all are told."""
MAX_EXTERNAL_CLIENTS = 64
"""Strangers kept of a login service and day. More: larger items, and a better count of very many. Fewer: a threshold
above it could not be reached."""
MEMORY_DAYS = 3
"""A verdict looks at a day and this many before it. More: slower scanners are found, and a host with a few dead
endpoints collects more of them. Fewer: of 312 sources of a three-day capture, a memory of 24 h loses 11, three days
none."""


SET_SIZES = {
    "failed": MAX_ENDPOINTS,
    "answered": MAX_ENDPOINTS,
    "doubtful": MAX_DOUBTFUL,
    "attempts": MAX_ATTEMPTS,
    "sessions": MAX_SESSIONS,
    "failed_addresses": MAX_FAILED_ADDRESSES,
    "answered_addresses": MAX_ANSWERED_ADDRESSES,
    "attempts_addresses": MAX_ATTEMPTS_ADDRESSES,
    "sessions_addresses": MAX_SESSIONS_ADDRESSES,
    "source_ids": MAX_SOURCE_IDS,
    "external_clients": MAX_EXTERNAL_CLIENTS,
}
"""The sets of members that evidence is made of, and how many members each keeps."""
DATED_SETS = ("failed", "doubtful")
"""Those whose members may end with the slot of the day in which the endpoint last failed (see endpoints.py). They keep
one member for each endpoint: the one without a slot where there is one, else the one with the latest."""
ADDRESS_SETS = {
    "failed": "failed_addresses",
    "doubtful": "failed_addresses",
    "answered": "answered_addresses",
    "attempts": "attempts_addresses",
    "sessions": "sessions_addresses",
}
"""Which set has the addresses of a set's members."""


class EvidenceKey(NamedTuple):
    """A source within its scope, on a UTC day (days since 1970)."""

    scope: str
    source: str
    day: int


@dataclass(frozen=True)
class Evidence:
    """What one source did on one day. Members of the sets are short binaries (see endpoints.py). Those of `failed` and
    `doubtful` end with the slot of the day in which the endpoint last failed, unless a rule refused it. `source_ports`
    are those of its doubtful contacts; `attempts` are connections to login ports: tries, and sessions from outside;
    `sessions` those that were sessions; those `with_address` are IPv6 members with their address; `source_ids` say from
    which addresses a /64 called; `external_clients` are those that had a session on a login service, in the evidence of that
    service alone (see detect/logins/external_clients.py); times are Unix seconds.
    """

    key: EvidenceKey
    failed: frozenset[bytes] = frozenset()
    answered: frozenset[bytes] = frozenset()
    doubtful: frozenset[bytes] = frozenset()
    source_ports: frozenset[int] = frozenset()
    attempts: frozenset[bytes] = frozenset()
    sessions: frozenset[bytes] = frozenset()
    failed_addresses: frozenset[bytes] = frozenset()
    answered_addresses: frozenset[bytes] = frozenset()
    attempts_addresses: frozenset[bytes] = frozenset()
    sessions_addresses: frozenset[bytes] = frozenset()
    source_ids: frozenset[bytes] = frozenset()
    external_clients: frozenset[bytes] = frozenset()
    first_seen: int = 0
    last_seen: int = 0
    is_inside: bool = False

    @cached_property
    def is_suspicious(self) -> bool:
        """Whether it is recorded in any case: it has failures, tries of a login, or strangers that logged in."""
        return bool(self.failed or self.doubtful or self.attempts or self.external_clients)

    @cached_property
    def has_members(self) -> bool:
        return bool(self.is_suspicious or self.answered or self.sessions)

    def within_bounds(self) -> "Evidence":
        """The same, with sets of at most the sizes that are kept."""
        fits = all(len(getattr(self, name)) <= size for name, size in SET_SIZES.items())
        fits = fits and len(self.source_ports) <= MAX_SOURCE_PORTS and not any(map(self._has_twice, DATED_SETS))
        return self if fits else self.merge(self)

    def _has_twice(self, name: str) -> bool:
        members = getattr(self, name)
        return len(set(map(endpoint_part, members))) < len(members)

    def merge(self, other: "Evidence") -> "Evidence":
        """Both, as if seen at once. In any order, any number of times, the result is the same."""
        return Evidence(
            self.key,
            **{name: kept(name, getattr(self, name) | getattr(other, name)) for name in SET_SIZES},
            source_ports=frozenset(sorted(self.source_ports | other.source_ports)[:MAX_SOURCE_PORTS]),
            first_seen=min(self.first_seen, other.first_seen),
            last_seen=max(self.last_seen, other.last_seen),
            is_inside=self.is_inside or other.is_inside,
        )


def kept(name: str, members: frozenset[bytes]) -> frozenset[bytes]:
    """Those of the members that the set of this name keeps."""
    if name not in DATED_SETS:
        return bottom(members, SET_SIZES[name])
    return bottom(latest(members), SET_SIZES[name], lambda member: rank_of_member(endpoint_part(member)))


def latest(members: Collection[bytes]) -> frozenset[bytes]:
    """One member for each endpoint: see DATED_SETS."""
    if all(len(member) == MEMBER_BYTES for member in members):
        return frozenset(members)
    found: dict[bytes, bytes] = {}
    for member in members:
        before = found.setdefault(endpoint_part(member), member)
        found[endpoint_part(member)] = max(before, member, key=lambda each: (len(each) == MEMBER_BYTES, each))
    return frozenset(found.values())


def unanswered(members: Iterable[bytes], answered: Container[bytes]) -> frozenset[bytes]:
    """The members of a dated set whose endpoint is not among those that answered."""
    return frozenset(member for member in members if endpoint_part(member) not in answered)


def rank_of_member(member: bytes) -> int:
    """The place of a member in the order that decides which ones are kept."""
    return rank(int.from_bytes(member))


def bottom(members: Iterable[bytes], size: int, rank_by: Callable[[bytes], int] = rank_of_member) -> frozenset[bytes]:
    """The `size` members of smallest rank."""
    all_of_them = frozenset(members)
    return all_of_them if len(all_of_them) <= size else frozenset(sorted(all_of_them, key=rank_by)[:size])


class History(NamedTuple):
    """What is known of one source around the days that a batch wrote to: the evidence of each non-empty day from
    MEMORY_DAYS before the first to MEMORY_DAYS after the last, and which days were written.
    """

    days: Mapping[int, Evidence]
    written_days: tuple[int, ...]


class EvidenceStore(Protocol):
    """Where evidence is merged. Merging the same evidence again changes nothing."""

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """Those sources that have an item near that day, so that their answers are worth recording. A hint: merge
        decides for itself. Raises RetryableError when the store can't be reached.
        """
        ...

    def recall(self, keys: Collection[EvidenceKey]) -> list[History]:
        """The histories of those sources that have an item near that day, which are only read, as they were a moment
        ago. Raises RetryableError when the store can't be reached.
        """
        ...

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """The histories, after the merge, of the sources whose evidence was recorded.

        Evidence that is suspicious is always recorded; other evidence (answers, sessions) only where the
        source already has an item within MEMORY_DAYS before its day, on it, or after it: else every quiet client would
        have one. Raises RetryableError when the store can't be reached; merging all again is harmless.
        """
        ...


RANK_LIMIT = 1 << 64


def max_complete_rank(members: Collection[bytes], size: int) -> int:
    """The rank up to which a bottom-k set has every member."""
    return max(map(rank_of_member, members)) if len(members) >= size else RANK_LIMIT
