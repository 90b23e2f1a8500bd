"""The named queries of rule usage answer from planted days what is known of them, in Athena's text and in DuckDB's."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from flowsentry.inventory.inventory import Inventory
from flowsentry.rule_usage.usage import REPORTED, Usage
from local.query.trino_functions import STATEMENTS
from stacks.analytics.named_query import Query
from stacks.analytics.rule_usage import RULE_USAGE_COLUMNS, RULE_USAGE_QUERIES
from tests.builders import exchange
from tests.rule_usage.network import inventory, rule, usage

BY_NAME = {query.name: query for query in RULE_USAGE_QUERIES}
WEB, SSH, OLD = rule("web", cidr="0.0.0.0/0"), rule("ssh", ports=(22, 22)), rule("old", ports=(23, 23))
NEW = rule("new", ports=(24, 24))
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
GIVEN = {"first_day": DAYS[0], "last_day": DAYS[-1]}


def of_day(known: Inventory, *ports: int, source: str = "192.0.2.7") -> Usage:
    return usage([line for port in ports for line in exchange(source, "10.0.0.2", port)], known)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days: `web` is used on two, `old` is deleted after the first, `new` is made on the last, `ssh` is idle."""
    folder = tmp_path_factory.mktemp("rule-usage")
    before, after = inventory(WEB, SSH, OLD), inventory(WEB, SSH, NEW)
    usages = (of_day(before, 443), of_day(inventory(WEB, SSH)), of_day(after, 443, 443, source="192.0.2.8"))
    for day, each in zip(DAYS, usages, strict=True):
        (folder / f"day={day}").mkdir()
        each.reported().write_parquet(folder / f"day={day}" / "rules.parquet")
    return folder


def answers(query: Query, files: Path, given: dict[str, str], *, as_athena: bool) -> list[dict[str, Any]]:
    with duckdb.connect(":memory:") as connection:
        for statement in STATEMENTS:
            connection.execute(statement)
        found = f"read_parquet('{files}/*/*.parquet', hive_partitioning = true)"
        connection.execute(f"CREATE VIEW rule_usage AS SELECT * REPLACE (CAST(day AS VARCHAR) AS day) FROM {found}")  # noqa: S608 - a path of this test
        values = [given[name] for name in query.parameters]
        bound: Any = values if as_athena else {name: given[name] for name in query.parameters}
        answer = connection.execute(query.for_athena if as_athena else query.for_duckdb, bound)
        names = [name for name, *_ in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


both_texts = pytest.mark.parametrize("as_athena", [False, True], ids=["duckdb", "athena"])


@both_texts
def test_unused_rules_are_those_in_force_that_carried_nothing(files: Path, *, as_athena: bool) -> None:
    rows = answers(BY_NAME["unused-rules"], files, GIVEN, as_athena=as_athena)
    named = ("rule_id", "resource_name", "days_in_force", "days_asked", "interfaces", "is_resolved")
    assert [tuple(row[name] for name in named) for row in rows] == [
        ("new", "server", 1, 3, 1, True),
        ("ssh", "server", 3, 3, 1, True),
        ("out", "server", 3, 3, 1, True),
    ]


@both_texts
def test_a_rule_of_a_day_is_unused_on_the_days_without_its_traffic(files: Path, *, as_athena: bool) -> None:
    only = dict.fromkeys(GIVEN, DAYS[1])
    rows = answers(BY_NAME["unused-rules"], files, only, as_athena=as_athena)
    assert [row["rule_id"] for row in rows] == ["ssh", "web", "out"]


@both_texts
def test_rules_by_usage_add_the_days_up(files: Path, *, as_athena: bool) -> None:
    rows = {row["rule_id"]: row for row in answers(BY_NAME["rules-by-usage"], files, GIVEN, as_athena=as_athena)}
    web = rows["web"]
    assert (web["records"], web["alone_records"], web["days_used"], web["days_in_force"]) == (6, 6, 2, 3)
    assert (web["most_peers_a_day"], web["busiest_peers"]) == (1, "192.0.2.8 25600")
    assert (rows["old"]["records"], rows["old"]["days_in_force"], rows["old"]["last_seen"]) == (0, 1, None)


def test_the_table_has_the_columns_that_are_written() -> None:
    written = usage([], inventory(WEB)).reported().schema
    assert written == REPORTED
    assert set(RULE_USAGE_COLUMNS) == set(written)
    assert RULE_USAGE_COLUMNS["records"] == "bigint"
    assert RULE_USAGE_COLUMNS["peers_is_estimate"] == "boolean"
    assert isinstance(written["peer"], pl.String)
