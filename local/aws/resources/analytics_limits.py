"""Glue and Athena: what makes tables, named queries and workgroups invalid.

https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
https://docs.aws.amazon.com/athena/latest/APIReference/API_NamedQuery.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from moto.athena.models import AthenaBackend
from moto.glue.models import GlueBackend

from local.aws.moto_patches import replaces
from local.aws.refusals import refuse, too_long

MOST_CHARACTERS_OF_A_NAME, MOST_CHARACTERS_OF_A_TABLE_DESCRIPTION = 255, 2_048
MOST_CHARACTERS_OF_A_QUERY = {"name": 128, "description": 1_024, "queryString": 262_144}
LEAST_BYTES_SCANNED = 10_000_000


@replaces(GlueBackend, "create_table")
def validate_table(
    original: Callable[..., Any],
    backend: Any,
    database_name: str,
    table_name: str,
    table_input: Mapping[str, Any],
    *rest: Any,
) -> Any:
    """Moto accepts tables with names and descriptions of any length, and with two columns of one name."""
    described = table_input.get("Description", "")
    columns = [*table_input.get("StorageDescriptor", {}).get("Columns", ()), *table_input.get("PartitionKeys", ())]
    names = [column["Name"] for column in columns]
    for name in (table_name, *names):
        if len(name) > MOST_CHARACTERS_OF_A_NAME:
            raise too_long("name", name, MOST_CHARACTERS_OF_A_NAME, "ValidationException")
    if len(described) > MOST_CHARACTERS_OF_A_TABLE_DESCRIPTION:
        raise too_long("description", described, MOST_CHARACTERS_OF_A_TABLE_DESCRIPTION, "ValidationException")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise refuse("InvalidInputException", f"Column {twice[0]} repeated in table {table_name}")
    return original(backend, database_name, table_name, table_input, *rest)


@replaces(AthenaBackend, "create_named_query")
def validate_query(
    original: Callable[..., Any],
    backend: Any,
    name: str,
    description: str,
    database: str,
    query_string: str,
    *rest: Any,
) -> Any:
    """Moto accepts named queries of any length, and empty ones."""
    given = {"name": name, "description": description, "queryString": query_string}
    for key, text in given.items():
        if not text:
            raise refuse("InvalidRequestException", f"{key} must have length greater than or equal to 1")
        if len(text) > MOST_CHARACTERS_OF_A_QUERY[key]:
            raise too_long(key, text, MOST_CHARACTERS_OF_A_QUERY[key], "InvalidRequestException")
    return original(backend, name, description, database, query_string, *rest)


@replaces(AthenaBackend, "create_work_group")
def validate_workgroup(
    original: Callable[..., Any], backend: Any, name: str, configuration: Mapping[str, Any], *rest: Any, **more: Any
) -> Any:
    """Moto accepts any limit of scanned bytes."""
    scanned = configuration.get("BytesScannedCutoffPerQuery", LEAST_BYTES_SCANNED)
    if scanned < LEAST_BYTES_SCANNED:
        message = f"BytesScannedCutoffPerQuery must have value greater than or equal to {LEAST_BYTES_SCANNED}"
        raise refuse("InvalidRequestException", message)
    return original(backend, name, configuration, *rest, **more)
