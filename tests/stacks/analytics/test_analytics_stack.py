"""The Athena table of enriched records: its columns are those that are written, and its partitions are projected."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flowsentry.emit.enriched_object import EnrichedFile, EnrichedSink, enriched_key
from flowsentry.explain.flows import FlowExplainer
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.fields import FIELDS
from flowsentry.records.object_key import Origin
from stacks.analytics.named_query import Query
from stacks.analytics.queries import QUERIES
from stacks.analytics.rule_usage import RULE_USAGE_QUERIES
from tests.builders import NOON, V2, V5, enriched, line
from tests.stacks.conftest import Synthesise

PropertiesOf = Callable[[str], dict[str, Any]]
SAVED = QUERIES + RULE_USAGE_QUERIES
ALL_FIELDS = tuple(field.name for field in FIELDS)
ORIGIN = Origin("210987654321", "eu-west-1", "fl-0123456789abcdef0")
IN_PARQUET = {pl.Int32: "int", pl.Int64: "bigint", pl.Boolean: "boolean", pl.String: "string", pl.Categorical: "string"}
"""Athena's types by the types with which polars reads a Parquet file."""


def written(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The columns of an enriched object of this log format, with their Athena types."""
    path = folder / "enriched.parquet"
    explained = FlowExplainer(AddressSpace.of(Inventory())).explained(enriched([line(names)], names))
    with EnrichedSink(EnrichedFile(path, ORIGIN)) as sink:
        sink.write(explained)
    return {name: _in_athena(type_) for name, type_ in pl.read_parquet_schema(path).items()}


def _in_athena(type_: pl.DataType | type[pl.DataType]) -> str:
    return "string" if isinstance(type_, pl.Enum) else IN_PARQUET[type_ if isinstance(type_, type) else type(type_)]


def enriched_table(properties_of: PropertiesOf) -> dict[str, Any]:
    tables = properties_of("AWS::Glue::Table").values()
    (table,) = [each for each in tables if each["TableInput"]["Name"] == "enriched_flows"]
    return table


def columns(properties_of: PropertiesOf) -> dict[str, str]:
    table = enriched_table(properties_of)
    return {each["Name"]: each["Type"] for each in table["TableInput"]["StorageDescriptor"]["Columns"]}


@pytest.mark.parametrize("names", [V2, V5, ALL_FIELDS], ids=["v2", "v5", "all fields"])
def test_every_written_column_is_in_the_table_with_its_type(
    properties_of: PropertiesOf, tmp_path: Path, names: tuple[str, ...]
) -> None:
    actual = columns(properties_of)
    there = written(tmp_path, names)
    assert {name: actual.get(name) for name in there} == there


def test_the_table_has_no_column_that_is_never_written(properties_of: PropertiesOf, tmp_path: Path) -> None:
    assert set(columns(properties_of)) == set(written(tmp_path, ALL_FIELDS))


def test_a_query_with_a_day_and_an_hour_reads_only_the_objects_of_that_hour(properties_of: PropertiesOf) -> None:
    table = enriched_table(properties_of)
    parameters = table["TableInput"]["Parameters"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.day.range"] == "NOW-91DAYS,NOW+1DAYS"
    *_, folder = parameters["storage.location.template"]["Fn::Join"][1]
    folder = folder.removeprefix("/").replace("${day}", "2026-01-01").replace("${hour}", "12")
    assert enriched_key("source", NOON).startswith(f"{folder}/")
    assert [key["Name"] for key in table["TableInput"]["PartitionKeys"]] == ["day", "hour"]
    assert not {"day", "hour"} & columns(properties_of).keys()


def test_query_results_are_encrypted_and_the_scanned_data_is_limited(
    properties_of: PropertiesOf,
) -> None:
    (workgroup,) = properties_of("AWS::Athena::WorkGroup").values()
    configuration = workgroup["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert configuration["BytesScannedCutoffPerQuery"] == 200 * 10**9
    assert configuration["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
    assert configuration["ResultConfiguration"]["OutputLocation"]["Fn::Join"][1][-1] == "/athena-results/"


def test_a_deployment_has_its_own_database_and_without_flow_logs_in_s3_and_rule_usage_one_table(
    synthesise: Synthesise,
) -> None:
    source = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch"}
    templates = synthesise({"sources": [source], "name": "our-flow-logs", "rule_usage_days": 0})
    made = templates["Analytics"]["Resources"].values()
    (database,) = [each["Properties"] for each in made if each["Type"] == "AWS::Glue::Database"]
    assert database["DatabaseInput"]["Name"] == "our_flow_logs"  # Athena takes no hyphens unquoted
    tables = [each["Properties"]["TableInput"]["Name"] for each in made if each["Type"] == "AWS::Glue::Table"]
    assert tables == ["enriched_flows"]
    functions_and_alarms = json.dumps([templates[name] for name in ("Analytics", "Processing", "Monitoring")])
    assert not re.search("rule.usage", functions_and_alarms)


def test_each_named_query_is_saved_in_the_workgroup_of_the_deployment(properties_of: PropertiesOf) -> None:
    saved = properties_of("AWS::Athena::NamedQuery").values()
    assert {each["Name"]: each["QueryString"] for each in saved} == {each.name: each.for_athena for each in SAVED}
    assert {each["Name"]: each["Description"] for each in saved} == {each.name: each.question for each in SAVED}
    (workgroup,) = properties_of("AWS::Athena::WorkGroup")
    assert {each["WorkGroup"]["Ref"] for each in saved} == {workgroup}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_names_the_day_of_its_table(query: Query, properties_of: PropertiesOf) -> None:
    tables = [each["TableInput"] for each in properties_of("AWS::Glue::Table").values()]
    (table,) = [each for each in tables if each["Name"] == query.table]
    assert re.findall(r"\bFROM (\w+)", query.sql) == [query.table]
    conditions = query.for_athena.partition("WHERE ")[2].partition("GROUP BY")[0]
    assert table["PartitionKeys"][0]["Name"] == "day"
    assert "day BETWEEN ? AND ?" in conditions
