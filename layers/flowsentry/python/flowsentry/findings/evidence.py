"""Evidence: the endpoints that a source tried and reached in a day, as sets that can be merged.

Set union is commutative, associative and idempotent, so retries, duplicates, order and concurrency cannot corrupt it.
A plain size limit would break that, because the members that remain would depend on the order. A set therefore keeps
the members with the smallest ranks: such a bottom-k set merges exactly (Cohen & Kaplan 2007, "Summarizing data using
bottom-k sketches").
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol

from flowsentry.findings.bounds import (
    MAX_ANSWERED_ADDRESSES,
    MAX_ATTEMPTS,
    MAX_ATTEMPTS_ADDRESSES,
    MAX_DOUBTFUL,
    MAX_ENDPOINTS,
    MAX_EXTERNAL_CLIENTS,
    MAX_FAILED_ADDRESSES,
    MAX_SESSIONS,
    MAX_SESSIONS_ADDRESSES,
    MAX_SOURCE_IDS,
    MAX_SOURCE_PORTS,
)
from flowsentry.findings.endpoints import MAX_DECODED_MEMBERS, MEMBER_BYTES, endpoint_part, rank
from flowsentry.value import Value

SECONDS_A_DAY = 86_400
MEMORY_DAYS = 3
"""Previous days that count, with the day itself, when a source is classified. More: slower scanners are found, and a
host with a few dead endpoints collects more failures. Fewer: slow scanners are missed: of 312 sources in a three-day
capture, a memory of 24 h loses 11 and one of three days none."""


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
"""The sets of evidence, and how many members each keeps."""
DATED_SETS = ("failed", "doubtful")
"""Sets whose members may end with the time slot of the day in which the endpoint last failed (see endpoints.py). They
keep one member for each endpoint: the member without a slot if there is one, else the member with the latest slot."""
ADDRESS_SETS = {
    "failed": "failed_addresses",
    "doubtful": "failed_addresses",
    "answered": "answered_addresses",
    "attempts": "attempts_addresses",
    "sessions": "sessions_addresses",
}
"""The set that keeps the IPv6 addresses of another set's members."""


class EvidenceKey(NamedTuple):
    """A source within its scope, on a UTC day (days since 1970)."""

    scope: str
    source: str
    day: int


class Evidence(Value, frozen=True, dict=True):
    """What one source did on one UTC day. Set members are short byte strings (see endpoints.py).

    - `failed`, `doubtful`: endpoints that failed. A member ends with the time slot of its last failure, unless a rule
      rejected the packets. `source_ports` are the source ports of doubtful contacts.
    - `answered`: endpoints that answered.
    - `attempts`: connections to login ports that were login attempts, and sessions of external sources; `sessions`:
      those that were sessions.
    - `…_addresses`: IPv6 members of these sets with their address.
    - `source_ids`: the lower 64 bits of the addresses from which a /64 opened connections.
    - `external_clients`: only in the evidence of a login service: the external sources with a session on it (see
      detect/logins/external_clients.py).
    - `first_seen`, `last_seen`: Unix seconds.
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
        """Whether it is always recorded: it has failures, login attempts, or external clients of a login service."""
        return bool(self.failed or self.doubtful or self.attempts or self.external_clients)

    @cached_property
    def has_members(self) -> bool:
        return bool(self.is_suspicious or self.answered or self.sessions)

    def within_bounds(self) -> "Evidence":
        """The same evidence, with every set cut to its size limit."""
        fits = all(len(getattr(self, name)) <= size for name, size in SET_SIZES.items())
        fits = fits and len(self.source_ports) <= MAX_SOURCE_PORTS and not any(map(self._has_twice, DATED_SETS))
        return self if fits else self.merge(self)

    def _has_twice(self, name: str) -> bool:
        members = getattr(self, name)
        return len(set(map(endpoint_part, members))) < len(members)

    def merge(self, other: "Evidence") -> "Evidence":
        """The union of both. The result does not depend on the order or the number of merges."""
        return Evidence(
            self.key,
            **{name: kept(name, both) for name in SET_SIZES if (both := getattr(self, name) | getattr(other, name))},
            source_ports=frozenset(sorted(self.source_ports | other.source_ports)[:MAX_SOURCE_PORTS]),
            first_seen=min(self.first_seen, other.first_seen),
            last_seen=max(self.last_seen, other.last_seen),
            is_inside=self.is_inside or other.is_inside,
        )


def kept(name: str, members: frozenset[bytes]) -> frozenset[bytes]:
    """The members that the set with this name keeps."""
    if name not in DATED_SETS:
        return bottom(members, SET_SIZES[name])
    return bottom(latest(members), SET_SIZES[name], lambda member: rank_of_member(endpoint_part(member)))


def latest(members: Collection[bytes]) -> frozenset[bytes]:
    """One member for each endpoint (see DATED_SETS)."""
    if all(len(member) == MEMBER_BYTES for member in members):
        return frozenset(members)
    found: dict[bytes, bytes] = {}
    for member in members:
        before = found.setdefault(endpoint_part(member), member)
        found[endpoint_part(member)] = max(before, member, key=lambda each: (len(each) == MEMBER_BYTES, each))
    return frozenset(found.values())


def unanswered(members: Iterable[bytes], answered: Container[bytes]) -> frozenset[bytes]:
    """The members of a dated set whose endpoint is not in `answered`."""
    return frozenset(member for member in members if endpoint_part(member) not in answered)


@lru_cache(MAX_DECODED_MEMBERS)
def rank_of_member(member: bytes) -> int:
    """The rank of a member, which decides whether it is kept."""
    return rank(int.from_bytes(member))


def bottom(members: Iterable[bytes], size: int, rank_by: Callable[[bytes], int] = rank_of_member) -> frozenset[bytes]:
    """The `size` members with the smallest ranks."""
    all_of_them = frozenset(members)
    return all_of_them if len(all_of_them) <= size else frozenset(sorted(all_of_them, key=rank_by)[:size])


def max_complete_rank(members: Collection[bytes], size: int) -> int:
    """The rank up to which a bottom-k set of this size holds every member that was added."""
    return max(map(rank_of_member, members)) if len(members) >= size else RANK_LIMIT


class History(NamedTuple):
    """The evidence of one source around the days that a batch wrote: of each non-empty day from MEMORY_DAYS before the
    first written day to MEMORY_DAYS after the last.
    """

    days: Mapping[int, Evidence]
    written_days: tuple[int, ...]


def merged_evidence(batch: Iterable[Evidence]) -> list[Evidence]:
    """The evidence of the batch, one for each key, in order of first appearance; empty evidence is left out."""
    merged: dict[EvidenceKey, Evidence] = {}
    for evidence in batch:
        if evidence.has_members:
            known = merged.get(evidence.key)
            merged[evidence.key] = known.merge(evidence) if known else evidence.within_bounds()
    return list(merged.values())


def neighbours(key: EvidenceKey) -> list[EvidenceKey]:
    """The keys of the same source within MEMORY_DAYS of this one: a verdict on one uses the others."""
    scope, source, day = key
    return [EvidenceKey(scope, source, each) for each in range(day - MEMORY_DAYS, day + MEMORY_DAYS + 1)]


def has_neighbour(items: Container[EvidenceKey], key: EvidenceKey) -> bool:
    """Whether the source has an item within MEMORY_DAYS of this key. Only then are its answers worth recording."""
    return any(near in items for near in neighbours(key))


def near_recorded(items: Container[EvidenceKey], answers: Sequence[Evidence]) -> list[Evidence]:
    """The answers that are worth recording: those within MEMORY_DAYS of an item, or of another such answer. So the
    result does not depend on the order in which they are recorded.
    """
    known, waiting = set[EvidenceKey](), list(answers)
    while near := [one for one in waiting if has_neighbour(items, one.key) or has_neighbour(known, one.key)]:
        known.update(one.key for one in near)
        waiting = [one for one in waiting if one.key not in known]
    return [one for one in answers if one.key in known]


def histories(items: Mapping[EvidenceKey, Evidence], recorded: Iterable[EvidenceKey]) -> list[History]:
    """A history for each source of the recorded keys, in order of first appearance."""
    written: dict[tuple[str, str], list[EvidenceKey]] = {}
    for key in recorded:
        written.setdefault((key.scope, key.source), []).append(key)
    return [_history(items, keys) for keys in written.values()]


def _history(items: Mapping[EvidenceKey, Evidence], keys: list[EvidenceKey]) -> History:
    near = sorted({each for key in keys for each in neighbours(key) if each in items})
    return History({key.day: items[key] for key in near}, tuple(sorted(key.day for key in keys)))


class EvidenceStore(Protocol):
    """Stores evidence by merging it. Merging the same evidence again changes nothing."""

    def suspects(self, keys: Collection[EvidenceKey]) -> set[EvidenceKey]:
        """The sources that have an item within MEMORY_DAYS of that day, so that their answers are worth recording. A
        hint only: `merge` checks again. Raises RetryableError if the store is unavailable.
        """
        ...

    def recall(self, keys: Collection[EvidenceKey]) -> list[History]:
        """The histories of the sources that have an item within MEMORY_DAYS of that day, only read, and possibly
        a moment old. Raises RetryableError if the store is unavailable.
        """
        ...

    def merge(self, batch: Sequence[Evidence]) -> list[History]:
        """The histories, after the merge, of the sources whose evidence was recorded.

        Suspicious evidence is always recorded. Other evidence (answers, sessions) is recorded only if the source has an
        item within MEMORY_DAYS of that day: otherwise every normal client would need an item. Raises RetryableError if
        the store is unavailable; merging everything again is harmless.
        """
        ...


RANK_LIMIT = 1 << 64
