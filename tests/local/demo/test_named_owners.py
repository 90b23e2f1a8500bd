"""Counts own addresses in enriched rows whose owner is correct."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from local.demo.named_owners import NamedOwners, named_owners
from local.traffic.company.network import Company, Host, HostKind
from tests.local.demo.fakes import COMPANY, OFFICE, SHOP


def host(name: str, address: str, kind: HostKind = HostKind.INSTANCE) -> Host:
    return Host(name, kind, address, f"eni-{name}", "123456789012", OFFICE.vpc_id, "subnet-1", "use1-az1", name)


WEB, LEDGER = host("web", "10.20.0.5"), host("ledger", "10.20.0.7", HostKind.DATABASE)
COMPANY_OF_TWO: Company = replace(COMPANY, networks=(replace(OFFICE, hosts=(WEB, LEDGER)), SHOP))
RowEnd = tuple[str, str | None, str | None]
AS_WEB: RowEnd = (WEB.address, WEB.kind, WEB.owner_name)
AS_LEDGER: RowEnd = (LEDGER.address, LEDGER.kind, LEDGER.owner_name)
UNKNOWN: RowEnd = ("10.20.0.99", None, None)


def row(source: RowEnd, destination: RowEnd, vpc_id: str = OFFICE.vpc_id) -> dict[str, str | None]:
    """A row with both ends: an address, and the kind and name of its owner."""
    values = {"vpc_id": vpc_id}
    for end, (address, kind, name) in {"source": source, "destination": destination}.items():
        values |= {f"{end}_owner_kind": kind, f"{end}_owner_name": name}  # type: ignore[dict-item]
        values["srcaddr" if end == "source" else "dstaddr"] = address
    return values  # type: ignore[return-value]


def counted(rows: Sequence[dict[str, str | None]]) -> NamedOwners:
    kinds = [f"{end}_owner_{what}" for end in ("source", "destination") for what in ("kind", "name")]
    return named_owners([pl.DataFrame(rows, schema_overrides=dict.fromkeys(kinds, pl.String))], COMPANY_OF_TWO)


def test_both_ends_count_when_they_are_the_companys() -> None:
    found = counted([row(AS_WEB, AS_LEDGER), row(AS_WEB, UNKNOWN)])
    assert found.ends == {HostKind.INSTANCE: 2, HostKind.DATABASE: 1}
    assert found.named == found.ends
    assert (found.share, found.lacking, found.is_as_expected) == (1.0, [], True)


def test_an_address_in_another_vpc_does_not_count() -> None:
    assert counted([row(AS_WEB, AS_LEDGER, SHOP.vpc_id)]).ends.total() == 0


def test_the_address_in_the_packet_counts_before_that_of_the_interface() -> None:
    passed_on = {**row(AS_WEB, UNKNOWN), "pkt_srcaddr": LEDGER.address}
    assert counted([passed_on]).ends == {HostKind.DATABASE: 1}


def test_an_owner_without_a_name_is_lacking_and_a_wrong_name_is_misnamed() -> None:
    found = counted([row((WEB.address, None, None), AS_LEDGER), row((WEB.address, WEB.kind, "mail"), UNKNOWN)])
    assert +found.named == {HostKind.DATABASE: 1}
    assert found.misnamed == {HostKind.INSTANCE: 1}
    assert (found.lacking, found.is_as_expected) == ([HostKind.INSTANCE], False)


def test_a_single_misnamed_owner_is_not_as_expected() -> None:
    found = counted([*[row(AS_WEB, AS_LEDGER)] * 1_000, row((WEB.address, WEB.kind, "mail"), UNKNOWN)])
    assert (found.lacking, found.is_as_expected) == ([], False)
    assert "MISNAMED: instance, 1 with another's name" in found.lines()


def test_an_owner_kind_that_does_not_occur_is_lacking() -> None:
    found = counted([row(AS_WEB, UNKNOWN)])
    assert (found.share, found.lacking, found.is_as_expected) == (1.0, [HostKind.DATABASE], False)
    assert "LACKING: rds database, 0 of 0 named" in found.lines()


def test_without_rows_no_owner_is_named() -> None:
    found = named_owners([], COMPANY_OF_TWO)
    assert (found.share, found.is_as_expected) == (0.0, False)
    assert "  0 kinds      none" in found.lines()
