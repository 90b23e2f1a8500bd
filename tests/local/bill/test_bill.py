"""The bill of a made month equals a bill worked out by hand, for each path, in every format."""

import json
from pathlib import Path
from typing import Any

import pytest

from flowsentry.inventory.inventory import SECONDS_A_DAY
from flowsentry.inventory.snapshot import pack
from flowsentry.records.fields import TRANSIT_GATEWAY_NAMES
from local.bill.bill import Bill
from local.cli import main
from local.reading.log_reading import Coverage
from stacks.prices.meter import BYTES_IN_GB
from stacks.prices.traffic import quotes
from tests.builders import NOON, V2, flow_log, gateway_line, no_data
from tests.local.bill.made_flows import COMPANY, CUSTOM, EXTENDED, FLOWS, lines_of

MONTH = 30 * SECONDS_A_DAY
GB: dict[str, int] = {
    "between zones": 500,
    "within a zone": 7_000,
    "to the cache": 120,
    "to the load balancer": 600,
    "to the endpoint": 40,
    "from the endpoint": 160,
    "over peering to another zone": 250,
    "over peering within a zone": 400,
    "to another region": 80,
    "to the internet": 2_000,
    "from the internet": 50,
    "out through the NAT gateway": 100,
    "back through the NAT gateway": 900,
    "into the transit gateway": 300,
    "out of the transit gateway": 70,
    "rejected": 10,
}
BY_HAND: dict[str, float] = {
    "inter_az": 500 * (0.01 + 0.01) + (100 + 900) * (0.01 + 0.01) + 120 * 0.01,
    "nat_gateway": (100 + 900) * 0.045,
    "internet": (2_000 + 100 - 100) * 0.09,
    "transit_gateway": 300 * 0.02,
    "vpc_peering": 250 * (0.01 + 0.01),
    "vpc_endpoint": (40 + 160) * 0.01,
    "inter_region": 80 * 0.02,
}
"""Of us-east-1: https://aws.amazon.com/ec2/pricing/on-demand/, https://aws.amazon.com/vpc/pricing/. Zones are charged
at both ends, for the cache at the host's only; the host uses a NAT gateway of another zone, which sends its 100 GB to
the internet; the first 100 GB to the internet are free."""
OWNERS = {
    ("nat_gateway", "private", 1_000),
    ("inter_az", "private", 500 + 1_000 + 120),
    ("internet", "web", 2_000),
    ("internet", "nat", 100),
    ("transit_gateway", "private", 300),
    ("vpc_peering", "private", 250),
    ("vpc_endpoint", "private", 200),
    ("inter_region", "private", 80),
}
FORMATS = {"default": V2, "extended": EXTENDED, "custom": CUSTOM}


def month(names: tuple[str, ...]) -> bytes:
    """Half of the bytes at the beginning and half at the end of the month, each logged by all who see them."""
    days = range(NOON, NOON + MONTH, SECONDS_A_DAY)
    lines = [no_data(names, start=day, end=day + 60) for day in days]
    for number, (name, gigabytes) in enumerate(GB.items()):
        half = gigabytes * BYTES_IN_GB // 2
        lines += lines_of(FLOWS[name], names, half, 40_000 + number, NOON, NOON + 60)
        lines += lines_of(FLOWS[name], names, half, 40_000 + number, NOON + MONTH - 60, NOON + MONTH)
    return flow_log(lines, names)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bill")
    (folder / "inventory.zip").write_bytes(pack(COMPANY))
    for name, names in FORMATS.items():
        (folder / f"{name}.log").write_bytes(month(names))
    return folder


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["bill", *arguments, "--json"]) == 0
    return [json.loads(each) for each in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("name", FORMATS)
def test_a_made_month_costs_what_is_worked_out_by_hand(
    name: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *rows, total = printed(capsys, str(files / f"{name}.log"), "--inventory", str(files / "inventory.zip"))
    dollars = dict.fromkeys(BY_HAND, 0.0)
    for row in rows:
        dollars[row["path"]] += row["dollars"]
    assert dollars == {path: pytest.approx(usd) for path, usd in BY_HAND.items()}
    assert {(row["path"], row["owner"], row["bytes"] / BYTES_IN_GB) for row in rows} == OWNERS
    assert total["dollars_a_month"] == pytest.approx(sum(BY_HAND.values()))
    assert total["dollars_a_day"] == pytest.approx(sum(BY_HAND.values()) / 30)
    assert (total["bytes"], total["days"]) == (0, 30)


def test_without_an_inventory_the_way_out_is_billed_by_traffic_path_and_the_rest_is_said(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *rows, total = printed(capsys, str(files / "extended.log"))
    assert {row["path"]: row["bytes"] / BYTES_IN_GB for row in rows} == {"internet": 2_100, "inter_region": 80}
    assert total["notes"][0].endswith("% of the logged bytes have no known path, and are not in the bill")
    assert total["notes"][-1] == "without --inventory no owner, and of most bytes no path, is known"


def test_a_format_without_the_fields_of_paths_says_what_each_of_them_would_tell(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, total = printed(capsys, str(files / "default.log"), "--inventory", str(files / "inventory.zip"))
    assert [note.partition(":")[0] for note in total["notes"]] == [
        f"missing {field}"
        for field in ("az-id", "traffic-path", "pkt-dst-aws-service", "pkt-srcaddr", "flow-direction", "vpc-id")
    ]


def test_prices_of_ones_own_replace_list_prices(
    files: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    own = tmp_path / "prices.json"
    own.write_text('{"nat_gateway": 0.03, "inter_az": 0.005}')
    log, inventory = str(files / "extended.log"), str(files / "inventory.zip")
    rows = printed(capsys, log, "--inventory", inventory, "--prices", str(own), "--region", "eu-west-1")
    dollars = {(row["path"], row.get("owner")): row.get("dollars") for row in rows}
    assert dollars["nat_gateway", "private"] == pytest.approx(1_000 * 0.03)
    assert dollars["inter_az", "private"] == pytest.approx(1_500 * 2 * 0.005 + 120 * 0.005)
    assert dollars["internet", "web"] == pytest.approx(2_000 / 2_100 * 2_000 * 0.09)


def test_a_region_without_list_prices_is_told(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, told = str(files / "default.log"), "no list price of eu-west-9 is known: those of us-east-1 are used"
    assert told in printed(capsys, log, "--region", "eu-west-9")[-1]["notes"]
    assert told not in printed(capsys, log, "--region", "eu-west-1")[-1]["notes"]


def test_the_table_names_owners_sums_and_the_extrapolation(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bill", str(files / "extended.log"), "--inventory", str(files / "inventory.zip")]) == 0
    text = capsys.readouterr().out
    rows = [line.split() for line in text.splitlines()]
    assert ["nat_gateway", "private", "instance", "1,000.000"] in [row[:4] for row in rows]
    assert ["nat_gateway", "all", "1,000.000"] in [row[:3] for row in rows]
    assert "a month of 30 days  $270.80, extrapolated from these 30.00 days" in text
    assert "a day  $9.03" in text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[]", "no JSON object"),
        ('{"nat": 1}', "nat"),
        ('{"internet": -1}', "internet"),
        ("{", "Expecting"),
        pytest.param("[" * 100_000, "recursion", id="deep"),
    ],
)
def test_wrong_prices_are_refused_with_a_sentence(
    text: str, complaint: str, files: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    assert main(["bill", str(files / "default.log"), "--prices", str(path)]) == 1
    assert complaint in capsys.readouterr().err


def test_paths_that_cannot_be_read_and_no_logs_at_all_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["bill", str(tmp_path / "nothing.log")]) == 1
    assert main(["bill", str(tmp_path)]) == 1
    assert "no flow logs were found" in capsys.readouterr().err


def test_bytes_that_a_transit_gateway_logged_too_do_not_count_at_its_interfaces(
    files: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    at_gateway = [gateway_line(bytes=300 * BYTES_IN_GB), gateway_line(bytes=300 * BYTES_IN_GB, flow_direction="egress")]
    (tmp_path / "gateway.log").write_bytes(flow_log(at_gateway, TRANSIT_GATEWAY_NAMES))
    paths = [str(tmp_path / "gateway.log"), str(files / "extended.log")]
    *rows, total = printed(capsys, *paths, "--inventory", str(files / "inventory.zip"))
    assert [row["bytes"] / BYTES_IN_GB for row in rows if row["path"] == "transit_gateway"] == [300]
    assert total["notes"][0].startswith("logs of transit gateways were read")


def test_a_minute_is_extrapolated_as_an_hour() -> None:
    bill = Bill(quotes("us-east-1"), Coverage(NOON, NOON + 60, {NOON // SECONDS_A_DAY}))
    assert bill.days == 1 / 24


def test_days_without_any_record_are_no_days_of_the_bill(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log, inventory = tmp_path / "two.log", tmp_path / "inventory.zip"
    inventory.write_bytes(pack(COMPANY))
    at = (NOON, NOON + MONTH)
    day = [each for start in at for each in lines_of(FLOWS["between zones"], V2, BYTES_IN_GB, 40_000, start, start)]
    log.write_bytes(flow_log(day, V2))
    *_, total = printed(capsys, str(log), "--inventory", str(inventory))
    assert total["days"] == 1
    assert total["dollars_a_month"] == pytest.approx(2 * 30 * 0.02)
    assert total["notes"][0] == "there is no record of 29 days between the first and the last one"


def test_lines_that_are_no_records_are_counted_and_most_of_them_are_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "some.log"
    good = lines_of(FLOWS["to the internet"], V2, 100, 40_000)
    log.write_bytes(flow_log([*good, "2 cut off"], V2))
    *_, total = printed(capsys, str(log))
    assert total["notes"][0] == "1 lines are no valid records: flowsentry parse prints them"
    log.write_bytes(flow_log([*good, "2 cut off", "2 cut off"], V2))
    assert main(["bill", str(log)]) == 1
    assert "2 of 3 lines are not valid records" in capsys.readouterr().err


def test_nothing_that_can_be_read_is_no_bill_of_zero_dollars(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "strange.log"
    log.write_text("no flow log\n")
    assert main(["bill", str(log)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("flowsentry: no record was read\n")


def test_tiers_of_a_month_are_shared_by_all_owners() -> None:
    assert quotes("us-east-1")["internet"].dollars(12_000) == pytest.approx(10_240 * 0.09 + 1_760 * 0.085)
