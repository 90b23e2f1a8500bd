"""Is this a scan? The verdict on what a source failed and managed to reach in the days around a day."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from flowsentry.findings.endpoints import endpoint_of, endpoint_part
from flowsentry.findings.evidence import (
    DATED_SETS,
    MAX_DOUBTFUL,
    MAX_ENDPOINTS,
    MEMORY_DAYS,
    RANK_LIMIT,
    Evidence,
    max_complete_rank,
    rank_of_member,
)
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import ScanThresholds

MIN_FAILED_PER_ANSWERED_ON_ONE_PORT = 5
"""Failed endpoints of one port for each that answered there, which make a sweep of it by a host of ours. Higher: a
sweep of a port on which many do answer is hidden in a busy host. Lower: a service half of whose hosts are
gone makes scanners of its busy clients."""


@dataclass(frozen=True, slots=True)
class DetectedScan:
    """A source condemned on `evidence`, the union of the days. `failed` and `answered` are comparable samples of what
    it reached; `endpoints` estimates the number of all failed ones; `is_certain` is false when it rests on doubtful
    contacts.
    """

    evidence: Evidence
    failed: frozenset[bytes]
    answered: frozenset[bytes]
    endpoints: int
    is_certain: bool


def detected_scan(
    days: Mapping[int, Evidence],
    day: int,
    thresholds: ScanThresholds,
    services: Services = Services(),  # noqa: B008 - frozen
) -> DetectedScan | None:
    """The verdict for one day, on the union of it and the MEMORY_DAYS before it; None for an innocent source.

    A source is condemned when it failed at least `min_endpoints` distinct endpoints, `min_surplus` more than were
    answered, and `min_failed_per_answered` times as many. An endpoint that ever answered did not fail, nor did one that
    lived and answers nobody any more (`services`). Sets that are full hold the members of smallest rank, so both are
    cut at the rank up to which both are complete: the ratio then holds for a host with thousands of endpoints as for
    one with ten.

    A busy host of ours that starts to sweep is answered by so many others that this says nothing; what it does on one
    port still does: see `_on_one_port`. Known limit: of slow scans of many ports inside a busy host, some 40 % are
    found.
    """
    remembered = _remembered(days, day, thresholds)
    if not remembered:
        return None
    union = reduce(Evidence.merge, map(_without_slots, remembered))
    innocent = union.answered | _outages(remembered, services)
    counted = union.failed | (union.doubtful if _counts_doubtful(union, innocent, thresholds) else frozenset())
    bound = _comparable_rank(union, counted)
    failed = frozenset(member for member in counted - innocent if rank_of_member(member) <= bound)
    answered = frozenset(member for member in union.answered if rank_of_member(member) <= bound)
    if not _meets_thresholds(len(failed), len(answered), thresholds):
        return _on_one_port(union, union.failed - innocent, thresholds) if union.is_inside else None
    is_certain = len(failed & union.failed) >= thresholds.min_endpoints
    return DetectedScan(union, failed, answered, _estimated(counted, counted - innocent, union), is_certain)


def _on_one_port(union: Evidence, failed: frozenset[bytes], thresholds: ScanThresholds) -> DetectedScan | None:
    """The verdict on what a source of ours did on the port that failed it most, whatever answered it on others.
    `failed` are the endpoints that failed and neither answered it nor were outages.

    Of full sets the numbers are of the members that are kept: a sample of the answers tells how many there were on this
    port. Wrong for a host all of whose targets on a port have been gone for longer than is remembered, and were many:
    it is told as a sweep of that port, which is what it looks like.
    """
    ports = Counter(map(_port, failed))
    port, number = max(ports.items(), key=lambda each: (each[1], each[0]), default=((0, 0), 0))
    answers = frozenset(member for member in union.answered if _port(member) == port)
    share_kept = max_complete_rank(union.answered, MAX_ENDPOINTS) / RANK_LIMIT
    is_clear = number >= MIN_FAILED_PER_ANSWERED_ON_ONE_PORT * len(answers) / share_kept
    if number < thresholds.min_endpoints_on_one_port or not is_clear:
        return None
    on_port = frozenset(member for member in failed if _port(member) == port)
    return DetectedScan(union, on_port, answers, _estimated(union.failed, on_port, union), is_certain=True)


def _port(member: bytes) -> tuple[int, int]:
    end = endpoint_of(member)
    return end.protocol, end.port


def _meets_thresholds(failed: int, answered: int, thresholds: ScanThresholds) -> bool:
    is_surplus = failed - answered >= thresholds.min_surplus
    return failed >= thresholds.min_endpoints and is_surplus and failed >= thresholds.min_failed_per_answered * answered


def _remembered(days: Mapping[int, Evidence], day: int, thresholds: ScanThresholds) -> list[Evidence]:
    """The evidence of the days remembered; none where there is too little of it to condemn anyone, as mostly."""
    remembered = [days[each] for each in range(day - MEMORY_DAYS, day + 1) if each in days]
    failures = sum(len(evidence.failed) + len(evidence.doubtful) for evidence in remembered)
    return remembered if day in days and failures >= thresholds.min_endpoints else []


def _without_slots(evidence: Evidence) -> Evidence:
    """The same with members that do not say when the endpoint last failed: slots of other days are other times."""
    failed, doubtful = (frozenset(map(endpoint_part, getattr(evidence, name))) for name in DATED_SETS)
    return replace(evidence, failed=failed, doubtful=doubtful)


def _outages(remembered: Sequence[Evidence], services: Services) -> set[bytes]:
    """The endpoints all of whose failures, on whatever day, were outages."""
    if not services.answers:
        return set()
    outages: set[bytes] = set()
    failures: set[bytes] = set()
    for evidence in remembered:
        failed = evidence.failed | evidence.doubtful
        silent = services.outages(evidence.key.scope, evidence.key.source, failed, evidence.key.day)
        outages |= silent
        failures |= set(map(endpoint_part, failed)) - silent
    return outages - failures


def _counts_doubtful(union: Evidence, innocent: Container[bytes], thresholds: ScanThresholds) -> bool:
    certain = sum(member not in innocent for member in union.failed)
    return len(union.source_ports) >= thresholds.min_doubtful_source_ports or certain >= thresholds.min_certain_failures


def _comparable_rank(union: Evidence, counted: frozenset[bytes]) -> int:
    """The rank up to which all sets that are compared are complete."""
    return min(
        max_complete_rank(union.failed, MAX_ENDPOINTS),
        max_complete_rank(union.answered, MAX_ENDPOINTS),
        max_complete_rank(union.doubtful, MAX_DOUBTFUL) if counted > union.failed else RANK_LIMIT,
    )


def _estimated(counted: frozenset[bytes], failed: frozenset[bytes], union: Evidence) -> int:
    """How many endpoints failed, of which `failed` are kept among all those `counted`: exact below MAX_ENDPOINTS, above
    it from how dense the kept ranks lie (k minimum values: Bar-Yossef et al. 2002), good to about an eighth.
    """
    if len(union.failed) < MAX_ENDPOINTS:
        return len(failed)
    return round(
        (MAX_ENDPOINTS - 1) * RANK_LIMIT / max_complete_rank(union.failed, MAX_ENDPOINTS) * len(failed) / len(counted)
    )
