"""False alarms in a seeded simulation of evidence: hosts with dead endpoints work for ten days."""

from random import Random

import pytest

from flowsentry.detect.scans.criteria import detected_scan
from flowsentry.findings.bounds import MAX_ENDPOINTS
from flowsentry.findings.evidence import Evidence, EvidenceKey, bottom
from flowsentry.findings.thresholds import ScanThresholds
from tests.builders import VPC

DAYS = range(20_454, 20_464)
LEAST = ScanThresholds()


def is_ever_a_scanner(random: Random, endpoints: int, dead_ratio: float) -> bool:
    """Whether a host that contacts a fifth of its endpoints each day is a scanner on any day; dead endpoints fail."""
    own = [random.randbytes(7) for _ in range(endpoints)]
    dead = frozenset(endpoint for endpoint in own if random.random() < dead_ratio)
    days: dict[int, Evidence] = {}
    for day in DAYS:
        contacted = frozenset(random.sample(own, max(endpoints // 5, 1)))
        failed, answered = bottom(contacted & dead, MAX_ENDPOINTS), bottom(contacted - dead, MAX_ENDPOINTS)
        days[day] = Evidence(EvidenceKey(VPC, "10.0.0.1", day), failed, answered)
    return any(detected_scan(days, day, LEAST) for day in DAYS)


@pytest.mark.slow
@pytest.mark.parametrize("dead_ratio", [0.1, 0.2])
@pytest.mark.parametrize(("endpoints", "hosts"), [(20, 300), (100, 300), (500, 100)])
def test_at_most_one_in_a_hundred_normal_hosts_is_a_scanner(endpoints: int, hosts: int, dead_ratio: float) -> None:
    random = Random(f"{endpoints} {dead_ratio}")  # noqa: S311 - seeded
    scanners = sum(is_ever_a_scanner(random, endpoints, dead_ratio) for _ in range(hosts))
    assert scanners <= hosts // 100


def test_a_sweep_after_nine_normal_days_is_found() -> None:
    random = Random(7)  # noqa: S311 - seeded
    own = [random.randbytes(7) for _ in range(40)]
    work = {day: Evidence(EvidenceKey(VPC, "10.0.0.1", day), answered=frozenset(random.sample(own, 8))) for day in DAYS}
    assert not any(detected_scan(work, day, LEAST) for day in DAYS)
    swept = frozenset(random.randbytes(7) for _ in range(60))
    work[DAYS[-1]] = work[DAYS[-1]].merge(Evidence(work[DAYS[-1]].key, failed=swept))
    assert detected_scan(work, DAYS[-1], LEAST) is not None
    assert not any(detected_scan(work, day, LEAST) for day in DAYS[:-1])
