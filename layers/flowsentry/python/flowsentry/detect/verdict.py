"""Is this a scan? The verdict on what a source failed and managed to reach in the days around a day."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from flowsentry.detect.samples import NO_BOUND, complete_up_to
from flowsentry.endpoints import endpoint_of
from flowsentry.evidence import MAX_DOUBTFUL, MAX_ENDPOINTS, MEMORY_DAYS, Evidence, rank_of_member
from flowsentry.thresholds import ScanThresholds

MIN_FAILED_PER_ANSWERED_ON_ONE_PORT = 5
"""Failed endpoints of one port for each that answered there, which make a sweep of it by a host of ours. Higher: a
sweep of a port on which many do answer is hidden in a busy host. Lower: a service half of whose hosts are
gone makes scanners of its busy clients."""
MIN_COMPARABLE = 5
"""Failed endpoints of a port, among those that can be compared with what answered. Higher: a sweep by a very busy host
is hidden. Lower: whether a port of a very busy host is dead or swept is told by chance: at four in five answers, five
that all failed are one in three thousand."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A source condemned on `evidence`, the union of the days. `failed` and `answered` are comparable samples of what
    it reached; `endpoints` estimates the number of all failed ones; `is_certain` is false when it rests on doubtful
    contacts.
    """

    evidence: Evidence
    failed: frozenset[bytes]
    answered: frozenset[bytes]
    endpoints: int
    is_certain: bool


def verdict(days: Mapping[int, Evidence], day: int, least: ScanThresholds) -> Verdict | None:
    """The verdict for one day, on the union of it and the MEMORY_DAYS before it; None for an innocent source.

    A source is condemned when it failed at least `min_endpoints` distinct endpoints, `min_surplus` more than were
    answered, and `min_failed_per_answered` times as many. An endpoint that ever answered did not fail. Sets that are
    full hold the members of smallest rank, so both are cut at the rank up to which both are complete: the ratio then
    holds for a host with thousands of endpoints as for one with ten.

    A busy host of ours that starts to sweep is answered by so many others that this says nothing; what it does on one
    port still does: see `_on_one_port`. Known limit: of slow scans of many ports inside a busy host, some 40 % are
    found.
    """
    union = _union(days, day, least)
    if union is None:
        return None
    counted = union.failed | (union.doubtful if _doubts_count(union, least) else frozenset())
    failed, answered = _comparable(counted, union)
    failed -= answered
    if not _is_much(len(failed), len(answered), least):
        return _on_one_port(union, failed, answered, least) if union.is_inside else None
    is_certain = len(failed & union.failed) >= least.min_endpoints
    return Verdict(union, failed, answered, _estimated(counted, union), is_certain)


def _on_one_port(
    union: Evidence, failed: frozenset[bytes], answered: frozenset[bytes], least: ScanThresholds
) -> Verdict | None:
    """The verdict on what a source of ours did on the port that failed it most, whatever answered it on others.

    Wrong for a host all of whose targets on a port are gone, and were many: it is told as a sweep of that port, which
    is what it looks like. `failed` and `answered` are the comparable part of the sets.
    """
    ports = Counter(map(_port, union.failed - union.answered))
    port, number = max(ports.items(), key=lambda each: (each[1], each[0]), default=((0, 0), 0))
    comparable = sum(_port(member) == port for member in failed)
    answers = frozenset(member for member in answered if _port(member) == port)
    is_clear = comparable >= MIN_COMPARABLE and comparable >= MIN_FAILED_PER_ANSWERED_ON_ONE_PORT * len(answers)
    if number < least.min_endpoints_on_one_port or not is_clear:
        return None
    on_port = frozenset(member for member in union.failed - union.answered if _port(member) == port)
    share = number / sum(ports.values())
    return Verdict(union, on_port, answers, round(_estimated(union.failed, union) * share), is_certain=True)


def _port(member: bytes) -> tuple[int, int]:
    end = endpoint_of(member)
    return end.protocol, end.port


def _is_much(failed: int, answered: int, least: ScanThresholds) -> bool:
    is_surplus = failed - answered >= least.min_surplus
    return failed >= least.min_endpoints and is_surplus and failed >= least.min_failed_per_answered * answered


def _union(days: Mapping[int, Evidence], day: int, least: ScanThresholds) -> Evidence | None:
    """The evidence of the days remembered; None where there is too little of it to condemn anyone, as mostly."""
    remembered = [days[each] for each in range(day - MEMORY_DAYS, day + 1) if each in days]
    failures = sum(len(evidence.failed) + len(evidence.doubtful) for evidence in remembered)
    return reduce(Evidence.merge, remembered) if day in days and failures >= least.min_endpoints else None


def _doubts_count(union: Evidence, least: ScanThresholds) -> bool:
    certain = union.failed - union.answered
    is_from_many = len(union.source_ports) >= least.min_doubtful_source_ports
    return is_from_many or len(certain) >= least.min_certain_failures


def _comparable(counted: frozenset[bytes], union: Evidence) -> tuple[frozenset[bytes], frozenset[bytes]]:
    bound = min(
        complete_up_to(union.failed, MAX_ENDPOINTS),
        complete_up_to(union.answered, MAX_ENDPOINTS),
        complete_up_to(union.doubtful, MAX_DOUBTFUL) if counted > union.failed else NO_BOUND,
    )
    return (
        frozenset(member for member in counted if rank_of_member(member) <= bound),
        frozenset(member for member in union.answered if rank_of_member(member) <= bound),
    )


def _estimated(counted: frozenset[bytes], union: Evidence) -> int:
    """How many endpoints failed: exact below MAX_ENDPOINTS, above it from how dense the kept ranks lie (k minimum
    values: Bar-Yossef et al. 2002), good to about an eighth.
    """
    failed = counted - union.answered
    if len(union.failed) < MAX_ENDPOINTS:
        return len(failed)
    return round(
        (MAX_ENDPOINTS - 1) * NO_BOUND / complete_up_to(union.failed, MAX_ENDPOINTS) * len(failed) / len(counted)
    )
