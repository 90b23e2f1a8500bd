"""Tables of delivered flow logs: objects with the keys and types that AWS gives them are read with known answers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flowsentry.records.fields import DEFAULT_NAMES, TRANSIT_GATEWAY_NAMES, column_of
from stacks.analytics.source_tables import MAX_TABLES, deliveries_without_table, source_tables
from stacks.settings.deployment import Deployment
from stacks.settings.reading import SettingsError
from tests.stacks.analytics.deliveries import ANSWER, KNOWN, SHUFFLED, V5, WAYS, aws_key, records, write
from tests.stacks.analytics.glue_tables import ACCOUNT, REGION, GlueTable, resolved
from tests.stacks.conftest import Synthesise, Template, Templates


@pytest.fixture(scope="module")
def made(synthesise: Synthesise) -> Templates:
    sources = [{"destination": "s3", **way} for way in WAYS.values()]
    return synthesise({"sources": sources, "member_account_ids": ["222222222222"], "query_scan_limit_gb": 50})


def of_type(template: Template, kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]


def flow_log_of(made: Templates, way: str) -> dict[str, Any]:
    (resource_id,) = WAYS[way].get("vpc_ids") or WAYS[way]["transit_gateway_ids"]
    (found,) = [each for each in of_type(made["FlowLogs"], "AWS::EC2::FlowLog") if each["ResourceId"] == resource_id]
    return found


def table_at(made: Templates, prefix: str, folder: Path) -> GlueTable:
    tables = [GlueTable(each, folder) for each in of_type(made["Analytics"], "AWS::Glue::Table")]
    (found,) = [each for each in tables if re.match(f"s3://[^/]+/{prefix}AWSLogs/", each.storage["Location"])]
    return found


def delivered(made: Templates, way: str, folder: Path) -> GlueTable:
    """The table of a flow log, over an object that this flow log delivered, and two objects that are not its own."""
    flow_log = flow_log_of(made, way)
    prefix = resolved(flow_log["LogDestination"]).partition("/")[2]
    table = table_at(made, prefix, folder)
    bucket = table.storage["Location"].removeprefix("s3://").partition("/")[0]
    names = [token[2:-1] for token in flow_log["LogFormat"].split()]
    options = flow_log["DestinationOptions"]
    write(folder / bucket / aws_key(prefix, options, ("2026", "01", "01"), "10"), names, records(names))
    write(folder / bucket / aws_key("flow-logs/other/", options, ("2026", "01", "01"), "10"), names, records(names))
    write(folder / bucket / aws_key(prefix, options, ("1999", "01", "01"), "10"), names, records(names))
    return table


@pytest.mark.parametrize("way", WAYS)
def test_what_a_flow_log_delivers_is_read_with_known_answers(made: Templates, way: str, tmp_path: Path) -> None:
    table = delivered(made, way, tmp_path)
    with duckdb.connect() as connection:
        table.create(connection)
        assert connection.execute(KNOWN).fetchall() == [ANSWER]


def test_columns_are_the_fields_of_the_format_in_their_order_with_types(made: Templates, tmp_path: Path) -> None:
    extended = delivered(made, "extended", tmp_path).columns
    assert tuple(extended) == tuple(map(column_of, V5))
    assert {name: extended[name] for name in ("version", "protocol", "bytes", "start", "srcaddr", "traffic_path")} == {
        "version": "int",
        "protocol": "bigint",
        "bytes": "bigint",
        "start": "bigint",
        "srcaddr": "string",
        "traffic_path": "int",
    }
    shuffled = delivered(made, "shuffled, Hive", tmp_path).columns
    assert tuple(shuffled) == tuple(map(column_of, SHUFFLED))
    assert shuffled["new_field"] == "string"
    gateway = delivered(made, "transit gateway", tmp_path).columns
    assert tuple(gateway) == tuple(map(column_of, TRANSIT_GATEWAY_NAMES))
    assert tuple(delivered(made, "default", tmp_path).columns) == tuple(map(column_of, DEFAULT_NAMES))


@pytest.mark.parametrize(
    ("way", "partitions"),
    [
        ("default", {"day": "2026/01/01"}),
        ("default, by hour", {"day": "2026/01/01", "hour": "10"}),
        ("shuffled, Hive", {"year": "2026", "month": "01", "day": "01"}),
        ("extended, Hive by hour", {"year": "2026", "month": "01", "day": "01", "hour": "10"}),
    ],
)
def test_the_day_and_hour_of_the_key_are_partitions(
    made: Templates, way: str, partitions: Mapping[str, str], tmp_path: Path
) -> None:
    table = delivered(made, way, tmp_path)
    assert table.partitions == list(partitions)
    assert [values for _, values in table.objects()] == [tuple(partitions.values())]


def test_a_dash_is_null_in_columns_of_text_and_of_numbers(made: Templates, tmp_path: Path) -> None:
    table = delivered(made, "default", tmp_path)
    with duckdb.connect() as connection:
        table.create(connection)
        silent = "SELECT srcaddr, srcport, action FROM flows WHERE log_status = 'NODATA'"
        assert connection.execute(silent).fetchall() == [(None, None, None)]


def test_objects_that_expired_are_not_projected(made: Templates, tmp_path: Path) -> None:
    kept = delivered(made, "default", tmp_path).parameters["projection.day.range"]
    assert kept == "NOW-31DAYS,NOW+1DAYS"
    for_ever = delivered(made, "shuffled, kept for ever", tmp_path).parameters["projection.day.range"]
    assert for_ever == "NOW-10YEARS,NOW+1DAYS"


def test_flow_logs_of_member_accounts_are_read_by_account_and_region(made: Templates, tmp_path: Path) -> None:
    table = table_at(made, "", tmp_path)
    bucket = table.storage["Location"].removeprefix("s3://").partition("/")[0]
    options = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}
    key = aws_key("", options, ("2026", "01", "01"), "10").replace(f"/{ACCOUNT}/", "/222222222222/")
    write(tmp_path / bucket / key, V5, records(V5))
    assert [values for _, values in table.objects()] == [("222222222222", REGION, "2026/01/01")]
    with duckdb.connect() as connection:
        table.create(connection)
        assert connection.execute(KNOWN).fetchall() == [ANSWER]


def test_deliveries_beyond_the_room_of_the_template_have_no_table() -> None:
    groups = [{"vpc_ids": [f"vpc-{n:08x}"], "destination": "s3", "group": f"g{n}"} for n in range(MAX_TABLES + 1)]
    for number, without in ((MAX_TABLES, 0), (MAX_TABLES + 1, 1)):
        deployment = Deployment.from_context({"flowsentry": {"sources": groups[:number]}})
        assert len(source_tables(deployment, "bucket", ACCOUNT, REGION)) == MAX_TABLES
        assert deliveries_without_table(deployment) == without


def test_a_query_scans_at_most_what_the_setting_allows(made: Templates) -> None:
    [workgroup] = of_type(made["Analytics"], "AWS::Athena::WorkGroup")
    assert workgroup["WorkGroupConfiguration"]["BytesScannedCutoffPerQuery"] == 50 * 10**9
    for wrong in (0, 100_001):
        with pytest.raises(
            SettingsError, match=f"query_scan_limit_gb is {wrong}; allowed: a whole number from 1 to 100000"
        ):
            Deployment.from_context(
                {"flowsentry": {"member_account_ids": ["222222222222"], "query_scan_limit_gb": wrong}}
            )
