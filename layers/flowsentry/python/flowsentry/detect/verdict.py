"""Is this a scan? The verdict on what a source failed and managed to reach in the days around a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from flowsentry.evidence import MAX_DOUBTFUL, MAX_ENDPOINTS, MEMORY_DAYS, Evidence, rank_of_member

MIN_ENDPOINTS = 10
"""Distinct failed endpoints that make a scan. Fewer: slow scanners are found a little earlier, and a host with a broken
configuration of several targets is taken for one. More: of 21 slow scanners of a day, those with 12 to 13 probes stay
hidden."""
MIN_SURPLUS = 4
"""Failed minus answered endpoints. Benign sources succeed in about 0.8 of first contacts and scanners in 0.2, so each
failure multiplies the odds of a scanner by 4 and each success divides them: a surplus of 4 is odds of 256, the nearest
whole step past 99 (threshold random walk: Jung et al. 2004, "Fast Portscan Detection Using Sequential Hypothesis
Testing"). Higher: later verdicts on mixed traffic. Lower: false alarms."""
MIN_FAILED_PER_ANSWERED = 1.5
"""Keeps out busy hosts, whose surplus grows by their size alone. Higher: a scan from a host that also works is hidden.
Lower: a host with many dead targets is condemned. At up to 20 % dead endpoints false alarms stay below 1 %."""
MIN_CERTAIN_FAILURES = 3
"""Failures that are certain, beside which doubtful ones count. Higher: scanners that mix both are found later. Lower:
one dead endpoint makes backscatter from the same source count."""
MIN_DOUBTFUL_SOURCE_PORTS = 3
"""What could as well be a late reply counts once the source used this many source ports (replies come from one) or has
as many failures that are certain. Higher: scanners with a fixed source port stay hidden without tcp-flags. Lower:
backscatter from one service is taken for a scan."""


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


def verdict(days: Mapping[int, Evidence], day: int) -> Verdict | None:
    """The verdict for one day, on the union of it and the MEMORY_DAYS before it; None for an innocent source.

    A source is condemned when it failed at least MIN_ENDPOINTS distinct endpoints, MIN_SURPLUS more than were answered,
    and MIN_FAILED_PER_ANSWERED times as many. An endpoint that ever answered did not fail. Sets that are full hold the
    members of smallest rank, so both are cut at the rank up to which both are complete: the ratio then holds for a host
    with thousands of endpoints as for one with ten. Known limit: of slow scans inside a busy host, some 40 % are found.
    """
    union = _union(days, day)
    if union is None:
        return None
    counted = union.failed | (union.doubtful if _doubts_count(union) else frozenset())
    failed, answered = _comparable(counted, union)
    failed -= answered
    surplus = len(failed) - len(answered)
    if len(failed) < MIN_ENDPOINTS or surplus < MIN_SURPLUS or len(failed) < MIN_FAILED_PER_ANSWERED * len(answered):
        return None
    is_certain = len(failed & union.failed) >= MIN_ENDPOINTS
    return Verdict(union, failed, answered, _estimated(counted, union), is_certain)


def _union(days: Mapping[int, Evidence], day: int) -> Evidence | None:
    """The evidence of the days remembered; None where there is too little of it to condemn anyone, as mostly."""
    remembered = [days[each] for each in range(day - MEMORY_DAYS, day + 1) if each in days]
    failures = sum(len(evidence.failed) + len(evidence.doubtful) for evidence in remembered)
    return reduce(Evidence.merge, remembered) if day in days and failures >= MIN_ENDPOINTS else None


def _doubts_count(union: Evidence) -> bool:
    certain = union.failed - union.answered
    return len(union.source_ports) >= MIN_DOUBTFUL_SOURCE_PORTS or len(certain) >= MIN_CERTAIN_FAILURES


def _complete_up_to(members: frozenset[bytes], size: int) -> int:
    """The rank up to which a bottom-k set has every member."""
    return max(map(rank_of_member, members)) if len(members) >= size else _NO_BOUND


_NO_BOUND = 1 << 64


def _comparable(counted: frozenset[bytes], union: Evidence) -> tuple[frozenset[bytes], frozenset[bytes]]:
    bound = min(
        _complete_up_to(union.failed, MAX_ENDPOINTS),
        _complete_up_to(union.answered, MAX_ENDPOINTS),
        _complete_up_to(union.doubtful, MAX_DOUBTFUL) if counted > union.failed else _NO_BOUND,
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
        (MAX_ENDPOINTS - 1) * _NO_BOUND / _complete_up_to(union.failed, MAX_ENDPOINTS) * len(failed) / len(counted)
    )
