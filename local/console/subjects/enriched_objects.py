"""The newest enriched records in the output bucket; each object is read once, since none ever changes."""

import io
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from local.console.console_data import MAX_FLOWS
from local.console.subjects.recent_rows import RecentRows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "enriched/"


@dataclass
class EnrichedObjects:
    """The records of a bucket, in memory."""

    s3: "S3Client"
    bucket: str
    _known: set[str] = field(default_factory=set)
    _rows: RecentRows = field(default_factory=lambda: RecentRows(MAX_FLOWS))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> pl.DataFrame:
        """The newest MAX_FLOWS records, one object after the other. Raises what boto3 raises."""
        with self._lock:
            for key in self._keys():
                if key not in self._known:
                    self._rows.add(self._read(key))
                    self._known.add(key)
            return self._rows.newest()

    def _keys(self) -> list[str]:
        """The objects, the oldest first: keys begin with the day and the hour."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=PREFIX)
        return sorted(each["Key"] for page in pages for each in page.get("Contents", ()))

    def _read(self, key: str) -> pl.DataFrame:
        return pl.read_parquet(io.BytesIO(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))
