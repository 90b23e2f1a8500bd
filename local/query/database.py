"""Parquet files as the table that Athena has of them, in DuckDB, with bounded memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from local.query.errors import QueryError
from local.query.file_tables import FILE_TABLES, FileTable
from local.query.files import DAY_IN_PATH
from local.query.time_range import TimeRange
from local.query.trino_functions import STATEMENTS
from stacks.analytics.named_query import Query

MEMORY = "1GB"
"""Memory of a query. More: fewer queries write to the disk. Less: sums by many addresses take longer."""
DISK = "20GB"
"""What a query may write beside that, into a folder that is removed afterwards. More: a query over months may fill the
disk. Less: it fails sooner."""
TYPES = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "boolean": "BOOLEAN", "double": "DOUBLE"}
"""DuckDB's types by Athena's."""


@dataclass(frozen=True)
class Answer:
    """Names of columns, and rows of numbers, text, times (in UTC, without a zone) and None."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def answer(query: Query, files: Sequence[str], during: TimeRange, given: Mapping[str, object]) -> Answer:
    """The answer of a query over these files. `given` are its parameters, without the days. Raises QueryError."""
    first_day, last_day = during.days(with_next=FILE_TABLES[query.table].has_start)
    values = {"first_day": first_day, "last_day": last_day, **given}
    bound = {name: values[name] for name in query.parameters}
    return executed(query.for_duckdb, bound, query.table, files, during)


def executed(sql: str, bound: object, table: str, files: Sequence[str], during: TimeRange) -> Answer:
    """What a statement about one table gives, with its parameters bound by name or in order. Raises QueryError."""
    with _database() as connection, _in_one_sentence():
        add_table(connection, table, files, during)
        found = connection.execute(sql, bound)
        return Answer(tuple(name for name, *_ in found.description or ()), found.fetchall())


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, which loads no extensions and keeps to its limits.

    https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
    """
    with TemporaryDirectory(prefix="flowsentry-query-") as folder:
        limits = {"memory_limit": MEMORY, "temp_directory": folder, "max_temp_directory_size": DISK}
        extensions = dict.fromkeys(("autoinstall_known_extensions", "autoload_known_extensions"), "false")
        with duckdb.connect(":memory:", config={**limits, **extensions}) as connection:
            connection.execute("SET lock_configuration = true")
            for statement in STATEMENTS:
                connection.execute(statement)
            yield connection


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        limits = f"{MEMORY} of memory and {DISK} of disk"
        raise QueryError(f"the query needs more than {limits}; ask for a shorter time, or fewer files") from error
    except duckdb.Error as error:
        raise QueryError(
            f"cannot read the files: {str(error).splitlines()[0]}; give Parquet of the output bucket"
        ) from error


def add_table(connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[str], during: TimeRange) -> None:
    """Adds the table of the files: the columns and types that Athena's table has, null where no file has the column,
    and the rows that started in the time range. Raises QueryError for other files.
    """
    table = FILE_TABLES[name]
    present = _add_files(connection, table, files)
    connection.execute("CREATE TABLE time_range (first BIGINT, last BIGINT)")
    connection.execute("INSERT INTO time_range VALUES (?, ?)", during.seconds)
    columns = ", ".join(_columns(table, present))
    rows = f"SELECT {columns}, {_DAY} AS day FROM files"  # noqa: S608 - all names are constants
    if table.has_start:
        rows = f"SELECT {columns}, coalesce({_DAY}, {_DAY_OF_START}) AS day FROM files {_IN_TIME_RANGE}"  # noqa: S608 - the same
    connection.execute(f"CREATE VIEW {name} AS {rows}")


def _add_files(connection: duckdb.DuckDBPyConnection, table: FileTable, files: Sequence[str]) -> Sequence[str]:
    """Adds a view of all rows of the files, and gives its columns. It is empty for no files: there was nothing."""
    if not files:
        connection.execute("CREATE VIEW files AS SELECT CAST(NULL AS BIGINT) AS start, '' AS filename WHERE false")
        return ("start",)
    read = connection.read_parquet([*files], union_by_name=True, filename=True, hive_partitioning=False)
    if missing := [name for name in table.needed if name not in read.columns]:
        raise QueryError(f"the files have no column {missing[0]}; allowed: {table.content}, which Flowsentry writes")
    read.create_view("files")
    return read.columns


_DAY = f"nullif(regexp_extract(filename, '{DAY_IN_PATH}', 1), '')"
_DAY_OF_START = """strftime(make_timestamp("start" * 1000000), '%Y-%m-%d')"""
_IN_TIME_RANGE = """WHERE "start" BETWEEN (SELECT first FROM time_range) AND (SELECT last FROM time_range)"""


def _columns(table: FileTable, present: Sequence[str]) -> Iterator[str]:
    for name, kind in table.columns.items():
        value = f'"{name}"' if name in present else "NULL"
        yield f'CAST({value} AS {TYPES[kind]}) AS "{name}"'
