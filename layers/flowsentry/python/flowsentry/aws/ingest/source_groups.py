"""Processes groups of small sources, each group as one source: one context, one write of evidence, one enriched file.

The order of effects of all groups: evidence and findings, enriched files and rejected lines, what the caller does with
unreadable sources, then log lines, activity and metrics, which can't fail. So if one group fails, none was measured.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from flowsentry import pipeline
from flowsentry.aws.flow_logs.recorder import resources_of
from flowsentry.aws.ingest.processing import FOLDER_PREFIX, SourceProcessor
from flowsentry.aws.source_metrics import log_source, measure_source
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.frames import ParsedSource, RejectedLines, SmallSource
from flowsentry.inventory.inventory import Inventory
from flowsentry.parse import count_status
from flowsentry.pipeline import Outcome
from flowsentry.records.clock_skew import MAX_ACCEPTED_LEAD_SECONDS
from flowsentry.records.flow_logs import LogStream
from flowsentry.records.object_key import Origin
from flowsentry.value import Value

SCOPE_FIELDS = ("vpc_id", "tgw_id")


class SourceGroup(Value, frozen=True):
    """Sources of one origin, and for payloads the log stream of each. The keys of the group's files are derived from
    `name`; their text has at most MAX_TOGETHER_BYTES.
    """

    name: str
    origin: Origin | None
    sources: Sequence[SmallSource]
    log_streams: Sequence[LogStream] = ()


class ProcessedGroup(Value, frozen=True):
    """The outcome of the readable sources of a group, and what became of each source, in order."""

    group: SourceGroup
    outcome: Outcome
    each: Sequence[ParsedSource]


def process_groups(
    processor: SourceProcessor,
    groups: Sequence[SourceGroup],
    hand_over: Callable[[Sequence[ProcessedGroup]], None] = lambda _: None,
) -> list[ProcessedGroup]:
    """The groups, after every store has accepted the results of all of them. `hand_over` gets them once they are
    stored, and takes care of their unreadable sources, of which nothing is stored; what it raises is raised, and then
    nothing is measured. Raises what `SourceProcessor.process` raises: a second run leaves the same results as one run.
    """
    if not groups:  # the inventory, which is cached once it is loaded, may not be there yet: see control messages
        hand_over([])
        return []
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        context, now = processor.current_context(), processor.clock()
        processed = []
        for number, group in enumerate(groups):
            file = EnrichedFile(Path(folder) / f"{number}.parquet", group.origin)
            outcome, each = pipeline.process_together(
                group.sources, context, processor.stores, file, now, processor.seconds_left
            )
            processed.append((ProcessedGroup(group, outcome, each), file.path))
        for done, path in processed:
            processor.keep(done.group.name, done.outcome, path, _rejected(done))
    finished = [done for done, _ in processed]
    hand_over(finished)
    for done in finished:
        _report(processor, done, context.inventory)
    return finished


def _rejected(done: ProcessedGroup) -> dict[str, list[tuple[int, str, str]]]:
    """The rejected lines by source, as many as of a single source."""
    room, samples = RejectedLines.max_sample_lines, {}
    for source, parsed in zip(done.group.sources, done.each, strict=True):
        if room and parsed.rejected.sample and not parsed.damage:
            samples[source.name] = parsed.rejected.sample[:room]
            room -= len(samples[source.name])
    return samples


def _report(processor: SourceProcessor, done: ProcessedGroup, inventory: Inventory) -> None:
    processor.unknown.request(done.outcome.unknown_interfaces, inventory.absent)
    log_source(done.group.sources[0].name, done.group.origin, done.outcome, {"sources": len(done.group.sources)})
    _record_activity(processor, done, inventory)
    measure_source(done.outcome, int(processor.clock()), processor.top_talkers)


def _record_activity(processor: SourceProcessor, done: ProcessedGroup, inventory: Inventory) -> None:
    """Records that the flow log of the group delivers, or that of each log stream, if the inventory knows it."""
    if not done.group.log_streams:
        processor.record_activity(done.outcome, done.group.origin, inventory)
        return
    for log_stream, source in zip(done.group.log_streams, done.each, strict=True):
        newest_end = _newest_end(source, processor.clock() + MAX_ACCEPTED_LEAD_SECONDS)
        if processor.activity and newest_end:
            flow_log_ids = processor.activity.of_stream(
                log_stream, inventory, partial(_resources_of, log_stream, source, inventory)
            )
            skipped = sum(count_status(rows, "SKIPDATA") for rows in source.rows) if done.outcome.skipdata else 0
            processor.activity.record(flow_log_ids, newest_end, sum(map(len, source.rows)) - skipped, skipped)


def _newest_end(source: ParsedSource, latest: float) -> int:
    """The end of the newest record that is not after `latest`, Unix s; 0 without one."""
    ends = [rows["end"] for rows in source.rows if "end" in rows.columns]
    newest: Iterable[object] = [end.max() for end in ends]
    if any(isinstance(end, int) and end > latest for end in newest):
        newest = [end.filter(end <= latest).max() for end in ends]
    return max((end for end in newest if isinstance(end, int)), default=0)


def _resources_of(log_stream: LogStream, source: ParsedSource, inventory: Inventory) -> set[str]:
    columns = [rows[name] for rows in source.rows for name in SCOPE_FIELDS if name in rows.columns]
    return resources_of(log_stream, (scope for column in columns for scope in column.unique()), inventory)
