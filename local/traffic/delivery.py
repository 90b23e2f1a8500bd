"""Records -> deliveries as AWS makes them: S3 objects with a header, CloudWatch Logs events without."""

import gzip
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from local.traffic.records import Record, line

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef
    from mypy_boto3_s3 import S3Client

FILE_SECONDS = 300
MAX_EVENTS, MAX_BATCH_BYTES, EVENT_OVERHEAD_BYTES, MAX_SPAN_SECONDS = 10_000, 1_048_576, 26, 86_400
"""Limits of one PutLogEvents call
(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html)."""


@dataclass(frozen=True, slots=True)
class FlowLog:
    """A flow log: its id and format, and for S3 the destination's prefix (ending with `/`, or empty)."""

    flow_log_id: str
    account_id: str
    region: str
    names: tuple[str, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The events of one PutLogEvents call, each (timestamp in milliseconds, message)."""

    log_stream: str
    events: tuple[tuple[int, str], ...]


class RefusedEventsError(Exception):
    """CloudWatch Logs accepted the call but rejected some of its events as too old, too new, or expired."""


def objects(records: Iterable[Record], flow_log: FlowLog) -> Iterator[tuple[str, bytes]]:
    """(key, gzip) of each S3 object in order of time; an object has the records that end in the same five minutes."""
    for stamp, some in _by_end(records, FILE_SECONDS):
        lines = [" ".join(flow_log.names), *(line(record, flow_log.names) for record in some)]
        text = ("\n".join(lines) + "\n").encode()
        yield _key(flow_log, stamp, text), gzip.compress(text, mtime=0)


def event_batches(
    records: Iterable[Record], names: tuple[str, ...], seconds: int = FILE_SECONDS
) -> Iterator[EventBatch]:
    """The events of each log stream, in batches of `seconds` by the records' end, in order of time. AWS delivers about
    every minute; longer batches need fewer invocations and give the same findings.
    """
    for _, some in _by_end(records, seconds):
        streams: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for record in some:
            event = int(record["start"]) * 1000, line(record, names)
            streams[f"{record['interface-id']}-all"].append(event)
        for stream, events in sorted(streams.items()):
            for part in _within_limits(sorted(events)):
                yield EventBatch(stream, tuple(part))


def put_objects(s3: "S3Client", bucket: str, files: Iterable[tuple[str, bytes]]) -> int:
    """Puts the objects; returns their number."""
    count = 0
    for key, body in files:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/octet-stream")
        count += 1
    return count


def put_events(logs: "CloudWatchLogsClient", log_group: str, batches: Iterable[EventBatch]) -> int:
    """Puts the events, creating log streams as needed; returns the number of events. Raises RefusedEventsError when
    CloudWatch Logs rejects any.
    """
    existing: set[str] = set()
    count = 0
    for batch in batches:
        if batch.log_stream not in existing:
            with suppress(logs.exceptions.ResourceAlreadyExistsException):
                logs.create_log_stream(logGroupName=log_group, logStreamName=batch.log_stream)
            existing.add(batch.log_stream)
        events: list[InputLogEventTypeDef] = [{"timestamp": at, "message": message} for at, message in batch.events]
        answer = logs.put_log_events(logGroupName=log_group, logStreamName=batch.log_stream, logEvents=events)
        if refused := answer.get("rejectedLogEventsInfo"):
            raise RefusedEventsError(f"{log_group}, {batch.log_stream}: {refused}")
        count += len(events)
    return count


def _by_end(records: Iterable[Record], seconds: int) -> Iterator[tuple[int, list[Record]]]:
    """(start, records that end in it) of each interval of `seconds`."""

    def stamp(record: Record) -> int:
        return int(record["end"]) // seconds * seconds

    for start, some in groupby(sorted(records, key=stamp), key=stamp):
        yield start, list(some)


def _key(flow_log: FlowLog, stamp: int, text: bytes) -> str:
    """The key of an object, as in https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html."""
    at = datetime.fromtimestamp(stamp, UTC)
    digest = hashlib.sha256(text).hexdigest()[:8]
    account, region = flow_log.account_id, flow_log.region
    folder = f"{flow_log.prefix}AWSLogs/{account}/vpcflowlogs/{region}/{at:%Y/%m/%d}"
    return f"{folder}/{account}_vpcflowlogs_{region}_{flow_log.flow_log_id}_{at:%Y%m%dT%H%MZ}_{digest}.log.gz"


def _within_limits(events: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Events in order of time, split at the limits of PutLogEvents."""
    part: list[tuple[int, str]] = []
    size = 0
    for event in events:
        weight = len(event[1].encode()) + EVENT_OVERHEAD_BYTES
        is_late = bool(part) and event[0] - part[0][0] >= MAX_SPAN_SECONDS * 1000
        if part and (is_late or len(part) == MAX_EVENTS or size + weight > MAX_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(event)
        size += weight
    if part:
        yield part
