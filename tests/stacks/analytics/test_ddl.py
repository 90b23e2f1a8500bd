"""A statement that creates a table: the table that it makes reads what a flow log delivers, with known answers."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stacks.analytics.ddl import create_statement
from stacks.analytics.source_tables import source_tables
from stacks.settings.deployment import Deployment
from tests.stacks.analytics.deliveries import ANSWER, KNOWN, WAYS, aws_key, records, write
from tests.stacks.analytics.glue_tables import ACCOUNT, REGION, GlueTable

ROOT = Path(__file__).parents[3]
STATEMENT = re.compile(
    r"CREATE EXTERNAL TABLE `(?P<name>\w+)` \(\n(?P<columns>.*?)\n\) PARTITIONED BY \((?P<partitions>.*?)\)\n"
    r"ROW FORMAT SERDE '(?P<serde>[\w.]+)'\n(?:WITH SERDEPROPERTIES \((?P<serde_properties>.*?)\)\n)?"
    r"STORED AS INPUTFORMAT '(?P<input>[\w.]+)'\nOUTPUTFORMAT '(?P<output>[\w.]+)'\nLOCATION '(?P<location>[^']+/)'\n"
    r"TBLPROPERTIES \(\n(?P<properties>.*?)\n\)",
    re.DOTALL,
)
"""https://docs.aws.amazon.com/athena/latest/ug/create-table.html"""


def table_input(statement: str) -> dict[str, Any]:
    """What Athena stores in the Glue Data Catalog for a statement."""
    found = STATEMENT.fullmatch(statement)
    assert found
    return {
        "Name": found["name"],
        "PartitionKeys": columns(found["partitions"]),
        "Parameters": properties(found["properties"]),
        "StorageDescriptor": {
            "Columns": columns(found["columns"]),
            "Location": found["location"],
            "InputFormat": found["input"],
            "OutputFormat": found["output"],
            "SerdeInfo": {
                "SerializationLibrary": found["serde"],
                "Parameters": properties(found["serde_properties"] or ""),
            },
        },
    }


def columns(text: str) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind} for name, kind in re.findall(r"`(\w+)` (\w+)", text)]


def properties(text: str) -> dict[str, str]:
    return dict(re.findall(r"'([^']+)' = '([^']+)'", text))


@pytest.mark.parametrize("way", WAYS)
def test_a_table_that_a_statement_creates_reads_what_a_flow_log_delivers(way: str, tmp_path: Path) -> None:
    deployment = Deployment.from_context({"flowsentry": {"sources": [{"destination": "s3", **WAYS[way]}]}})
    [(id_, described)] = source_tables(deployment, "bucket", ACCOUNT, REGION).items()
    table = GlueTable({"TableInput": table_input(create_statement(described))}, tmp_path)
    [delivery] = deployment.handlings
    options = {
        "FileFormat": delivery.file_format,
        "HiveCompatiblePartitions": delivery.hive_partitions,
        "PerHourPartition": delivery.hourly_partitions,
    }
    names = [token[2:-1] for token in delivery.log_format.split()]
    key = aws_key(f"flow-logs/{id_}/", options, ("2026", "01", "01"), "10")
    write(tmp_path / "bucket" / key, names, records(names))
    with duckdb.connect() as connection:
        table.create(connection)
        assert connection.execute(KNOWN).fetchall() == [ANSWER]


def test_the_statements_of_the_documentation_create_tables(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "analytics.md").read_text()
    statements = [each for each in re.findall(r"```sql\n(.*?)\n```", page, re.DOTALL) if each.startswith("CREATE")]
    tables = [GlueTable({"TableInput": table_input(each)}, tmp_path) for each in statements]
    assert [each.partitions for each in tables] == [["day"], ["year", "month", "day", "hour"]]
