"""The enriched objects of one day, in the order of their keys, in bounded parts."""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.service_errors import retryable
from flowsentry.frames import EnrichedFlows
from flowsentry.rule_usage.stored_flows import STORED_COLUMNS, flows_as_stored
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_BYTES, MAX_OBJECTS = 8 << 20, 500
"""Bytes and objects that are read together; a larger object is read alone. More: more memory. Fewer: more small parts,
each of which is compared with rules by itself."""
ROWS_AT_ONCE = 250_000
"""Rows of a part. More: more memory. Fewer: more parts."""


class Listed(NamedTuple):
    """An object, and its size in bytes."""

    key: str
    size: int


class Part(NamedTuple):
    """Records, and the key of the last object that is complete with them; empty if the object goes on."""

    flows: EnrichedFlows
    cursor: str


class EnrichedDay(Value, frozen=True):
    """The enriched objects under a prefix, which ends in `day=…/`."""

    bucket: str
    prefix: str
    client: "S3Client"

    def has_objects(self) -> bool:
        """Whether the day has any object. Raises RetryableError when S3 cannot be reached."""
        return next(self._listed(""), None) is not None

    def parts(self, cursor: str = "") -> Iterator[Part]:
        """The records of the objects after this key. Raises RetryableError when S3 cannot be reached."""
        for listed in _in_batches(self._listed(cursor)):
            bodies = in_threads(self._body, [each.key for each in listed])
            rows = [part for body in bodies for part in _rows(body)]
            yield from _parts(rows, listed[-1].key)

    def _listed(self, cursor: str) -> Iterator[Listed]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix, StartAfter=cursor or self.prefix
        )
        with retryable(f"list {self.prefix}"):
            for page in pages:
                yield from (Listed(each["Key"], each["Size"]) for each in page.get("Contents", ()))

    def _body(self, key: str) -> bytes:
        with retryable(f"read s3://{self.bucket}/{key}"):
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()


def _in_batches(listed: Iterator[Listed]) -> Iterator[list[Listed]]:
    batch: list[Listed] = []
    size = 0
    for each in listed:
        if batch and (size + each.size > MAX_BYTES or len(batch) == MAX_OBJECTS):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.size
    if batch:
        yield batch


def _rows(body: bytes) -> Iterator[pl.DataFrame]:
    """The rows of an object, some at a time."""
    scanned = pl.scan_parquet(io.BytesIO(body))
    present = [name for name in STORED_COLUMNS if name in scanned.collect_schema()]
    offset = 0
    while True:
        rows = scanned.select(present).slice(offset, ROWS_AT_ONCE).collect()
        yield rows
        offset += len(rows)
        if len(rows) < ROWS_AT_ONCE:
            return


def _parts(rows: Sequence[pl.DataFrame], last_key: str) -> Iterator[Part]:
    """The rows in parts: those with the same columns together, so that formats are not mixed."""
    by_columns: dict[tuple[str, ...], list[EnrichedFlows]] = {}
    for each in rows:
        by_columns.setdefault(tuple(each.columns), []).append(flows_as_stored(each))
    groups = [EnrichedFlows(pl.concat(group)) for group in by_columns.values()]
    sliced = [EnrichedFlows(part) for group in groups for part in group.iter_slices(ROWS_AT_ONCE)]
    for number, flows in enumerate(sliced, 1):
        yield Part(flows, last_key if number == len(sliced) else "")
    if not sliced:
        yield Part(flows_as_stored(pl.DataFrame()), last_key)
