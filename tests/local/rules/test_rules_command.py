"""flowsentry rules: prints what each rule carried, and why a rule without traffic may be used all the same."""

import json
from pathlib import Path

import pytest

from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import pack
from tests.builders import NOON, V2, exchange, flow_log, no_data, probe
from tests.local.conftest import Flowsentry
from tests.rule_usage.network import entry, inventory, rule

SERVER = "10.0.0.2"
HOME = inventory(
    rule("sgr-web", cidr="0.0.0.0/0", description="the shop"),
    rule("sgr-ssh", ports=(22, 22), prefix_list_id="pl-1"),
    rule("sgr-ldap", ports=(389, 389)),
    entries=(entry(100), entry(100, is_egress=True)),
)
DAYS_LATER = NOON + 3 * 86_400


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return written(tmp_path, HOME)


def written(folder: Path, known: Inventory) -> Path:
    path = folder / "snapshot"
    path.write_bytes(pack(known))
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "flows.log"
    late = probe("192.0.2.8", SERVER, 443, start=DAYS_LATER, end=DAYS_LATER, bytes=20_000, packets=99)
    between = [no_data(start=NOON + day * 86_400, end=NOON + day * 86_400) for day in (1, 2)]
    path.write_bytes(flow_log([*exchange("192.0.2.7", SERVER, 443), *between, late, no_data(log_status="SKIPDATA")]))
    return path


def test_rules_are_printed_by_group_with_what_they_carried(flowsentry: Flowsentry, snapshot: Path, logs: Path) -> None:
    done = flowsentry("rules", logs, "--inventory", snapshot, "--days", 3)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "acl-2 two (vpc-0a1b2c3d)"
    assert (
        "  inbound allow all from 0.0.0.0/0 (100): 2 records, 26.4 kB, alone 2, last 2026-01-04 12:00, 2 peers: "
        in lines[1]
    )
    web = next(line for line in lines if "sgr-web" in line)
    assert web == (
        "  inbound allow tcp/443 from 0.0.0.0/0 (sgr-web, the shop): 3 records, 32.8 kB, alone 3, "
        "last 2026-01-04 12:00, 2 peers: 192.0.2.8 (20.0 kB), 192.0.2.7 (12.8 kB)"
    )
    assert "  inbound allow tcp/389 from 10.0.0.0/16 (sgr-ldap): no traffic" in lines


def test_what_cannot_be_seen_is_said(flowsentry: Flowsentry, snapshot: Path, logs: Path) -> None:
    done = flowsentry("rules", logs, "--inventory", snapshot, "--unused", "--days", 4)
    lines = done.out.splitlines()
    at = lines.index("  inbound allow tcp/22 from pl-1 (sgr-ssh): no traffic")
    assert lines[at + 1 : at + 3] == [
        "      but the logs cover 3.0 days, fewer than 4 days",
        "      but the entries of pl-1 are not known",
    ]
    assert not any("sgr-web" in line for line in lines)
    assert done.complaints == [
        "read 1 files: 3 accepted records in 3.0 days",
        "judged by the rules of 1970-01-01 00:00; rules that were changed before count as they are now",
        "AWS skipped records 1 times (SKIPDATA): what they had is in no sum",
        "closing a rule whose `alone` is 0 refuses nothing that was seen here, if no other rule is closed with it",
    ]


@pytest.mark.parametrize(("days", "is_doubted"), [(3, False), (4, True)])
def test_a_window_shorter_than_the_days_is_doubted(
    days: int, *, is_doubted: bool, flowsentry: Flowsentry, snapshot: Path, logs: Path
) -> None:
    done = flowsentry("rules", logs, "--inventory", snapshot, "--json", "--days", days)
    (ldap,) = (row for row in done.records if row["rule_id"] == "sgr-ldap")
    assert ldap["is_unused"] is True
    assert bool(ldap["doubts"]) is is_doubted


def test_days_from_the_first_to_the_last_minute_are_covered(
    flowsentry: Flowsentry, snapshot: Path, tmp_path: Path
) -> None:
    path = tmp_path / "days.log"
    path.write_bytes(
        flow_log([no_data(start=NOON + 60 + day * 86_400, end=NOON + day * 86_400 + 86_340) for day in (0, 1)])
    )
    done = flowsentry("rules", path, "--inventory", snapshot, "--unused", "--days", 2)
    assert "fewer than" not in done.out
    assert "fewer than 3 days" in flowsentry("rules", path, "--inventory", snapshot, "--unused", "--days", 3).out


def test_days_without_any_record_are_not_covered(flowsentry: Flowsentry, snapshot: Path, tmp_path: Path) -> None:
    path = tmp_path / "two-days.log"
    path.write_bytes(flow_log([probe("192.0.2.8", SERVER, 443, start=at, end=at) for at in (NOON, DAYS_LATER)]))
    done = flowsentry("rules", path, "--inventory", snapshot, "--unused", "--days", 3)
    assert "      but the logs cover 1.0 days, fewer than 3 days" in done.out.splitlines()
    assert "there is no record of 2 days between the first and the last one" in done.complaints


def test_rules_are_not_called_unused_where_no_record_was_read(
    flowsentry: Flowsentry, snapshot: Path, tmp_path: Path
) -> None:
    path = tmp_path / "strange.log"
    path.write_text("no flow log\n")
    done = flowsentry("rules", path, "--inventory", snapshot, "--unused", "--json")
    assert (done.code, done.out, done.complaints[-1]) == (1, "", "flowsentry: no record was read")


def test_json_lines_have_the_sums_of_each_rule(flowsentry: Flowsentry, snapshot: Path, logs: Path) -> None:
    rows = {row["rule_id"]: row for row in flowsentry("rules", logs, "--inventory", snapshot, "--json").records}
    assert {name: rows["sgr-web"][name] for name in ("records", "bytes", "alone_records", "peers", "is_unused")} == {
        "records": 3,
        "bytes": 32_800,
        "alone_records": 3,
        "peers": 2,
        "is_unused": False,
    }


def test_lines_without_a_header_are_read_in_the_given_format(
    flowsentry: Flowsentry, snapshot: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bare.log"
    path.write_text("\n".join(exchange("192.0.2.7", SERVER, 443, V2)) + "\n")
    form = " ".join(f"${{{name}}}" for name in V2)
    done = flowsentry("rules", path, "--inventory", snapshot, "--json", "--format", form)
    assert sum(row["records"] for row in done.records if row["layer"] == "security_group") == 2


def test_an_inventory_without_rules_and_a_missing_path_are_errors(
    flowsentry: Flowsentry, snapshot: Path, logs: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.write_bytes(pack(Inventory()))
    none = flowsentry("rules", logs, "--inventory", bare)
    assert (none.code, none.complaints) == (
        1,
        [f"flowsentry: --inventory {bare}: it has no security groups and no network ACLs"],
    )
    missing = flowsentry("rules", tmp_path / "nowhere", "--inventory", snapshot)
    assert (missing.code, missing.complaints[0]) == (1, f"flowsentry: {tmp_path / 'nowhere'}: no such file or folder")
    assert flowsentry("rules", logs, "--inventory", snapshot, "--days", "0").code == 2


def test_names_and_descriptions_are_printed_as_plain_text(flowsentry: Flowsentry, logs: Path, tmp_path: Path) -> None:
    path = written(tmp_path, inventory(rule("sgr-x", description="\x1b[2Jnice")))
    done = flowsentry("rules", logs, "--inventory", path)
    assert "\x1b" not in done.out
    assert json.dumps("sgr-x")[1:-1] in done.out
