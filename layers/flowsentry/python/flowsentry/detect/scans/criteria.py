"""Decides whether a source is a scanner, by its failed and answered endpoints of a day and the days before."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from flowsentry.findings.bounds import MAX_DOUBTFUL, MAX_ENDPOINTS
from flowsentry.findings.endpoints import endpoint_of, endpoint_part
from flowsentry.findings.evidence import (
    DATED_SETS,
    MEMORY_DAYS,
    RANK_LIMIT,
    Evidence,
    max_complete_rank,
    rank_of_member,
)
from flowsentry.findings.known_services import Services
from flowsentry.findings.thresholds import ScanThresholds
from flowsentry.value import Value

MIN_FAILED_PER_ANSWERED_ON_ONE_PORT = 5
"""Failed endpoints of one port, for each endpoint that answered on it, that make an internal host a scanner. Higher: a
sweep by a busy host of a port on which many hosts answer is missed. Lower: busy clients of a service are taken for
scanners when half of its hosts are removed."""


class DetectedScan(Value, frozen=True):
    """A source that is a scanner. `evidence` is the union of the days; `failed` and `answered` are comparable samples
    of its endpoints; `endpoints` is an estimate of the number of failed endpoints; `is_certain` is false if the result
    depends on doubtful contacts.
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
    """Classifies a source on one day, by the evidence of that day and the MEMORY_DAYS before it; None if it is no
    scanner.

    A source is a scanner if at least `min_endpoints` distinct endpoints failed, at least `min_surplus` more than
    answered, and at least `min_failed_per_answered` times as many. An endpoint that answered the source at any time did
    not fail, nor did an endpoint with an outage: one that answered before and now answers no one. A full set holds the
    members with the smallest ranks, so both sets are compared up to the rank to which both are complete. The ratio is
    then valid for a host with thousands of endpoints as well as for one with ten.

    If a busy internal host starts a sweep, so many other endpoints answer it that these rules find nothing; its
    failures on one port are therefore counted separately (`min_endpoints_on_one_port`). Known limit: of slow scans of
    many ports by a busy internal host, about 40 % are found.
    """
    counted_days = _counted_days(days, day, thresholds)
    if not counted_days:
        return None
    union = reduce(Evidence.merge, map(_without_slots, counted_days))
    excused = union.answered | _outages(counted_days, services)
    counted = union.failed | (union.doubtful if _counts_doubtful(union, excused, thresholds) else frozenset())
    bound = _comparable_rank(union, counted)
    failed = frozenset(member for member in counted - excused if rank_of_member(member) <= bound)
    answered = frozenset(member for member in union.answered if rank_of_member(member) <= bound)
    if not _meets_thresholds(len(failed), len(answered), thresholds):
        return _on_one_port(union, union.failed - excused, thresholds) if union.is_inside else None
    is_certain = len(failed & union.failed) >= thresholds.min_endpoints
    return DetectedScan(union, failed, answered, _estimated(counted, counted - excused, union), is_certain)


def _on_one_port(union: Evidence, failed: frozenset[bytes], thresholds: ScanThresholds) -> DetectedScan | None:
    """Classifies an internal source by the port with the most failed endpoints, whatever answered on other ports.
    `failed` are endpoints that failed, without those that answered the source and without outages.

    The numbers of full sets are those of the kept members: the sample of the answers is used to estimate how many there
    were on this port. Wrong for a host whose many targets on a port have all been gone for longer than MEMORY_DAYS: it
    is reported as a sweep of that port, which looks the same.
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


def _counted_days(days: Mapping[int, Evidence], day: int, thresholds: ScanThresholds) -> list[Evidence]:
    """The evidence of the days that count; empty if there are too few failures for a scanner, the usual case."""
    counted_days = [days[each] for each in range(day - MEMORY_DAYS, day + 1) if each in days]
    failures = sum(len(evidence.failed) + len(evidence.doubtful) for evidence in counted_days)
    return counted_days if day in days and failures >= thresholds.min_endpoints else []


def _without_slots(evidence: Evidence) -> Evidence:
    """The same evidence without time slots in members: equal slots of different days are different times."""
    failed, doubtful = (frozenset(map(endpoint_part, getattr(evidence, name))) for name in DATED_SETS)
    return replace(evidence, failed=failed, doubtful=doubtful)


def _outages(counted_days: Sequence[Evidence], services: Services) -> set[bytes]:
    """The endpoints whose failures were outages on every day."""
    if not services.answers:
        return set()
    outages: set[bytes] = set()
    failures: set[bytes] = set()
    for evidence in counted_days:
        failed = evidence.failed | evidence.doubtful
        down = services.outages(evidence.key.scope, evidence.key.source, failed, evidence.key.day)
        outages |= down
        failures |= set(map(endpoint_part, failed)) - down
    return outages - failures


def _counts_doubtful(union: Evidence, excused: Container[bytes], thresholds: ScanThresholds) -> bool:
    certain = sum(member not in excused for member in union.failed)
    return len(union.source_ports) >= thresholds.min_doubtful_source_ports or certain >= thresholds.min_certain_failures


def _comparable_rank(union: Evidence, counted: frozenset[bytes]) -> int:
    """The rank up to which all compared sets are complete."""
    return min(
        max_complete_rank(union.failed, MAX_ENDPOINTS),
        max_complete_rank(union.answered, MAX_ENDPOINTS),
        max_complete_rank(union.doubtful, MAX_DOUBTFUL) if counted > union.failed else RANK_LIMIT,
    )


def _estimated(counted: frozenset[bytes], failed: frozenset[bytes], union: Evidence) -> int:
    """The number of failed endpoints: `failed` are those of the kept members `counted`. Exact below MAX_ENDPOINTS;
    above, estimated from the density of the kept ranks (k minimum values: Bar-Yossef et al. 2002), with an error of
    about an eighth.
    """
    if len(union.failed) < MAX_ENDPOINTS:
        return len(failed)
    return round(
        (MAX_ENDPOINTS - 1) * RANK_LIMIT / max_complete_rank(union.failed, MAX_ENDPOINTS) * len(failed) / len(counted)
    )
