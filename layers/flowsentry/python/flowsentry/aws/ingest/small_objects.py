"""Small objects, read at the same time; those of one format and origin are processed as one source."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flowsentry.aws.concurrency import in_threads
from flowsentry.aws.failed_invocation import failed_event
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.object_events import ObjectEvent
from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.aws.ingest.source_groups import SourceGroup
from flowsentry.aws.object_store import ObjectStore
from flowsentry.decode import object_texts
from flowsentry.decode.object_part import bytes_of, held_within
from flowsentry.decode.parquet import Trial
from flowsentry.frames import LogChunk, LogTable, LogText, SmallSource
from flowsentry.pipeline import MAX_TOGETHER_BYTES
from flowsentry.records.object_key import Origin, flow_log_key, is_no_flow_log
from flowsentry.value import Value

MAX_STORED_BYTES = 256 << 10
"""Objects of at most this size, as stored, are processed together: some 10,000 records, which take longer than the
fixed cost of an object. Higher: more memory, and more to repeat where one ends the function. Lower: more objects pay
the fixed cost, and each writes a small enriched object."""
MAX_DECODED_BYTES = 8 << 20
"""One that is larger when decoded is processed alone. Usual are ten times MAX_STORED_BYTES, possible are a thousand.
Higher: more memory. Lower: very regular records are processed alone."""
PARQUET = ".parquet"
"""How AWS's names of Parquet files end."""


class SmallObject(NamedTuple):
    """A small object that is decoded."""

    event: ObjectEvent
    source: SmallSource
    decoded_bytes: int

    @property
    def origin(self) -> Origin | None:
        key = flow_log_key(self.event.source.key)
        return key.origin if key else None


class ObjectGroup(Value, frozen=True):
    """Small objects of one format and origin."""

    objects: Sequence[SmallObject]

    def as_sources(self) -> SourceGroup:
        """The group as sources. Its name is that of all of its objects: another set of them writes another file."""
        name = "\n".join(sorted(each.source.name for each in self.objects))
        return SourceGroup(name, self.objects[0].origin, [each.source for each in self.objects])


def may_be_small(event: ObjectEvent) -> bool:
    """Whether an event is of a new object that it states to be small, and that may be a flow log."""
    is_small = event.size is not None and event.size <= MAX_STORED_BYTES
    return event.is_new_object and is_small and not is_no_flow_log(event.source.key)


def decoded(events: Sequence[ObjectEvent], store: ObjectStore, formats: LogFormats) -> list[SmallObject]:
    """The objects that are read and decoded to their end without any error; the others are left out. Parquet is read
    one by one, since a process of its own tries it first: several would take the memory of several.
    """

    def read(event: ObjectEvent, trial: Trial = _no_parquet) -> SmallObject | None:
        try:
            chunks = _chunks(event, store, formats, trial)
        except Exception:  # noqa: BLE001 - it is read again alone, and raises it again
            return None
        if chunks is None:
            return None
        return SmallObject(event, SmallSource(str(event.source), chunks), sum(map(bytes_of, chunks)))

    tables = [event for event in events if event.source.key.endswith(PARQUET)]
    texts = in_threads(read, [event for event in events if event not in tables])
    return [each for each in (*texts, *(read(event, tried) for event in tables)) if each]


def _chunks(event: ObjectEvent, store: ObjectStore, formats: LogFormats, trial: Trial) -> tuple[LogChunk, ...] | None:
    """The chunks of an object; None for one that is too large, and for the record of a failed invocation."""
    failed, blocks = failed_event(store.blocks(event.source))
    if failed is not None:
        return None
    texts = object_texts(blocks, formats.of_object(event.source.bucket, event.source.key), trial)
    return held_within(MAX_DECODED_BYTES, texts)


def _no_parquet(_data: bytes) -> Iterator[None]:
    raise ValueError("it is Parquet, whatever its name")


def grouped(objects: Sequence[SmallObject]) -> list[ObjectGroup]:
    """The objects by format and origin, in groups of at most MAX_TOGETHER_BYTES of text."""
    alike: dict[object, list[list[SmallObject]]] = defaultdict(list)
    for each in objects:
        groups = alike[(each.origin, tuple(map(_form, each.source.chunks)))]
        held = sum(one.decoded_bytes for one in groups[-1]) if groups else 0
        if not groups or held + each.decoded_bytes > MAX_TOGETHER_BYTES:
            groups.append([])
        groups[-1].append(each)
    return [ObjectGroup(group) for groups in alike.values() for group in groups]


def _form(chunk: LogChunk) -> object:
    """What two chunks with the same columns have in common."""
    if isinstance(chunk, LogTable):
        return tuple(chunk.rows.schema.items())
    return chunk.names if isinstance(chunk, LogText) else chunk.formats
