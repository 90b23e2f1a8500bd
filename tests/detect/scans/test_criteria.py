"""Which sources are scanners: just below and at each threshold, and how more evidence changes the result."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.detect.scans.criteria import DetectedScan, detected_scan
from flowsentry.findings.bounds import MAX_DOUBTFUL, MAX_ENDPOINTS
from flowsentry.findings.evidence import MEMORY_DAYS, Evidence, EvidenceKey, bottom
from flowsentry.findings.thresholds import ScanThresholds
from tests.builders import DAY, VPC

LEAST = ScanThresholds()
MIN_ENDPOINTS, MIN_SURPLUS, MIN_CERTAIN_FAILURES = LEAST.min_endpoints, LEAST.min_surplus, LEAST.min_certain_failures
MIN_DOUBTFUL_SOURCE_PORTS = LEAST.min_doubtful_source_ports


def some(size: int, first: int = 0) -> frozenset[bytes]:
    return frozenset((first + number).to_bytes(7) for number in range(size))


def evidence(
    failed: frozenset[bytes] = frozenset(),
    answered: frozenset[bytes] = frozenset(),
    doubtful: frozenset[bytes] = frozenset(),
    source_ports: int = 0,
    day: int = DAY,
) -> Evidence:
    return Evidence(
        EvidenceKey(VPC, "10.0.0.1", day),
        bottom(failed, MAX_ENDPOINTS),
        bottom(answered, MAX_ENDPOINTS),
        bottom(doubtful, MAX_DOUBTFUL),
        frozenset(range(1024, 1024 + source_ports)),
    )


def classified(*days: Evidence, day: int = DAY) -> DetectedScan | None:
    return detected_scan({each.key.day: each for each in days}, day, LEAST)


def is_scanner(failed: int, answered: int = 0) -> bool:
    return classified(evidence(some(failed), some(answered, 1_000_000))) is not None


def test_ten_failed_endpoints_make_a_scanner() -> None:
    assert is_scanner(MIN_ENDPOINTS)
    assert not is_scanner(MIN_ENDPOINTS - 1)


def test_fewer_failures_than_the_surplus_make_no_scanner() -> None:
    assert is_scanner(MIN_ENDPOINTS, MIN_ENDPOINTS - MIN_SURPLUS)
    assert not is_scanner(MIN_ENDPOINTS, MIN_ENDPOINTS - MIN_SURPLUS + 1)


def test_many_failures_must_be_one_and_a_half_times_the_answers() -> None:
    assert is_scanner(30, 20)
    assert not is_scanner(30, 21)


def test_an_endpoint_that_answered_at_any_time_did_not_fail() -> None:
    assert classified(evidence(some(MIN_ENDPOINTS), some(1))) is None
    assert classified(evidence(some(MIN_ENDPOINTS, 1), some(1))) is not None


def test_a_busy_host_with_as_many_answers_as_failures_is_no_scanner() -> None:
    assert not is_scanner(5000, 5000)
    assert is_scanner(5000, 500)


def test_only_the_memory_days_before_count() -> None:
    today = evidence(some(5))
    assert classified(today, evidence(some(5, 5), day=DAY - MEMORY_DAYS)) is not None
    assert classified(today, evidence(some(5, 5), day=DAY - MEMORY_DAYS - 1)) is None
    assert classified(today, evidence(some(5, 5), day=DAY + 1)) is None


def test_an_endpoint_that_fails_every_day_counts_once() -> None:
    same = some(MIN_ENDPOINTS - 1)
    assert classified(*(evidence(same, day=DAY - ago) for ago in range(MEMORY_DAYS + 1))) is None


def test_a_day_without_evidence_is_no_scan() -> None:
    assert classified(evidence(some(50), day=DAY - 1)) is None


def test_doubtful_failures_count_from_the_third_source_port() -> None:
    many = some(20)
    assert classified(evidence(doubtful=many, source_ports=MIN_DOUBTFUL_SOURCE_PORTS)) is not None
    assert classified(evidence(doubtful=many, source_ports=MIN_DOUBTFUL_SOURCE_PORTS - 1)) is None


def test_doubtful_failures_count_with_three_certain_failures() -> None:
    many = some(20, 100)
    assert classified(evidence(some(MIN_CERTAIN_FAILURES), doubtful=many, source_ports=1)) is not None
    assert classified(evidence(some(MIN_CERTAIN_FAILURES - 1), doubtful=many, source_ports=1)) is None


def test_a_scan_that_depends_on_doubtful_failures_is_not_certain() -> None:
    on_doubts, on_failures = classified(evidence(doubtful=some(20), source_ports=8)), classified(evidence(some(20)))
    assert on_doubts is not None
    assert on_failures is not None
    assert (on_doubts.is_certain, on_failures.is_certain) == (False, True)


@pytest.mark.parametrize("size", [MIN_ENDPOINTS, MAX_ENDPOINTS - 1])
def test_few_failed_endpoints_are_counted_exactly(size: int) -> None:
    found = classified(evidence(some(size)))
    assert found is not None
    assert found.endpoints == size


@pytest.mark.parametrize("size", [200, 5_000, 60_000])
def test_many_failed_endpoints_are_estimated(size: int) -> None:
    found = classified(evidence(some(size)))
    assert found is not None
    assert 0.6 * size < found.endpoints < 1.5 * size


few = st.sets(st.integers(0, 60).map(lambda number: number.to_bytes(7)), max_size=40).map(frozenset)


@given(few, few, few)
def test_more_failures_never_turn_a_scanner_into_a_normal_source(
    failed: frozenset[bytes], more: frozenset[bytes], answered: frozenset[bytes]
) -> None:
    if classified(evidence(failed, answered)):
        assert classified(evidence(failed | more, answered))


@pytest.mark.slow
@given(few, few, few)
def test_more_answers_never_make_a_scanner(
    failed: frozenset[bytes], answered: frozenset[bytes], more: frozenset[bytes]
) -> None:
    if not classified(evidence(failed, answered)):
        assert not classified(evidence(failed, answered | more))


@given(few, few, st.integers(0, MEMORY_DAYS))
def test_the_day_of_a_failure_within_the_memory_is_irrelevant(
    failed: frozenset[bytes], answered: frozenset[bytes], ago: int
) -> None:
    at_once = classified(evidence(failed, answered))
    spread = classified(evidence(), evidence(failed, answered, day=DAY - ago)) if ago else at_once
    assert (at_once is None) == (spread is None)


def on_port(port: int, hosts: int, first: int = 0) -> frozenset[bytes]:
    """Endpoints of this many hosts on one TCP port."""
    return frozenset(((6 << 48) + ((first + host) << 16) + port).to_bytes(7) for host in range(hosts))


def busy(failed: frozenset[bytes], answered: frozenset[bytes], *, is_inside: bool = True) -> Evidence:
    return replace(evidence(failed, answered), is_inside=is_inside)


def test_a_busy_internal_host_that_sweeps_a_port_is_a_scanner_on_that_port() -> None:
    found = classified(busy(on_port(445, 120), on_port(443, 200, 5_000)))
    assert found is not None
    assert {int.from_bytes(member[-2:]) for member in found.failed} == {445}
    assert (len(found.answered), found.is_certain) == (0, True)
    assert 100 < found.endpoints < 140


def test_external_sources_are_not_classified_by_one_port() -> None:
    assert classified(busy(on_port(445, 120), on_port(443, 200, 5_000), is_inside=False)) is None


def test_the_threshold_of_failures_on_one_port() -> None:
    minimum, work = LEAST.min_endpoints_on_one_port, on_port(443, 60, 5_000)
    assert classified(busy(on_port(445, minimum), work)) is not None
    assert classified(busy(on_port(445, minimum - 1), work)) is None


def test_a_port_with_one_answer_per_five_failures_is_no_sweep() -> None:
    work = on_port(443, 50, 5_000)
    assert classified(busy(on_port(445, 25), work | on_port(445, 5, 9_000))) is not None
    assert classified(busy(on_port(445, 25), work | on_port(445, 6, 9_000))) is None


@pytest.mark.slow
@pytest.mark.parametrize("endpoints", [100, 500, 2_000])
def test_a_busy_client_of_a_service_with_a_fifth_of_its_hosts_down_is_no_scanner(endpoints: int) -> None:
    every = sorted(on_port(443, endpoints))
    for seed in range(100):
        gone = frozenset(Random(seed).sample(every, endpoints // 5))  # noqa: S311 - seeded
        assert classified(busy(gone, frozenset(every) - gone)) is None
