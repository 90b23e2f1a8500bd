"""Records which flow logs the records of a source come from. It never fails, and mostly only counts in memory."""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from flowsentry.aws.bounded_memory import BoundedMemory
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Inventory
from flowsentry.records.flow_logs import LogStream
from flowsentry.telemetry import logger

WRITE_SECONDS = 300
"""Least time between two writes of a process about one flow log. Longer: an alert about a flow log that stopped is
later. Shorter: more writes; with five minutes, ten processes and 100 flow logs, those of a month cost $5."""
RECENT_SECONDS = 3_600
"""Records that ended longer ago do not show that their flow log delivers. Longer: a redrive or replay of old objects
hides that a flow log has stopped. Shorter: after an outage of this app a flow log seems to have stopped."""
MAX_STREAMS = 10_000
"""Log streams whose flow logs are cached. More: memory, some 300 bytes each. Fewer: with more network interfaces, each
payload looks them up again, in 2 ms."""


class Writer(Protocol):
    """Stores the activity of a flow log."""

    def add(self, flow_log_id: str, records: int, skipped: int) -> None: ...


class _Pending(Struct):
    """What was counted since the last write."""

    written_at: float = float("-inf")
    records: int = 0
    skipped: int = 0


@dataclass
class ActivityRecorder:
    """Adds up the records of each flow log and writes them every WRITE_SECONDS. What a process has not written when it
    ends is missing from the counts, which are used for shares only.
    """

    writer: Writer
    clock: Callable[[], float] = time.time
    _pending: dict[str, _Pending] = field(default_factory=dict, init=False)
    _of_streams: BoundedMemory[LogStream, tuple[float, tuple[str, ...]]] = field(
        default_factory=lambda: BoundedMemory(MAX_STREAMS), init=False
    )

    def of_stream(
        self, stream: LogStream, inventory: Inventory, resource_ids: Callable[[], Collection[str]]
    ) -> tuple[str, ...]:
        """The ids of the flow logs that write to a log stream; `resource_ids` are looked up once in WRITE_SECONDS."""
        now, cached = self.clock(), self._of_streams.get(stream)
        if cached and now < cached[0]:
            return cached[1]
        flow_logs = [each for each in inventory.flow_logs.values() if each.destination == stream.log_group]
        ids = resource_ids() if flow_logs else ()
        found = tuple(each.flow_log_id for each in flow_logs if stream.may_be_of(each, ids))
        self._of_streams.put(stream, (now + WRITE_SECONDS, found))
        return found

    def record(self, flow_log_ids: Iterable[str], newest_end: float, records: int, skipped: int) -> None:
        """Counts the records of a source, the newest of which ended at `newest_end` (Unix s)."""
        now = self.clock()
        if now - newest_end > RECENT_SECONDS:
            return
        for flow_log_id in flow_log_ids:
            pending = self._pending.setdefault(flow_log_id, _Pending())
            pending.records += records
            pending.skipped += skipped
            if now - pending.written_at >= WRITE_SECONDS:
                self._write(flow_log_id, pending)

    def _write(self, flow_log_id: str, pending: _Pending) -> None:
        try:
            self.writer.add(flow_log_id, pending.records, pending.skipped)
        except (RetryableError, ClientError, BotoCoreError) as error:
            logger().warning("activity not recorded", extra={"flow_log": flow_log_id, "error": str(error)})
        self._pending[flow_log_id] = _Pending(written_at=self.clock())


def resources_of(stream: LogStream, scopes: Iterable[str | None], inventory: Inventory) -> set[str]:
    """The resources whose flow logs may have written these records: the interface that names the log stream, its subnet
    and its VPC, which never change, and the `scopes` of the records.
    """
    rows = inventory.assignments.filter(pl.col("interface_id") == stream.resource_id).head(1)
    known = (*rows["subnet_id"].cast(pl.String), *rows["vpc_id"].cast(pl.String))
    return {each for each in (stream.resource_id, *scopes, *known) if each}
