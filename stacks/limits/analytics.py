"""Limits of Glue and Athena: tables, named queries, workgroups; and what Athena refuses only when it reads a table.

https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
https://docs.aws.amazon.com/athena/latest/APIReference/API_NamedQuery.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stacks.limits.templates import Excess, Resource, Templates
from stacks.settings.values import repeated

TABLE, QUERY, WORKGROUP = "AWS::Glue::Table", "AWS::Athena::NamedQuery", "AWS::Athena::WorkGroup"
NAME_CHARACTERS, TABLE_DESCRIPTION_CHARACTERS, VALUE_CHARACTERS = 255, 2_048, 512_000
"""Of a name of a table or column, of the description of a table, and of a parameter of a table."""
QUERY_NAME_CHARACTERS, QUERY_DESCRIPTION_CHARACTERS, QUERY_CHARACTERS = 128, 1_024, 262_144
LEAST_SCANNED_BYTES = 10_000_000
"""https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html"""
TABLE_NAME = r"[a-z0-9_]+"
"""Athena accepts no other characters unquoted: https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html"""


def tables(templates: Templates) -> Iterator[Excess]:
    """Tables that Glue refuses, or that Athena can't read."""
    for each in templates.of_type(TABLE):
        given = each.properties["TableInput"]
        columns = [column["Name"] for column in (*given["StorageDescriptor"]["Columns"], *given["PartitionKeys"])]
        if not re.fullmatch(TABLE_NAME, given["Name"]):
            yield Excess(each, f"its name is {given['Name']}; allowed: lowercase letters, digits and _")
        if (size := max(map(len, (given["Name"], *columns)))) > NAME_CHARACTERS:
            yield Excess(each, f"a name has {size} characters; allowed: {NAME_CHARACTERS}")
        if (size := len(given.get("Description", ""))) > TABLE_DESCRIPTION_CHARACTERS:
            yield Excess(each, f"its description has {size:,} characters; allowed: {TABLE_DESCRIPTION_CHARACTERS:,}")
        if twice := [*repeated(column.lower() for column in columns)]:
            yield Excess(each, f"it has two columns {twice[0]}; allowed: one, whatever the case, partitions included")
        yield from _parameters(each, {name: templates.text(each, each_) for name, each_ in given["Parameters"].items()})


def _parameters(table: Resource, parameters: Mapping[str, str]) -> Iterator[Excess]:
    """https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html."""
    if (size := max(map(len, parameters.values()), default=0)) > VALUE_CHARACTERS:
        yield Excess(table, f"a parameter has {size:,} characters; allowed: {VALUE_CHARACTERS:,}")
    if parameters.get("projection.enabled") != "true":
        return
    template = parameters.get("storage.location.template", "")
    for key in table.properties["TableInput"]["PartitionKeys"]:
        if f"projection.{key['Name']}.type" not in parameters:
            yield Excess(table, f"the partition {key['Name']} has no projection type; allowed: one for each partition")
        if template and f"${{{key['Name']}}}" not in template:
            yield Excess(table, f"the location has no ${{{key['Name']}}}; allowed: one that has every partition")


def queries(templates: Templates) -> Iterator[Excess]:
    """Named queries that are too long, or empty."""
    for each in templates.of_type(QUERY):
        for name, most in _QUERY_TEXTS.items():
            size = len(templates.text(each, each.properties.get(name, "x")))
            if not 1 <= size <= most:
                yield Excess(each, f"{name} has {size:,} characters; allowed: 1 to {most:,}")


_QUERY_TEXTS: Mapping[str, int] = {
    "Name": QUERY_NAME_CHARACTERS,
    "Description": QUERY_DESCRIPTION_CHARACTERS,
    "QueryString": QUERY_CHARACTERS,
}


def workgroups(templates: Templates) -> Iterator[Excess]:
    """Workgroups whose queries could scan nothing."""
    for each in templates.of_type(WORKGROUP):
        configuration: Mapping[str, Any] = each.properties.get("WorkGroupConfiguration", {})
        scanned = configuration.get("BytesScannedCutoffPerQuery", LEAST_SCANNED_BYTES)
        if scanned < LEAST_SCANNED_BYTES:
            yield Excess(each, f"its queries may scan {scanned:,} bytes; allowed: at least {LEAST_SCANNED_BYTES:,}")
