"""The rules' JSON: rows are those that `flowsentry rules` prints of the same flow logs."""

from pathlib import Path

from local.console.pages.rules import rules
from local.console.subjects.replayed import Replayed
from tests.local.conftest import Flowsentry
from tests.local.console.conftest import Replay
from tests.local.console.pages.sample_files import INVENTORY, asked


def test_every_row_is_the_one_that_the_command_prints(flowsentry: Flowsentry, logs: Path, data: Replayed) -> None:
    done = flowsentry("rules", logs, "--inventory", INVENTORY, "--json")
    page = asked(rules, data)
    assert [{name: row[name] for name in row if name != "busiest"} for row in page["rows"]] == done.records
    assert page["matching"] == page["rules"] == len(done.records)
    assert page["unused"] == sum(row["is_unused"] for row in done.records)
    assert f"{page['accepted']:,} accepted records" in done.err
    assert set(page["notes"]) <= set(done.complaints)


def test_the_busiest_peers_are_named(data: Replayed) -> None:
    rows = asked(rules, data)["rows"]
    for row in rows:
        assert ", ".join(f"{each['address']} {each['bytes']}" for each in row["busiest"]) == row["busiest_peers"]
    assert "mail" in {each["owner"] for row in rows for each in row["busiest"]}


def test_rules_are_filtered_by_use_and_text_and_cut_at_the_limit(data: Replayed) -> None:
    every = asked(rules, data)
    unused, used = asked(rules, data, show="unused"), asked(rules, data, show="used")
    assert unused["matching"] == every["unused"]
    assert unused["matching"] + used["matching"] == every["rules"]
    assert {row["is_unused"] for row in used["rows"]} == {False}
    group = every["rows"][0]["resource_id"]
    found = asked(rules, data, text=group.upper(), limit=1)
    assert (len(found["rows"]), found["matching"] > 1) == (1, True)
    assert {row["resource_id"] for row in found["rows"]} == {group}


def test_a_short_time_is_doubted_unless_fewer_days_are_asked_for(data: Replayed) -> None:
    doubted = asked(rules, data, show="unused")["rows"]
    assert any("fewer than 30 days" in doubt for row in doubted for doubt in row["doubts"])
    assert all("fewer than 2 days" in row["doubts"][0] for row in asked(rules, data, show="unused", days=2)["rows"])


def test_without_an_inventory_there_are_no_rules(replayed: Replay) -> None:
    page = asked(rules, replayed(b"no flow log\n"))
    assert (page["rows"], page["rules"], page["taken_at"]) == ([], 0, 0)
