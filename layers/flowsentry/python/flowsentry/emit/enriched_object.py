"""Writes the enriched flows of a source to one Parquet file, and names its key: the same source always has the same."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Literal, NamedTuple, Self, TypedDict

import polars as pl
from polars.io.plugins import register_io_source

from flowsentry.frames import ExplainedFlows
from flowsentry.records.object_key import Origin

ROW_GROUP_ROWS = 250_000
"""Rows of a row group, which are held in memory until they are written. More: fewer and better compressed row groups,
and more memory. Fewer: larger files."""
_REPEATED = (
    *("source_address", "destination_address", "source_scope", "destination_scope"),
    *("is_ipv6", "is_rejected"),
)
"""Added columns that repeat AWS's own (pkt-srcaddr, else srcaddr; tgw-src-vpc-id, else the scope; action). They would
be a fifth of a file of the default format."""
_TEXT = pl.Categorical()
_UNSIGNED = (pl.UInt8, pl.UInt16)


class _ParquetOptions(TypedDict):
    row_group_size: int
    compression: Literal["zstd"]
    compression_level: int
    statistics: bool


PARQUET: _ParquetOptions = {
    "row_group_size": ROW_GROUP_ROWS,
    "compression": "zstd",
    "compression_level": 1,
    "statistics": False,
}
"""Statistics would take a quarter of the time of writing (0.08 of 0.33 s for a million records, November 2026), and a
five-minute object is read whole: its day is in its key."""


def enriched_key(source: str, at: int) -> str:
    """The key of the enriched object of a source (an object's URL, or a log stream with its first event). It starts
    with the day and the hour of `at`, Unix seconds, so that Athena reads only those that a query asks for.
    """
    digest = hashlib.blake2b(source.encode(), digest_size=16).hexdigest()
    return f"enriched/{datetime.fromtimestamp(at, UTC):day=%Y-%m-%d/hour=%H}/{digest}.parquet"


class EnrichedFile(NamedTuple):
    """The path that the enriched rows of a source are written to, and where the source comes from."""

    path: Path
    origin: Origin | None = None


class EnrichedSink:
    """A Parquet file that is written chunk by chunk, in memory of about a row group. No file is written for no rows.

    Use it as a context manager: leaving the block completes the file; an exception in the block discards it.

    Types are those that Athena reads, none of them unsigned. Columns are those of the first chunk with rows: of a
    source of several formats, columns that only later chunks have are left out, and columns that those lack are null.
    What the origin states and the format lacks becomes a column: `account_id`, `region`, and `flow_log_id`, which no
    format has.
    """

    def __init__(self, file: EnrichedFile) -> None:
        self.rows = 0
        self._file = file
        self._schema: pl.Schema | None = None
        self._writer = ParquetWriter(file.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._writer.close()
        else:
            self._writer.discard()

    def write(self, flows: ExplainedFlows) -> None:
        """Appends the rows of one chunk. Raises what ended the writing of earlier ones, such as a full disk."""
        if flows.is_empty():
            return
        typed = stored_rows(flows, self._file.origin)
        schema = typed.schema
        self._schema = self._schema or schema
        if schema != self._schema:
            typed = typed.match_to_schema(self._schema, missing_columns="insert", extra_columns="ignore")
        self._writer.put(typed)
        self.rows += len(flows)


class ParquetWriter:
    """Writes frames of one schema to a Parquet file. A single frame is written when the file is closed. polars writes a
    file of unknown length only by asking an iterator for its parts, so where a second frame follows, it asks in a
    thread of its own, and `put` hands it one frame at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._frames: Queue[pl.DataFrame | None] = Queue(maxsize=1)
        self._only_frame: pl.DataFrame | None = None
        self._has_frames = False
        self._thread = ThreadPoolExecutor(1)
        self._written: Future[None] | None = None

    def put(self, frame: pl.DataFrame) -> None:
        """Waits until the frame before this one is taken. Raises what ended the writing."""
        if not self._has_frames:
            self._has_frames, self._only_frame = True, frame
            return
        only, self._only_frame = self._only_frame, None
        if only is not None:
            self._hand_over(only)
        self._hand_over(frame)

    def _hand_over(self, frame: pl.DataFrame) -> None:
        if self._written is None:
            self._written = self._thread.submit(self._write, frame.schema)
            self._written.add_done_callback(self._make_room)
        if self._written.done():
            self._written.result()
        self._frames.put(frame)

    def close(self) -> None:
        """Completes the file. Raises what ended the writing, and then there is no file."""
        if self._only_frame is not None:
            self._write_only(self._only_frame)
            return
        if (failure := self._end()) is not None:
            self._path.unlink(missing_ok=True)
            raise failure

    def _write_only(self, frame: pl.DataFrame) -> None:
        try:
            frame.write_parquet(self._path, **PARQUET)
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise

    def discard(self) -> None:
        """Ends the writing and removes the file. Raises nothing: what is wrong is known already."""
        self._end()
        self._path.unlink(missing_ok=True)

    def _end(self) -> BaseException | None:
        """What ended the writing, if anything did before its end."""
        if self._written is None:
            return None
        if not self._written.done():
            self._frames.put(None)
        self._thread.shutdown()
        return self._written.exception()

    def _make_room(self, _written: Future[None]) -> None:
        """Frees a `put` that waits for room, after a failure: nothing takes frames any more."""
        with suppress(Empty):
            self._frames.get_nowait()

    def _write(self, schema: pl.Schema) -> None:
        register_io_source(self._frames_for_polars, schema=schema, is_pure=False).sink_parquet(self._path, **PARQUET)

    def _frames_for_polars(
        self, columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        for frame in self.put_frames():
            yield frame if columns is None else frame.select(columns)

    def put_frames(self) -> Iterator[pl.DataFrame]:
        """The frames that were put, until the last. Waits for each."""
        while (frame := self._frames.get()) is not None:
            yield frame


def stored_rows(chunk: pl.DataFrame, origin: Origin | None = None) -> pl.DataFrame:
    """The rows of a chunk of flows with the columns and types that a file has."""
    stated = asdict(origin) if origin else {}
    added = {name: value for name, value in stated.items() if value is not None and _has_no_value(name, chunk)}
    kept = (column for column in chunk if column.name not in _REPEATED and column.name not in added)
    signed = [column.cast(pl.Int32) if column.dtype in _UNSIGNED else column for column in kept]
    stated_columns = (pl.Series(name, [value], _TEXT).new_from_index(0, len(chunk)) for name, value in added.items())
    return pl.DataFrame([*signed, *stated_columns])


def _has_no_value(name: str, chunk: pl.DataFrame) -> bool:
    """Whether a column is missing or all null, since the format does not have its field."""
    return name not in chunk.columns or chunk[name].null_count() == len(chunk)
