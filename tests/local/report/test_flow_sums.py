"""Sums of flows: what a slow count of the records gives, however they are cut, and within bounds."""

from collections import Counter
from collections.abc import Iterable, Sequence

import polars as pl
import pytest

from flowsentry.frames import EnrichedFlows, Records
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.second_records import is_second_record
from local.report import flow_sums
from local.report.bounded_sums import BoundedSums
from local.report.flow_sums import FlowSums, Sums
from stacks.prices.traffic import quotes
from tests.builders import NOON, V2, V5, blocked, enriched, exchange, interface, line
from tests.explain.company import API, DATA, group, rules

WEB = interface("10.0.0.1", name="web-1")
INVENTORY = Inventory.of((WEB,), {WEB.vpc_id: ("10.0.0.0/16",)})
NO_RECORDS = Records(pl.DataFrame())


def made() -> list[EnrichedFlows]:
    """Traffic of three hours in two formats, with rejected flows and ones that are logged twice."""
    hours = range(NOON, NOON + 3 * 3_600, 1_200)
    passed = [
        each for at in hours for each in exchange("10.0.0.1", "10.0.0.2", 443, start=at, end=at + 9, bytes=at % 977)
    ]
    out = [line(srcaddr="10.0.0.1", dstaddr="198.51.100.7", start=at, end=at, bytes=7) for at in hours]
    refused = [blocked("203.0.113.9", "10.0.0.1", port, start=NOON + port, end=NOON + port) for port in (22, 22, 3_389)]
    again = [line(start=NOON, end=NOON, bytes=5, flow_direction="ingress")]
    older = [
        line(V2, start=NOON, end=NOON, bytes=900),
        blocked("10.0.0.9", "10.0.0.1", 53, V2, protocol=17, start=NOON),
    ]
    return [enriched([*passed, *out, *refused, *again], V5, INVENTORY), enriched(older, V2, INVENTORY)]


def summed(parts: Iterable[EnrichedFlows], inventory: Inventory = INVENTORY) -> Sums:
    sums = FlowSums(AddressSpace.of(inventory), quotes("us-east-1"))
    for each in parts:
        sums.add(NO_RECORDS, each)
        sums.commit()
    return sums.settle()


def by_hand(parts: Iterable[EnrichedFlows]) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]], Counter[object]]:
    """Hours, talkers and refusals, row by row."""
    hours: dict[str, Counter[str]] = {}
    talkers: dict[str, Counter[str]] = {}
    refusals: Counter[object] = Counter()
    for part in parts:
        for row in part.with_columns(is_second_record(part.columns).alias("second")).rows(named=True):
            hour = hours.setdefault(str(row["start"] // 3_600 * 3_600), Counter())
            ends = [row[f"{end}_owner_id"] or row[f"{end}_address"] for end in ("source", "destination")]
            hour["flows"] += not row["second"]
            if row["is_rejected"]:
                hour["refused"] += 1
                talkers.setdefault(ends[0], Counter())["refused"] += 1
                refusals[str(row["protocol"]), str(row["dstport"])] += 1
            elif not row["second"]:
                hour["bytes"] += row["bytes"]
                for end, amount in zip(ends, ("sent", "received"), strict=True):
                    talkers.setdefault(end, Counter()).update({amount: row["bytes"], "bytes": row["bytes"]})
    return hours, talkers, refusals


def counters(sums: BoundedSums) -> dict[str, Counter[str]]:
    return {row[sums.keys[0]]: +Counter({name: row[name] for name in sums.amounts}) for row in sums.values}


@pytest.mark.parametrize("batch", [1, 20, 50_000], ids=["chunk by chunk", "some together", "all together"])
def test_sums_are_those_of_the_records_one_by_one(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(flow_sums, "BATCH", batch)
    sums = summed(made())
    hours, talkers, refusals = by_hand(made())
    assert counters(sums.hours) == {key: +each for key, each in hours.items()}
    assert counters(sums.talkers) == {key: +each for key, each in talkers.items()}
    assert {(row["protocol"], row["port"]): row["flows"] for row in sums.refusals.values} == refusals


def test_the_owner_of_an_address_is_named() -> None:
    [web] = [row for row in summed(made()).talkers.values if row["name"]]
    assert (web["who"], web["name"], web["kind"]) == (WEB.owner_id, "web-1", "instance")


def test_no_more_than_a_batch_of_a_large_file_in_small_chunks_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_sums, "BATCH", 100)
    sums, chunk = FlowSums(AddressSpace.of(INVENTORY), quotes("us-east-1")), made()[0]
    for _ in range(20):
        sums.add(NO_RECORDS, chunk)
        assert sum(map(len, sums._pending_few)) < 100
    sums.commit()
    assert sum(row["flows"] for row in sums.settle().hours.values) == 20 * sum(
        row["flows"] for row in summed([chunk]).hours.values
    )


def test_what_is_dropped_is_in_no_sum() -> None:
    sums = FlowSums(AddressSpace.of(INVENTORY), quotes("us-east-1"))
    sums.add(NO_RECORDS, made()[0])
    sums.drop()
    sums.commit()
    assert sums.settle().hours.values == []


def test_refusals_name_the_rule_that_refused() -> None:
    inventory = Inventory.of((API, DATA), {API.vpc_id: ("10.0.0.0/16",)}, rules(group("data")))
    source, target = API.addresses[0], DATA.addresses[0]
    refused = [blocked(source, target, 22, interface_id=DATA.interface_id, vpc_id=DATA.vpc_id)] * 30
    [row] = summed([enriched(refused, V5, inventory)], inventory).refusals.values
    assert (row["refused_layer"], row["flows"]) == ("security_group", 30)
    assert row["refused_by"].startswith("sg-")


def of(rows: Sequence[tuple[str, int]], most: int = 2) -> BoundedSums:
    sums = BoundedSums(("key",), ("amount",), most)
    for row in rows:
        sums.add(pl.DataFrame([row], {"key": pl.String, "amount": pl.Int64}, orient="row"))
    return sums


def test_the_largest_sums_are_kept_and_the_others_are_one() -> None:
    sums = of([("a", 5), ("b", 1), ("a", 1), ("c", 3), ("d", 1)])
    assert [(row["key"], row["amount"]) for row in sums.values] == [("a", 6), ("c", 3)]
    assert sums.left_out == {"amount": 2}


def test_sums_that_are_merged_lose_nothing() -> None:
    one, other = of([("a", 5), ("b", 2), ("c", 1)]), of([("b", 4), ("d", 9), ("e", 1)])
    one.merge(other)
    assert sum(row["amount"] for row in one.values) + one.left_out["amount"] == 22
