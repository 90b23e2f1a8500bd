"""Findings in bulk: owners are looked up once and only for new ones, and the number of findings is bounded."""

from collections.abc import Iterator, Sequence

import pytest

from flowsentry.detect import flood
from flowsentry.detect.flood import summarize_unstored
from flowsentry.findings.finding import Finding, Severity
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory
from flowsentry.inventory.address_space import AddressOwner, AddressQuery, AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.pipeline import Context, Stores, judging, process
from tests.builders import NOON, blocked, interface, log_text, no_data, probe

INVENTORY = Inventory.of([interface("10.9.0.1", name="orders")])


def blocked_paths(count: int) -> Iterator[str]:
    for number in range(count):
        yield blocked(f"10.0.{number >> 8}.{number & 255}", "10.9.0.1", 5_432)


MIXED = [*blocked_paths(30), *(probe("10.8.0.1", f"10.0.1.{each}", 22) for each in range(20))]
MIXED.append(no_data(log_status="SKIPDATA"))


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of addresses of each look-up of owners."""
    found: list[int] = []
    real = AddressSpace.owners_of

    def owners_of(self: AddressSpace, addresses: Sequence[AddressQuery]) -> list[AddressOwner]:
        found.extend([len(addresses)] if addresses else [])
        return real(self, addresses)

    monkeypatch.setattr(AddressSpace, "owners_of", owners_of)
    return found


def test_owners_are_looked_up_once_for_all_new_findings_and_never_for_known_ones(lookups: list[int]) -> None:
    context, store = Context(INVENTORY), FindingsInMemory()
    stores = Stores(EvidenceInMemory(), store)
    first = process([log_text(MIXED)], context, stores)
    assert {each.kind for each in first.findings} == {"blocked_internal", "host_sweep", "records_skipped"}
    assert len(lookups) == 1
    assert all("orders" in each.title for each in first.findings if each.kind == "blocked_internal")
    lookups.clear()
    assert process([log_text(MIXED)], context, stores).findings == []
    assert lookups == []


def test_the_least_urgent_findings_beyond_the_bound_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "FINDINGS_PER_PART", 10)
    monkeypatch.setattr(judging, "MAX_FINDINGS", 20)
    stores = Stores(EvidenceInMemory(), FindingsInMemory())
    found = process([log_text(MIXED)], Context(), stores).findings
    told = [each for each in found if each.kind != "flood"]
    left_out = {each.details["left_out"]: each.details["number"] for each in found if each.kind == "flood"}
    assert (len(told), "host_sweep" in {each.kind for each in told}) == (20, True)
    assert left_out == {"blocked_internal": 11, "records_skipped": 1}
    assert process([log_text(MIXED)], Context(), stores).findings == []  # the same ones are left out


def finding(number: int, scope: str, severity: Severity = Severity.MEDIUM) -> Finding:
    return Finding(
        f"{scope}-{number}-{severity}", "remote_login", severity, "", "203.0.113.9", scope, NOON, NOON + number
    )


def test_summaries_are_bounded_however_many_vpcs_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood, "MAX_SUMMARIES", 3)
    busy = [finding(number, f"vpc-{vpc}") for vpc in range(3) for number in range(5)]
    others = [finding(0, f"vpc-quiet-{vpc}", severity) for vpc in range(50) for severity in list(Severity)[1:3]]
    summaries = summarize_unstored([*others, *busy])
    assert [each.details["number"] for each in summaries] == [5, 5, 5, 50, 50]
    assert {each.scope for each in summaries[:3]} == {"vpc-0", "vpc-1", "vpc-2"}
    assert {each.severity for each in summaries[3:]} == {Severity.MEDIUM, Severity.LOW}
    assert len({each.id for each in summaries}) == 5
