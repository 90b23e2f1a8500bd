"""The statement that creates a table in Athena, for flow logs in buckets that the app does not deliver to.

https://docs.aws.amazon.com/athena/latest/ug/create-table.html
"""

from collections.abc import Iterable, Iterator, Mapping

from stacks.analytics.tables import Table


def create_statement(table: Table) -> str:
    """`CREATE EXTERNAL TABLE …` with everything that the table in the Glue Data Catalog has."""
    return "\n".join(_lines(table))


def _lines(table: Table) -> Iterator[str]:
    storage = table.storage
    yield f"CREATE EXTERNAL TABLE `{table.name}` ("
    yield _listed(f"  `{name}` {kind}" for name, kind in table.columns.items())
    yield f") PARTITIONED BY ({', '.join(f'`{each.column}` string' for each in table.partitions)})"
    yield f"ROW FORMAT SERDE '{storage.serde}'"
    if storage.serde_parameters:
        yield f"WITH SERDEPROPERTIES ({', '.join(_properties(storage.serde_parameters))})"
    yield f"STORED AS INPUTFORMAT '{storage.input_format}'"
    yield f"OUTPUTFORMAT '{storage.output_format}'"
    yield f"LOCATION '{table.location}'"
    yield "TBLPROPERTIES ("
    yield _listed(f"  {each}" for each in _properties(table.parameters))
    yield ")"


def _listed(parts: Iterable[str]) -> str:
    return ",\n".join(parts)


def _properties(parameters: Mapping[str, str]) -> Iterator[str]:
    yield from (f"'{name}' = '{value}'" for name, value in parameters.items())
