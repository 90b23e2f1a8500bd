"""Records of every version and container, and the exact parsed values.

A folder is a sample. `records.*` are the bytes as they arrive, `log_formats.txt` the formats of a log group where the
bytes do not state theirs. `expected.json` is reviewed like code: write it anew with FLOWSENTRY_WRITE_EXPECTED=1 and
read the difference.
"""

import gzip
import io
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flowsentry.decode import object_texts
from flowsentry.frames import LogChunk, Parsed, RejectedLines
from flowsentry.parse import parse_chunk
from flowsentry.records.fields import BY_NAME, FIELDS, TRANSIT_GATEWAY_NAMES, VPC_NAMES, column_of

SAMPLES = sorted(folder for folder in (Path(__file__).parent / "samples").iterdir() if folder.is_dir())
by_name = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
PARQUET_TYPES = {"INT_32": pl.Int32(), "INT_64": pl.Int64(), "STRING": pl.String()}


def bytes_of(sample: Path) -> bytes:
    (path,) = sample.glob("records.*")
    return path.read_bytes()


def log_formats(sample: Path) -> list[str]:
    path = sample / "log_formats.txt"
    return path.read_text().splitlines() if path.exists() else []


def chunks(sample: Path, data: bytes | None = None) -> list[LogChunk]:
    return list(object_texts([data or bytes_of(sample)], log_formats(sample)))


def parsed(texts: list[LogChunk]) -> list[Parsed]:
    return [each for text in texts for each in parse_chunk(text)]


def reported(found: list[Parsed]) -> dict[str, Any]:
    rejected = RejectedLines()
    for each in found:
        rejected.add(each.rejected)
    records = [json.loads(line) for each in found for line in each.records.write_ndjson().splitlines()]
    return {"lines": sum(each.lines for each in found), "records": records, "rejected": [*map(list, rejected.sample)]}


@by_name
def test_a_sample_is_parsed_as_expected(sample: Path) -> None:
    seen = reported(parsed(chunks(sample)))
    expected = sample / "expected.json"
    if os.environ.get("FLOWSENTRY_WRITE_EXPECTED"):
        expected.write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n")
    assert seen == json.loads(expected.read_text())


@by_name
def test_a_compressed_sample_has_the_same_values(sample: Path) -> None:
    packed = gzip.compress(bytes_of(sample), mtime=0)
    assert reported(parsed(chunks(sample, packed))) == reported(parsed(chunks(sample)))


@by_name
def test_a_parquet_file_with_the_types_of_aws_has_the_same_values(sample: Path) -> None:
    for each in parsed(chunks(sample)):
        (again,) = parsed(list(object_texts([as_parquet(each.records)]))) if len(each.records) else [each]
        assert_frame_equal(again.records, each.records, categorical_as_str=True)


def as_parquet(records: pl.DataFrame) -> bytes:
    """A Parquet file with the records, with the column types that AWS uses."""
    types = {field.column: PARQUET_TYPES[field.parquet_type] for field in FIELDS}
    file = io.BytesIO()
    records.select(pl.col(name).cast(types.get(name, pl.String())) for name in records.columns).write_parquet(file)
    return file.getvalue()


def test_every_field_of_every_version_has_a_value_in_a_sample() -> None:
    seen = {
        column
        for sample in SAMPLES
        for record in json.loads((sample / "expected.json").read_text())["records"]
        for column, value in record.items()
        if value is not None
    }
    wanted = {*VPC_NAMES, *TRANSIT_GATEWAY_NAMES}
    assert {name for name in wanted if column_of(name) not in seen} == set()
    assert wanted == BY_NAME.keys()
