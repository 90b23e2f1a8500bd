"""Is this a scan? The verdict on what a source failed and managed to reach in the days around a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from flowsentry.detect.samples import NO_BOUND, complete_up_to
from flowsentry.evidence import MAX_DOUBTFUL, MAX_ENDPOINTS, MEMORY_DAYS, Evidence, rank_of_member
from flowsentry.thresholds import ScanThresholds


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
    holds for a host with thousands of endpoints as for one with ten. Known limit: of slow scans inside a busy host,
    some 40 % are found.
    """
    union = _union(days, day, least)
    if union is None:
        return None
    counted = union.failed | (union.doubtful if _doubts_count(union, least) else frozenset())
    failed, answered = _comparable(counted, union)
    failed -= answered
    if not _is_much(len(failed), len(answered), least):
        return None
    is_certain = len(failed & union.failed) >= least.min_endpoints
    return Verdict(union, failed, answered, _estimated(counted, union), is_certain)


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
