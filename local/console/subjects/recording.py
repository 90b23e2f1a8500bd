"""Runs flow logs through the pipeline and keeps all that it leaves: findings, records, metrics and log lines."""

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from flowsentry.aws.ingest.parquet_trial import tried
from flowsentry.decode import object_texts
from flowsentry.emit.enriched_object import EnrichedFile
from flowsentry.emit.log_lines.charges import charge_lines
from flowsentry.emit.log_lines.findings import finding_lines
from flowsentry.emit.log_lines.talkers import talkers_line
from flowsentry.emit.metrics import emf
from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Finding
from flowsentry.frames import LogChunk
from flowsentry.in_memory import EvidenceInMemory, FindingsInMemory, KnownServicesInMemory
from flowsentry.metric_names import namespace_of
from flowsentry.parse import parse_chunk
from flowsentry.pipeline import Context, Outcome, Stores, process
from local.console.console_data import MAX_FLOWS, LogEvent
from local.console.known_services import ServiceDays
from local.console.subjects.pipeline_metrics import counted
from local.console.subjects.recent_rows import RecentRows
from local.console.subjects.recorded_metrics import RecordedMetrics
from local.log_files import LogSource
from local.reading.log_reading import Coverage

DEPLOYMENT = "flowsentry"
GROUP = "/aws/lambda/flowsentry-object-processor"
"""The log group that the lines of a replay are in, as if the function for S3 had processed the files."""
MAX_EVENTS = 200_000
"""Log lines that are kept, the newest, some 100 MB. More: memory. Fewer: tables of a long replay lack the oldest."""
TOP_TALKERS = 10
"""Talkers of a source with a line, as the setting `top_talkers` is by default."""


@dataclass
class Recording:
    """What the flow logs that were taken leave. `complain` gets a sentence about each that could not be read."""

    context: Context
    log_formats: Sequence[str] = ()
    clock: Callable[[], float] = time.time
    complain: Callable[[object], object] = lambda _message: None
    metrics: RecordedMetrics = field(default_factory=RecordedMetrics)
    events: dict[str, deque[LogEvent]] = field(default_factory=dict)
    newest: int = 0
    unread: int = 0
    coverage: Coverage = field(default_factory=Coverage)
    lines: int = 0
    records: int = 0
    _rows: RecentRows = field(default_factory=lambda: RecentRows(MAX_FLOWS))
    _findings: FindingsInMemory = field(default_factory=FindingsInMemory)
    _known: KnownServicesInMemory = field(default_factory=KnownServicesInMemory)

    def __post_init__(self) -> None:
        self.context = replace(self.context, names_talkers=True)
        self._stores = Stores(EvidenceInMemory(), self._findings, self._known)

    @property
    def findings(self) -> dict[str, Finding]:
        """The findings by id."""
        return self._findings.findings

    @property
    def flows(self) -> pl.DataFrame:
        """The newest MAX_FLOWS enriched records."""
        return self._rows.newest()

    @property
    def services(self) -> ServiceDays:
        """All services that answered, and since when each is down."""
        return ServiceDays.in_memory(self._known)

    def take_all(self, sources: Iterable[LogSource]) -> None:
        """Takes sources in the order given."""
        for source in sources:
            self.take(source)

    def take(self, source: LogSource) -> None:
        """Takes one source; one that can't be read is complained about."""
        with tempfile.TemporaryDirectory(prefix="flowsentry-console-") as folder:
            file = EnrichedFile(Path(folder) / "enriched.parquet")
            try:
                texts = object_texts(source.blocks(), self.log_formats, tried)
                outcome = process(self._covered(texts), self.context, self._stores, file, now=self.clock())
            except (PoisonError, OSError) as error:
                self._note_unread(source, error)
                return
            if outcome.damage:
                self._note_unread(source, outcome.damage)
            if file.path.exists():
                self._rows.add(pl.read_parquet(file.path))
        self._keep(outcome)

    def _covered(self, texts: Iterable[LogChunk]) -> Iterator[LogChunk]:
        """The same chunks; the times of their records, those without traffic too, are added to `coverage`."""
        for text in texts:
            for parsed in parse_chunk(text):
                self.coverage.add(parsed.records)
            yield text

    def _note_unread(self, source: LogSource, error: Exception) -> None:
        self.unread += 1
        self.complain(f"{source.name}: {error}")

    def _keep(self, outcome: Outcome) -> None:
        self.lines += outcome.lines
        self.records += outcome.accepted_records
        at = outcome.newest_end or 0
        self.newest = max(self.newest, at)
        namespace = namespace_of(DEPLOYMENT)
        for each in counted(outcome, DEPLOYMENT):
            self.metrics.add(*each)
        lines = [
            *emf(outcome.measurements, outcome.owner_sums, namespace, at).lines,
            *charge_lines(outcome.charge_sums, namespace, at),
            talkers_line(outcome.talkers, outcome.accepted_records, TOP_TALKERS),
            *finding_lines(outcome.findings),
        ]
        for line in filter(None, lines):
            self.metrics.add_line(line)
            self.events.setdefault(GROUP, deque(maxlen=MAX_EVENTS)).append(LogEvent(line, at * 1000))
