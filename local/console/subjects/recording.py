"""A replay that keeps all that flow logs leave: findings, records, metrics and log lines."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from flowsentry.emit.enriched_object import stored_rows
from flowsentry.findings.finding import Finding
from flowsentry.frames import EnrichedFlows, Records
from flowsentry.in_memory import KnownServicesInMemory
from flowsentry.metric_names import namespace_of
from flowsentry.pipeline import Context, Outcome
from local.console.console_data import MAX_FLOWS, LogEvent
from local.console.known_services import ServiceDays
from local.console.subjects.pipeline_metrics import counted
from local.console.subjects.recent_rows import RecentRows
from local.console.subjects.recorded_lines import log_lines
from local.console.subjects.recorded_metrics import RecordedMetrics
from local.log_files import LogSource
from local.reading.log_reading import Coverage
from local.reading.progress import Progress
from local.replay.replay import Replay

DEPLOYMENT = "flowsentry"
GROUP = "/aws/lambda/flowsentry-object-processor"
"""The log group that the lines of a replay are in, as if the function for S3 had processed the files."""
MAX_EVENTS = 200_000
"""Log lines that are kept, the newest, some 100 MB. More: memory. Fewer: tables of a long replay lack the oldest."""


@dataclass
class _Read:
    """The newest rows of files, and the time that their records cover, those without traffic too."""

    rows: RecentRows = field(default_factory=lambda: RecentRows(MAX_FLOWS))
    coverage: Coverage = field(default_factory=Coverage)

    def add(self, rows: pl.DataFrame) -> None:
        if len(rows):
            self.rows.add(rows)


@dataclass
class Recording:
    """What the flow logs that were taken leave, as the recorder of a replay. `complain` gets a sentence about each that
    could not be read, and returns 1.
    """

    context: Context
    log_formats: Sequence[str] = ()
    clock: Callable[[], float] = time.time
    complain: Callable[[object], int] = lambda _message: 1
    progress: Progress = field(default_factory=lambda: Progress(is_wanted=False))
    metrics: RecordedMetrics = field(default_factory=RecordedMetrics)
    events: dict[str, deque[LogEvent]] = field(default_factory=dict)
    _whole: _Read = field(default_factory=_Read)
    _pending: _Read = field(default_factory=_Read)

    def __post_init__(self) -> None:
        self.context = replace(self.context, names_talkers=True)
        self.replay = Replay(
            self.context,
            self.log_formats,
            clock=self.clock,
            complain=self.complain,
            progress=self.progress,
            recorder=self,
        )

    @property
    def findings(self) -> dict[str, Finding]:
        """The findings by id."""
        return self.replay.stored_findings.findings

    @property
    def flows(self) -> pl.DataFrame:
        """The newest MAX_FLOWS enriched records."""
        return self._whole.rows.newest()

    @property
    def coverage(self) -> Coverage:
        """The time that all records cover, those without traffic too."""
        return self._whole.coverage

    @property
    def services(self) -> ServiceDays:
        """All services that answered, and since when each is down."""
        services = self.replay.stores.services
        assert isinstance(services, KnownServicesInMemory)  # noqa: S101 - for the type checker: a replay has no other
        return ServiceDays.in_memory(services)

    @property
    def newest(self) -> int:
        """The Unix second of the newest record that is not in the future; 0 without any."""
        return self.replay.newest_end

    def take_all(self, sources: Iterable[LogSource]) -> None:
        """Takes sources in the order given; one that can't be read is complained about. Raises ConnectionLostError."""
        for _ in self.replay.findings_in_all(sources):
            pass

    def take(self, source: LogSource) -> None:
        """Takes one source. Raises ConnectionLostError."""
        self.take_all([source])

    def add(self, records: Records, flows: EnrichedFlows) -> None:
        """See FlowStore."""
        self._pending.coverage.add(records)
        self._pending.add(stored_rows(flows))

    def drop(self) -> None:
        """See Recorder."""
        self._pending = _Read()

    def keep(self, outcome: Outcome, slots: Sequence[Outcome]) -> None:
        """See Recorder."""
        self._whole.coverage.merge(self._pending.coverage)
        self._whole.add(self._pending.rows.newest())
        self.drop()
        newest = outcome.newest_end or self.newest
        for each in counted(outcome, slots, newest, DEPLOYMENT):
            self.metrics.add(*each)
        events = self.events.setdefault(GROUP, deque(maxlen=MAX_EVENTS))
        for line, at in log_lines(outcome, slots, namespace_of(DEPLOYMENT), newest):
            events.append(LogEvent(line, self.metrics.add_line(line) or at))
