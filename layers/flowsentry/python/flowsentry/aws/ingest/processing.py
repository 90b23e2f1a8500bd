"""Processes one source (an object or a payload): runs the pipeline, writes its results to AWS, then its metrics."""

import hashlib
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, Self

from flowsentry import pipeline
from flowsentry.aws import clients
from flowsentry.aws.detection_settings import read_detection_settings
from flowsentry.aws.evidence.known_services_table import KnownServicesTable
from flowsentry.aws.evidence.table import EvidenceTable
from flowsentry.aws.findings.suppressions import LiveSuppressions
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.flow_logs.activity_table import ActivityTable
from flowsentry.aws.flow_logs.recorder import ActivityRecorder, resources_of
from flowsentry.aws.geo_databases import GeoDatabases
from flowsentry.aws.inventory.requests import UnknownInterfaces
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.aws.object_store import ObjectStore, RejectedSample, StoredObject
from flowsentry.aws.snapshot import in_snapshot
from flowsentry.aws.source_metrics import log_source, measure_source
from flowsentry.aws.time_budget import Invocation, seconds_left
from flowsentry.capture_gaps import last_hour_end
from flowsentry.emit.enriched_object import EnrichedFile, enriched_key
from flowsentry.errors import UnreadableError
from flowsentry.findings.evidence import EvidenceStore
from flowsentry.findings.finding import FindingStore
from flowsentry.findings.known_services import KnownServices
from flowsentry.findings.suppressions import Suppressions
from flowsentry.findings.thresholds import Thresholds
from flowsentry.frames import LogChunk
from flowsentry.in_memory import KnownServicesInMemory
from flowsentry.inventory.address_space import PRIVATE_NETWORKS
from flowsentry.inventory.geoip import Geography
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.named_services import NamedServices
from flowsentry.pipeline import Context, Outcome, Stores
from flowsentry.records.flow_logs import LogStream
from flowsentry.records.object_key import Origin
from flowsentry.settings import ProcessorSettings
from flowsentry.telemetry import count, logger

FOLDER_PREFIX = "flowsentry-"
LEFT_BEHIND_SECONDS = 3_600
"""An older folder was left by an invocation that timed out (at most 15 minutes), since /tmp is kept between
invocations. Longer: it takes room for longer. Shorter than 15 minutes: a folder in use is deleted."""


class InterfaceRequests(Protocol):
    """Requests the discovery of network interfaces that the inventory does not have. Never fails."""

    def request(self, interface_ids: Iterable[str], absent: Mapping[str, int]) -> None: ...


@dataclass
class SourceProcessor:
    """The stores and settings of a processor. It runs in `region`, and logs so many `top_talkers` of each source."""

    evidence: EvidenceStore
    findings: FindingStore
    inventory: InventoryStore
    store: ObjectStore
    output_bucket: str
    unknown: InterfaceRequests
    inside_networks: tuple[str, ...] = PRIVATE_NETWORKS
    clock: Callable[[], float] = time.time
    region: str | None = None
    geo_databases: GeoDatabases | None = None
    trusted_networks: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    suppressions: LiveSuppressions | None = None
    services: KnownServices = field(default_factory=KnownServicesInMemory)
    important_services: NamedServices = field(default_factory=NamedServices)
    public_services: NamedServices = field(default_factory=NamedServices)
    activity: ActivityRecorder | None = None
    top_talkers: int = 0
    _context: Context = field(default_factory=Context, init=False)
    seconds_left: Callable[[], float] = field(default_factory=lambda: lambda: math.inf, init=False)

    @classmethod
    def of(cls, settings: ProcessorSettings) -> Self:
        """The processor for a function's settings; deletes files that earlier invocations left in /tmp.

        Raises what `read_detection_settings` raises.
        """
        remove_left_behind(time.time())
        detection = read_detection_settings(settings.detection_settings, clients.s3())
        return cls(
            EvidenceTable(settings.evidence_table, clients.dynamodb()),
            FindingTable(settings.findings_table, clients.dynamodb(), observe_only_until=settings.observe_only_until),
            InventoryStore(settings.output_bucket, settings.inventory_key, clients.s3()),
            ObjectStore(clients.s3()),
            settings.output_bucket,
            UnknownInterfaces(settings.inventory_queue_url, clients.sqs()),
            (detection.inside_networks or PRIVATE_NETWORKS) + detection.own_public_networks,
            region=clients.s3().meta.region_name,
            geo_databases=GeoDatabases(settings.geo_databases, clients.s3()),
            trusted_networks=detection.trusted_networks,
            thresholds=Thresholds.from_json(detection.thresholds),
            suppressions=LiveSuppressions.of(
                settings.output_bucket, settings.suppressions_key, settings.suppressions_parameter
            ),
            services=KnownServicesTable(settings.evidence_table, clients.dynamodb()),
            important_services=NamedServices.of(detection.important_services),
            public_services=NamedServices.of(detection.public_login_services),
            activity=ActivityRecorder(ActivityTable(settings.evidence_table, clients.dynamodb())),
            top_talkers=settings.top_talkers,
        )

    def during(self, invocation: Invocation) -> None:
        """Call once per invocation: findings of a source with very many are written only while there is time."""
        self.seconds_left = partial(seconds_left, invocation)

    def process(
        self,
        source: str,
        texts: Iterable[LogChunk],
        *,
        origin: Origin | None = None,
        log_stream: LogStream | None = None,
        comes_again: bool = False,
    ) -> Outcome:
        """The outcome of a source, after every store has accepted its results. The origin, where known, is logged and
        written to the enriched file; origin or log stream state the flow log. A source that cannot be read and
        `comes_again` is not measured, since it would be counted at each attempt.

        Nothing is stored of a source that raises PoisonError (never retry). After RetryableError, or any other error,
        a second run leaves the same results as one run. Metrics are printed last, so a failed run prints none.
        """
        with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
            file = EnrichedFile(Path(folder) / "enriched.parquet", origin)
            context, now = self.current_context(), self.clock()
            outcome = pipeline.process(texts, context, self.stores, file, now, self.seconds_left)
            self.keep(source, outcome, file.path, {source: outcome.rejected.sample})
        self.unknown.request(outcome.unknown_interfaces, context.inventory.absent)
        log_source(source, origin, outcome)
        if not (comes_again and isinstance(outcome.damage, UnreadableError)):
            self.record_activity(outcome, origin, context.inventory, log_stream)
            measure_source(outcome, int(self.clock()), self.top_talkers)
        return outcome

    @property
    def stores(self) -> Stores:
        return Stores(self.evidence, self.findings, self.services)

    def keep(self, source: str, outcome: Outcome, enriched: Path, rejected: Mapping[str, RejectedSample]) -> None:
        """Writes the rejected lines of a source, by the source that they are of, and its enriched file, if there is
        one; last, so that no row is stored of what fails. Raises RetryableError when S3 cannot be reached.
        """
        if any(rejected.values()):
            self.store.put_rejected(StoredObject(self.output_bucket, rejected_key(source)), rejected)
        if enriched.exists():
            key = enriched_key(source, outcome.newest_end or 0)
            self.store.put_file(StoredObject(self.output_bucket, key), enriched)

    def current_context(self) -> Context:
        """The context of the source that is processed now; counts the age of the inventory. Raises RetryableError."""
        inventory = self.inventory.load()
        current = Context(
            inventory,
            self.inside_networks,
            self._current_geography(),
            self.trusted_networks,
            self.thresholds,
            self.suppressions.load() if self.suppressions else Suppressions(),
            self.important_services,
            self.public_services,
            self.top_talkers > 0,
        )
        if current != self._context:
            self._context = current
        count("InventoryMissing", int(self.inventory.is_missing))
        if target_states := inventory.target_states.values():
            newest_discovery = max(target_state.taken_at for target_state in target_states)
            count("InventoryAgeSeconds", max(0, self.clock() - newest_discovery))
        return self._context

    def _current_geography(self) -> Geography:
        if self.geo_databases is None:
            return self._context.geography
        geography = self.geo_databases.load()
        problems, self.geo_databases.problems = self.geo_databases.problems, []
        count("GeoDatabasesMissing", len(problems))
        for problem in problems:
            logger().warning("geographic database not used", extra={"problem": problem})
        return geography

    def record_activity(
        self, outcome: Outcome, origin: Origin | None, inventory: Inventory, log_stream: LogStream | None = None
    ) -> None:
        """Records that the flow log of a source delivers, if the inventory knows it; origin or log stream state it."""
        newest_end = max(outcome.newest_end or 0, last_hour_end(outcome.capture_gaps) or 0)
        if self.activity is None or not newest_end:
            return
        flow_log_ids: tuple[str, ...] = ()
        if log_stream:
            flow_log_ids = self.activity.of_stream(
                log_stream, inventory, partial(_resources_of, log_stream, outcome, inventory)
            )
        elif origin and origin.flow_log_id in inventory.flow_logs:
            flow_log_ids = (origin.flow_log_id,)
        self.activity.record(flow_log_ids, newest_end, outcome.accepted_records + outcome.nodata, outcome.skipdata)


def _resources_of(log_stream: LogStream, outcome: Outcome, inventory: Inventory) -> set[str]:
    scopes = (*outcome.measurements["scope"].unique(), *outcome.capture_gaps["scope"].unique())
    return resources_of(log_stream, scopes, inventory)


def rejected_key(source: str) -> str:
    """The key of the sample of a source's rejected lines, equal for the same source."""
    return f"rejected/{hashlib.blake2b(source.encode(), digest_size=16).hexdigest()}.jsonl"


def remove_left_behind(now: float) -> None:
    """Deletes the temporary folders of invocations that timed out before they could do so."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        if folder.is_dir() and now - folder.stat().st_mtime > LEFT_BEHIND_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


in_snapshot(clients.dynamodb, clients.s3, clients.sqs, clients.ssm)  # what both processors use
