"""Each limit of Glue and Athena: just below it passes, just above it is one excess with a sentence."""

from typing import Any

import pytest

from stacks.limits import analytics
from stacks.limits.plugin import exceeded
from stacks.limits.templates import Templates


def table(*columns: str, name: str = "flows", **more: Any) -> tuple[str, Any]:
    """A table with these columns, and the partition `day`."""
    described = {"Columns": [{"Name": column, "Type": "int"} for column in columns]}
    parameters = {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "storage.location.template": "s3://b/${day}",
    }
    given = {"Name": name, "StorageDescriptor": described, "PartitionKeys": [{"Name": "day", "Type": "string"}]}
    return analytics.TABLE, {"TableInput": {**given, "Parameters": parameters, **more}}


def query(**given: str) -> tuple[str, Any]:
    return analytics.QUERY, {"Name": "q", "QueryString": "SELECT 1", **given}


def workgroup(scanned: int) -> tuple[str, Any]:
    return analytics.WORKGROUP, {"Name": "w", "WorkGroupConfiguration": {"BytesScannedCutoffPerQuery": scanned}}


CASES: dict[str, tuple[Any, Any, str]] = {
    "name of a table": (
        table("a", name="x" * 255),
        table("a", name="x" * 256),
        "a name has 256 characters; allowed: 255",
    ),
    "letters of a table's name": (
        table("a", name="flow_logs_2"),
        table("a", name="flow-logs"),
        "its name is flow-logs; allowed: lowercase letters, digits and _",
    ),
    "name of a column": (table("x" * 255), table("x" * 256), "a name has 256 characters; allowed: 255"),
    "description of a table": (
        table("a", Description="x" * 2_048),
        table("a", Description="x" * 2_049),
        "its description has 2,049 characters; allowed: 2,048",
    ),
    "columns of one name": (
        table("a", "b"),
        table("a", "Day"),
        "it has two columns day; allowed: one, whatever the case, partitions included",
    ),
    "parameter of a table": (
        table("a", Parameters={"x": "x" * 512_000}),
        table("a", Parameters={"x": "x" * 512_001}),
        "a parameter has 512,001 characters; allowed: 512,000",
    ),
    "type of a projection": (
        table("a"),
        table("a", Parameters={"projection.enabled": "true"}),
        "the partition day has no projection type; allowed: one for each partition",
    ),
    "partition in the location": (
        table("a"),
        table(
            "a",
            Parameters={
                "projection.enabled": "true",
                "projection.day.type": "date",
                "storage.location.template": "s3://b/${hour}",
            },
        ),
        "the location has no ${day}; allowed: one that has every partition",
    ),
    "name of a query": (query(Name="x" * 128), query(Name="x" * 129), "Name has 129 characters; allowed: 1 to 128"),
    "description of a query": (
        query(Description="x" * 1_024),
        query(Description="x" * 1_025),
        "Description has 1,025 characters; allowed: 1 to 1,024",
    ),
    "description of no characters": (
        query(Description="x"),
        query(Description=""),
        "Description has 0 characters; allowed: 1 to 1,024",
    ),
    "text of a query": (
        query(QueryString="x" * 262_144),
        query(QueryString="x" * 262_145),
        "QueryString has 262,145 characters; allowed: 1 to 262,144",
    ),
    "scanned bytes": (
        workgroup(10_000_000),
        workgroup(9_999_999),
        "its queries may scan 9,999,999 bytes; allowed: at least 10,000,000",
    ),
}


def excesses(resource: tuple[str, Any]) -> list[str]:
    kind, given = resource
    templates = Templates({"Stack": {"Resources": {"It": {"Type": kind, "Properties": given}}}})
    return [each.sentence for each in exceeded(templates)]


@pytest.mark.parametrize("case", CASES)
def test_just_below_a_limit_passes_and_just_above_is_one_excess(case: str) -> None:
    below, above, sentence = CASES[case]
    assert excesses(below) == []
    assert excesses(above) == [sentence]
