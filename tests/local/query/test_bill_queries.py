"""The bill of made records equals a bill worked out by hand, for each path, and no byte counts twice."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from local.cli import main
from stacks.analytics.bill_queries import bill_queries
from stacks.prices.own_prices import TrafficPrices
from stacks.prices.traffic import quotes

GB = 1 << 30
FIRST = int(datetime(2026, 11, 1, 10, tzinfo=UTC).timestamp())
DAY = 86_400
HOST, OTHER = ("i-host", "host", "instance"), ("i-other", "other", "instance")
NAT, CACHE, NOBODY = ("nat-1", "nat", "nat gateway"), ("cache-1", "cache", "elasticache cluster"), (None, None, None)


def record(source: tuple[Any, ...], destination: tuple[Any, ...], gigabytes: int, **values: Any) -> dict[str, Any]:
    """An enriched record, egress of the first day unless the values say otherwise."""
    ends = {"source": source, "destination": destination}
    owners = {
        f"{end}_owner_{name}": value
        for end, owner in ends.items()
        for name, value in zip(("id", "name", "kind"), owner, strict=True)
    }
    told = {"charged_path": None, "crosses_zones": False, "direction": "egress", "action": "ACCEPT", "start": FIRST}
    return owners | {"source_is_inside": True, "bytes": gigabytes * GB} | told | values


RECORDS = [
    # Through the NAT gateway: what the host sends enters, and what comes back leaves, for the host.
    record(HOST, NAT, 10, charged_path="nat_gateway", direction="ingress"),
    record(NAT, HOST, 90, charged_path="nat_gateway", direction="egress"),
    record(NAT, NOBODY, 10, charged_path="internet"),
    # The host is in another zone than the gateway: one record on two meters.
    record(OTHER, NAT, 5, charged_path="nat_gateway", direction="ingress", crosses_zones=True),
    # Between zones: logged at both ends, charged on the sender's record.
    record(HOST, OTHER, 100, crosses_zones=True),
    record(HOST, OTHER, 100, direction="ingress"),
    record(CACHE, HOST, 50, crosses_zones=True, start=FIRST + DAY),
    record(HOST, OTHER, 7, charged_path="transit_gateway", direction="ingress"),
    record(HOST, OTHER, 8, charged_path="vpc_peering"),
    record(OTHER, ("vpce-1", "ecr", "vpc endpoint"), 9, charged_path="vpc_endpoint", direction="ingress"),
    record(HOST, NOBODY, 3, charged_path="inter_region", start=FIRST + DAY),
    # Not charged, and not known.
    record(HOST, OTHER, 1_000),
    record(HOST, OTHER, 1_000, action="REJECT", crosses_zones=None),
    record(OTHER, NOBODY, 2, crosses_zones=None),
]
BILL = {
    ("nat_gateway", "host"): (100, 100 * 0.045),
    ("nat_gateway", "other"): (5, 5 * 0.045),
    ("internet", "nat"): (10, 10 * 0.09),
    ("inter_az", "host"): (100, 100 * 0.02),
    ("inter_az", "other"): (5, 5 * 0.02),
    ("inter_az", "cache"): (50, 50 * 0.01),
    ("transit_gateway", "host"): (7, 7 * 0.02),
    ("vpc_peering", "host"): (8, 8 * 0.02),
    ("vpc_endpoint", "other"): (9, 9 * 0.01),
    ("inter_region", "host"): (3, 3 * 0.02),
    ("unknown", "other"): (2, None),
}
"""{(path, owner): (GB, dollars)} at the list prices of us-east-1."""


def asked(query: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    pl.DataFrame(RECORDS).write_parquet(folder / "enriched.parquet")
    assert main(["query", query, "--path", str(folder), "--json"]) == 0
    return [json.loads(each) for each in capsys.readouterr().out.splitlines()]


def test_each_owner_pays_for_each_path_what_was_worked_out_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = asked("traffic-bill", tmp_path, capsys)
    found = {(row["path"], row["owner"]): (row["bytes"] / GB, row["usd"]) for row in rows}
    assert found == {key: (size, usd and pytest.approx(usd)) for key, (size, usd) in BILL.items()}
    known = [row["usd"] for row in rows if row["usd"] is not None]
    assert known == sorted(known, reverse=True)
    assert rows[-1]["path"] == "unknown"


def test_the_days_of_the_bill_are_its_owners_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = asked("traffic-bill-by-day", tmp_path, capsys)
    by_day = {(row["date"], row["path"]): (row["bytes"] / GB, row["usd"]) for row in rows}
    assert by_day["2026-11-01", "inter_az"] == (105, pytest.approx(105 * 0.02))
    assert by_day["2026-11-02", "inter_az"] == (50, pytest.approx(50 * 0.01))
    assert by_day["2026-11-02", "inter_region"] == (3, pytest.approx(3 * 0.02))
    total = sum(usd for _, usd in by_day.values() if usd)
    assert total == pytest.approx(sum(usd for _, usd in BILL.values() if usd))


def test_the_prices_in_the_text_are_those_of_the_region_and_of_the_settings() -> None:
    text = bill_queries(TrafficPrices(region="eu-central-1", inter_az=0.00001))[0].for_athena
    expected = quotes("eu-central-1", {"inter_az": 0.00001})
    assert "('inter_az', 0.00002E0)" in text
    assert "('nat_gateway', 0.052E0)" in text
    assert text.count("E0),\n") == len(expected)
