"""Options for the inventory and GeoIP databases: commands with them name owners and rules."""

from pathlib import Path

import polars as pl
import pytest

from flowsentry.inventory.firewall_rules import Rules, SecurityGroup
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import pack
from local.cli import main
from local.knowledge import KnowledgeError, KnowledgeOptions, knowledge_of
from tests.aws.test_geo_databases import ASN, database
from tests.builders import INTERFACE, VPC, blocked, flow_log, interface

APP = interface("10.0.0.1", name="app")
DATABASE = interface("10.0.0.2", "rds database", "orders", interface_id=INTERFACE, security_groups=("sg-1",))
KNOWN = Inventory.of((APP, DATABASE), rules=Rules(1, (SecurityGroup("sg-1", "orders", VPC),)))


def options(**files: object) -> KnowledgeOptions:
    return KnowledgeOptions(**files)  # type: ignore[arg-type]


def test_replay_with_an_inventory_names_owners_and_the_denying_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot, logs = tmp_path / "snapshot.zip", tmp_path / "flows.log"
    snapshot.write_bytes(pack(KNOWN))
    logs.write_bytes(flow_log([blocked("10.0.0.1", "10.0.0.2", 5432)]))
    assert main(["replay", "--inventory", str(snapshot), str(logs)]) == 0
    output = capsys.readouterr().out
    assert "app (instance i-app, 10.0.0.1) can't reach orders (rds database i-orders, 10.0.0.2)" in output
    assert (
        "Denied by    security group sg-1 orders: no inbound rule allows tcp/5432 from 10.0.0.1 (i-app app)" in output
    )


def test_a_database_gives_the_network_of_an_address(tmp_path: Path) -> None:
    path = database(tmp_path, {"198.51.100.0/24": ASN})
    _, geography = knowledge_of(options(geo=[path]))
    assert geography.facts(pl.Series(["198.51.100.1"])).rows() == [(None, 64_496, "Example Networks")]


@pytest.mark.parametrize("option", ["inventory", "geo"])
def test_an_unusable_file_is_reported_with_its_path(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong"
    given = options(**{option: [wrong] if option == "geo" else wrong})
    with pytest.raises(KnowledgeError, match="wrong"):
        knowledge_of(given)
    wrong.write_bytes(b"text")
    with pytest.raises(KnowledgeError, match="wrong"):
        knowledge_of(given)
    assert main(["replay", f"--{option}", str(wrong), "-"]) == 1
    assert str(wrong) in capsys.readouterr().err
