"""The table of enriched records has the columns that are written, and finds their days by itself."""

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
from tests.builders import NOON, V2, V5, enriched, line

Every = Callable[[str], dict[str, Any]]
ALL_FIELDS = tuple(field.name for field in FIELDS)
ORIGIN = Origin("210987654321", "eu-west-1", "fl-0123456789abcdef0")
IN_PARQUET = {pl.Int32: "int", pl.Int64: "bigint", pl.Boolean: "boolean", pl.String: "string", pl.Categorical: "string"}
"""How Athena reads what polars says of a file."""


def written(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """The columns of an enriched object of this format, with Athena's types for them."""
    path = folder / "enriched.parquet"
    explained = FlowExplainer(AddressSpace.of(Inventory())).explained(enriched([line(names)], names))
    with EnrichedSink(EnrichedFile(path, ORIGIN)) as sink:
        sink.write(explained)
    return {name: _in_athena(type_) for name, type_ in pl.read_parquet_schema(path).items()}


def _in_athena(type_: pl.DataType | type[pl.DataType]) -> str:
    return "string" if isinstance(type_, pl.Enum) else IN_PARQUET[type_ if isinstance(type_, type) else type(type_)]


def columns(every: Every) -> dict[str, str]:
    (table,) = every("AWS::Glue::Table").values()
    return {each["Name"]: each["Type"] for each in table["TableInput"]["StorageDescriptor"]["Columns"]}


@pytest.mark.parametrize("names", [V2, V5, ALL_FIELDS], ids=["v2", "v5", "all fields"])
def test_whatever_is_written_has_its_column_of_its_type(every: Every, tmp_path: Path, names: tuple[str, ...]) -> None:
    told = columns(every)
    there = written(tmp_path, names)
    assert {name: told.get(name) for name in there} == there


def test_there_is_no_column_that_nothing_is_ever_written_to(every: Every, tmp_path: Path) -> None:
    assert set(columns(every)) == set(written(tmp_path, ALL_FIELDS))


def test_a_query_of_a_day_reads_the_objects_of_that_day_alone(every: Every) -> None:
    (table,) = every("AWS::Glue::Table").values()
    parameters = table["TableInput"]["Parameters"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.day.range"] == "NOW-91DAYS,NOW+1DAYS"
    *_, folder = parameters["storage.location.template"]["Fn::Join"][1]
    assert enriched_key("source", NOON).startswith(folder.removeprefix("/").replace("${day}", "2026-01-01") + "/")
    assert [key["Name"] for key in table["TableInput"]["PartitionKeys"]] == ["day"]
    assert "day" not in columns(every)


def test_answers_are_encrypted_wherever_a_query_comes_from_and_its_price_is_bounded(every: Every) -> None:
    (workgroup,) = every("AWS::Athena::WorkGroup").values()
    configuration = workgroup["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert configuration["BytesScannedCutoffPerQuery"] > 10_000_000
    assert configuration["ResultConfiguration"]["OutputLocation"]["Fn::Join"][1][-1] == "/athena-results/"


def test_a_name_with_hyphens_is_a_database_that_needs_no_quotes(synthesise: Callable[..., Any]) -> None:
    source = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "s3"}
    made = synthesise({"sources": [source], "name": "our-flow-logs"})["Analytics"]["Resources"].values()
    (database,) = [each["Properties"] for each in made if each["Type"] == "AWS::Glue::Database"]
    assert database["DatabaseInput"]["Name"] == "our_flow_logs"
