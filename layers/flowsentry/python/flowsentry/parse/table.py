"""Rows of a Parquet file -> typed records."""

from flowsentry.frames import LogTable, Parsed


def parse_table(table: LogTable) -> Parsed:
    """The rows of a table as typed records, in their order."""
    raise NotImplementedError(table)
