"""Reads a table of the Glue Data Catalog over files, as Athena documents it, with DuckDB.

Partitions: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
Text: https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
Parquet: https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html (columns are found by name)
"""

import gzip
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

ACCOUNT, REGION, NOW = "123456789012", "eu-west-1", datetime(2026, 1, 2, 8, tzinfo=UTC)
_UNIT_DAYS = {"DAYS": 1, "YEARS": 366}
_JAVA = {"yyyy": "%Y", "MM": "%m", "dd": "%d"}
_DUCKDB = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "boolean": "BOOLEAN"}
_READS = {
    "int": {"INTEGER"},
    "bigint": {"INTEGER", "BIGINT"},
    "string": {"VARCHAR"},
    "boolean": {"BOOLEAN"},
}
"""Types of Parquet that Athena reads as each type; others are HIVE_BAD_DATA."""


def resolved(value: Any) -> Any:
    """A value of a template with references: account, Region, and for a parameter its logical id."""
    match value:
        case {"Ref": name}:
            return {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws"}.get(name, name)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:s3:::{name}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(resolved(each) for each in parts)
        case dict():
            return {name: resolved(each) for name, each in value.items()}
        case list():
            return [resolved(each) for each in value]
    return value


class GlueTable:
    """The table of a resource of a template; `files` is the folder with a folder for each bucket."""

    def __init__(self, properties: Mapping[str, Any], files: Path, now: datetime = NOW) -> None:
        self.now = now
        self.input = resolved(properties["TableInput"])
        self.parameters = self.input["Parameters"]
        self.storage = self.input["StorageDescriptor"]
        self.columns = {each["Name"]: each["Type"] for each in self.storage["Columns"]}
        self.partitions = [each["Name"] for each in self.input["PartitionKeys"]]
        self.files = files

    def create(self, connection: duckdb.DuckDBPyConnection, name: str = "flows") -> None:
        """Creates it in DuckDB, with the rows of all objects in projected partitions."""
        kinds = {**self.columns, **dict.fromkeys(self.partitions, "string")}
        described = ", ".join(f'"{column}" {_DUCKDB[kind]}' for column, kind in kinds.items())
        connection.execute(f"CREATE TABLE {name} ({described})")
        for path, values in self.objects():
            rows = self._rows(connection, path)
            places = ", ".join("?" * (len(self.columns) + len(values)))
            if rows:
                connection.executemany(f"INSERT INTO {name} VALUES ({places})", [(*row, *values) for row in rows])  # noqa: S608 - a test's own name

    def objects(self) -> Iterator[tuple[Path, tuple[str, ...]]]:
        """The objects in projected partitions, with the values of these."""
        template = self.parameters["storage.location.template"]
        assert self.parameters["projection.enabled"] == "true"
        assert template.startswith(self.storage["Location"])
        assert sorted(re.findall(r"\$\{(\w+)\}", template)) == sorted(self.partitions)
        parts = re.split(r"\$\{(\w+)\}", template.removeprefix("s3://"))
        pattern = "".join(self._pattern(part) if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
        for path in sorted(each for each in self.files.rglob("*") if each.is_file()):
            found = re.fullmatch(pattern, str(path.parent.relative_to(self.files)))
            if found and all(self._is_projected(name, found[name]) for name in self.partitions):
                yield path, tuple(found[name] for name in self.partitions)

    def _pattern(self, column: str) -> str:
        """Dates may have folders in them."""
        is_date = self.parameters[f"projection.{column}.type"] == "date"
        return f"(?P<{column}>{'.+' if is_date else '[^/]+'})"

    def _is_projected(self, column: str, value: str) -> bool:
        given = {
            name.removeprefix(f"projection.{column}."): each
            for name, each in self.parameters.items()
            if name.startswith(f"projection.{column}.")
        }
        match given["type"]:
            case "injected":
                return True
            case "integer":
                first, last = map(int, given["range"].split(","))
                return value in {f"{number:0{given['digits']}}" for number in range(first, last + 1)}
            case "date":
                return value in set(_dates(given, self.now))
        raise AssertionError(given)

    def _rows(self, connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[Any, ...]]:
        library = self.storage["SerdeInfo"]["SerializationLibrary"]
        if library.endswith("ParquetHiveSerDe"):
            return self._parquet(connection, path)
        assert library == "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
        return self._text(path)

    def _text(self, path: Path) -> list[tuple[Any, ...]]:
        """By place; what is no number in a column of numbers is null, and so is the null format."""
        given = self.storage["SerdeInfo"]["Parameters"]
        assert path.name.endswith(".gz")  # Athena tells the compression by the end of the key
        count = int(self.parameters["skip.header.line.count"])
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()[count:]
        return [self._typed(line.split(given["field.delim"]), given["serialization.null.format"]) for line in lines]

    def _typed(self, values: list[str], null: str) -> tuple[Any, ...]:
        pairs = itertools.zip_longest(self.columns.values(), values[: len(self.columns)])
        return tuple(_hive_value(kind, value, null) for kind, value in pairs)

    def _parquet(self, connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[Any, ...]]:
        """By name; a column that the file lacks is null."""
        read = connection.read_parquet(str(path))
        there = dict(zip(read.columns, map(str, read.types), strict=True))
        bad = {
            name: there[name]
            for name, kind in self.columns.items()
            if name in there and there[name] not in _READS[kind]
        }
        assert bad == {}, f"HIVE_BAD_DATA: {bad}"
        shown = ", ".join(f'"{name}"' if name in there else "NULL" for name in self.columns)
        return read.project(shown).fetchall()


def _hive_value(kind: str, value: str | None, null: str) -> Any:
    if value is None or value == null:
        return None
    if kind == "string":
        return value
    return int(value) if re.fullmatch(r"-?[0-9]+", value) else None


def _dates(given: Mapping[str, str], now: datetime) -> Iterator[str]:
    """The dates of a range, written in its format."""
    assert (given["interval"], given["interval.unit"]) == ("1", "DAYS")
    form = re.sub("yyyy|MM|dd", lambda found: _JAVA[found[0]], given["format"])
    first, last = (_moment(each, form, now) for each in given["range"].split(","))
    while first <= last:
        yield f"{first:{form}}"
        first += timedelta(days=1)


def _moment(text: str, form: str, now: datetime) -> datetime:
    relative = re.fullmatch(r"NOW(?:([+-])([0-9]+)(YEARS|DAYS))?", text)
    if relative is None:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    sign, number, unit = relative.groups()
    return now + (timedelta(days=int(f"{sign}{number}") * _UNIT_DAYS[unit]) if number else timedelta())
