"""The in-memory stores beyond what the contract of every store (tests/aws/evidence/test_stores.py) says."""

from flowsentry.findings.finding import Finding, Severity
from flowsentry.in_memory import FindingsInMemory


def finding(name: str, title: str = "a scan") -> Finding:
    return Finding(name, "port_scan", Severity.HIGH, title, "10.0.0.5", "vpc-1", 1, 2)


def test_a_finding_is_new_once_even_within_one_call() -> None:
    store = FindingsInMemory()
    assert store.put_new([finding("a"), finding("b"), finding("a")]) == [finding("a"), finding("b")]
    assert store.put_new([finding("a"), finding("c")]) == [finding("c")]


def test_the_first_version_of_a_finding_is_kept() -> None:
    store = FindingsInMemory()
    store.put_new([finding("a", "first")])
    store.put_new([finding("a", "second")])
    assert store.findings["a"].title == "first"
