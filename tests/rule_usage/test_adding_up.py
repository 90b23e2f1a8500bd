"""Parts of a day add up in any order, and peers beyond the bound are a fair sample beside the busiest."""

from itertools import permutations

import polars as pl
import pytest

from flowsentry.inventory.address_space import AddressSpace
from flowsentry.rule_usage import RuleUsage, Usage, added, peers
from tests.builders import enriched, exchange, probe
from tests.rule_usage.network import inventory, rule, sums, usage

WEB = rule("web", cidr="0.0.0.0/0")
SSH = rule("ssh", ports=(22, 22))
HOME = inventory(WEB, SSH)
SERVER = "10.0.0.2"


def test_parts_add_up_to_the_whole_in_any_order() -> None:
    connections = [exchange(f"192.0.2.{host}", SERVER, port) for host in (7, 8) for port in (443, 22)]
    whole = usage([line for each in connections for line in each], HOME)
    parts = [usage(each, HOME) for each in connections]
    for order in permutations(parts):
        total = added(order)
        assert total.reported().equals(whole.reported())
        assert total.counts == whole.counts


def test_chunks_of_one_part_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowsentry.rule_usage.MAX_CLASSES", 1)
    connections = [exchange(f"192.0.2.{host}", SERVER, 443) for host in range(9)]
    made = RuleUsage(AddressSpace.of(HOME))
    for each in connections:
        made.add(enriched(each, inventory=HOME))
    assert made.usage().reported().equals(usage([line for each in connections for line in each], HOME).reported())


def test_a_rule_that_was_edited_is_another_rule() -> None:
    before, after = usage(exchange("192.0.2.7", SERVER, 443), HOME), usage([], inventory(rule("web", ports=(444, 444))))
    rows = added([before, after]).reported().filter(pl.col("rule_id") == "web")
    assert rows.select("traffic", "records").rows() == [("tcp/443", 2), ("tcp/444", 0)]


def test_of_no_parts_nothing_is_known() -> None:
    assert added([]).reported().is_empty()
    assert Usage().reported().is_empty()


@pytest.mark.parametrize("is_bounded", [False, True])
def test_peers_beyond_the_bound_are_estimated_beside_the_busiest(
    monkeypatch: pytest.MonkeyPatch, *, is_bounded: bool
) -> None:
    if is_bounded:
        monkeypatch.setattr(peers, "MAX_PEERS", 500)
    clients = [probe(f"192.0.{host // 200}.{host % 200}", SERVER, 443) for host in range(2_000)]
    found = usage([*clients, probe("198.51.100.9", SERVER, 443, bytes=10**6, packets=999)], HOME)
    (web,) = found.reported().filter(pl.col("rule_id") == "web").rows(named=True)
    assert web["records"] == 2_001
    assert web["busiest_peers"].startswith("198.51.100.9 1000000, ")
    assert web["peers_is_estimate"] is is_bounded
    assert abs(web["peers"] - 2_001) < (400 if is_bounded else 1)
    assert not is_bounded or len(found.peers) <= 500 + peers.BUSIEST


def test_a_day_without_records_has_its_rules_with_nothing() -> None:
    found = usage([], HOME)
    assert sums(found, "records") == {}
    assert set(found.reported()["rule_id"]) == {"web", "ssh", "out"}
