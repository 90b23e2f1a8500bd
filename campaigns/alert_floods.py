"""Floods of findings through a notifier that is killed and whose calls fail: HIGH is on time, nothing is lost."""

import logging
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError

from campaigns.emulation.findings_client import FindingsClient, Item, undisturbed
from campaigns.emulation.flood_faults import START, FaultModel, KilledError, RecordingChannel
from campaigns.process_memory import peak_mb
from campaigns.report import Report
from flowsentry.aws import concurrency
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications import urgent
from flowsentry.aws.notifications.channels import Channels
from flowsentry.aws.notifications.outbox import HIGH_LEFT_OVER_SECONDS, Outbox
from flowsentry.emit.alert_message import AlertMessage
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import RetryableError
from flowsentry.findings.finding import Finding, Severity
from flowsentry.telemetry import logger, metrics

HIGH_SECONDS = 120
"""Maximum delay of HIGH, from when it was stored or from the end of the last fault."""
SWEEP_SECONDS, STREAM_BATCH = 60, 100
FUNCTION_SECONDS, RESERVED_SECONDS = 60, 10
COUNTS = ((0, 1, 5, 40), (1, 1, 1, 3, 30), (0, 0, 3))
"""Possible numbers of MEDIUM, HIGH and LOW findings in a run; the first run of a long campaign adds MEDIUM_FLOOD."""
MEDIUM_FLOOD, LONG_SECONDS = 6_000, 30
MAX_FAILURES = 20


@dataclass
class Flood:
    """One run: findings and the times they are stored, the notifier's invocations, and the result."""

    rng: random.Random
    medium: int
    high: int
    low: int
    chance: float
    poison: int
    put_at: dict[str, float] = field(default_factory=dict)
    delivered_at: dict[str, float] = field(default_factory=dict)
    severities: dict[str, Severity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fault_model = FaultModel(self.rng)
        self.client = FindingsClient(self.fault_model.around)
        self.topic = RecordingChannel("topic", self.fault_model)
        more = [
            RecordingChannel(name, self.fault_model, may_refuse=True)
            for name in ("chat", "events")
            if self.rng.random() < 0.5  # noqa: PLR2004 - half
        ]
        people = tuple(each for each in more if each.name == "chat")
        machines = tuple(each for each in more if each.name == "events")
        table = FindingTable("findings", self.client, self.fault_model)  # type: ignore[arg-type]
        channels = Channels((self.topic, *people), machines, (self.topic, *people))
        limit = self.rng.choice((1, 2, 20))
        self.outbox = Outbox(table, channels, AccountResources(), 60, limit, self.fault_model)
        self.failures: list[str] = []

    def run(self) -> list[str]:
        """The failures, in sentences; none when all expectations hold."""
        waves = self._waves()
        last = max(waves)
        self.fault_model.chance = self.chance
        for minute in range(int(last - START) // SWEEP_SECONDS + 1):
            self._minute(START + SWEEP_SECONDS * minute, waves)
        self.fault_model.chance = 0.0
        calm = START + SWEEP_SECONDS * (int(last - START) // SWEEP_SECONDS + 1)
        self._calm(calm)
        return [*self.failures, *self._late(), *self._lost(), *self._repeated()]

    def _waves(self) -> dict[float, list[Finding]]:
        """Findings by the time they are stored: all at once, at several times, or HIGH before or after the others."""
        names = [(Severity.MEDIUM, self.medium), (Severity.HIGH, self.high), (Severity.LOW, self.low)]
        found = [_finding(f"{severity}-{number:05}", severity) for severity, count in names for number in range(count)]
        times = [float(START + self.rng.randrange(0, 240)) for _ in range(self.rng.choice((1, 2, 5)))]
        self.rng.shuffle(found)
        waves: dict[float, list[Finding]] = {}
        for finding in found:
            waves.setdefault(self.rng.choice(times), []).append(finding)
        return waves or {START: []}

    def _minute(self, at: float, waves: dict[float, list[Finding]]) -> None:
        """Stores a minute's findings and delivers the stream; then a sweep, which may begin during the last batch."""
        for wave_at in sorted(when for when in waves if at <= when < at + SWEEP_SECONDS):
            self._put(wave_at, waves[wave_at])
            ids = [finding.id for finding in waves[wave_at]]
            for start in range(0, len(ids), STREAM_BATCH):
                self._stream(wave_at + 1, ids[start : start + STREAM_BATCH])
        self._invoke(at + SWEEP_SECONDS, self.outbox.publish_left_over)

    def _put(self, at: float, findings: Sequence[Finding]) -> None:
        self.fault_model.now = at
        self.client.around = undisturbed
        self.outbox.findings.put_new(findings)
        self._put_poison()
        self.client.around = self.fault_model.around
        for finding in findings:
            self.put_at[finding.id], self.severities[finding.id] = at, finding.severity

    def _put_poison(self) -> None:
        """Stores items that are no findings, and findings that cannot be rendered."""
        for number in range(self.poison):
            severity = self.rng.choice((Severity.HIGH, Severity.MEDIUM, Severity.LOW))
            broken = replace(_finding(f"bad-{number}", severity), first_seen=None)  # type: ignore[arg-type]
            text = self.rng.choice(("no finding", broken.to_json()))
            if broken.id not in self.client.items:
                self.outbox.findings.put_new([broken])
                self.client.items[broken.id]["finding"]["S"] = text

    def _stream(self, at: float, ids: Sequence[str]) -> None:
        """A stream batch, which sometimes fails or is lost; most of a flood comes late, behind others in a shard."""
        images = [dict(self.client.items[each]) for each in ids]
        if self.rng.random() < 0.2:  # noqa: PLR2004 - now and then
            return
        if self.rng.random() < 0.3:  # noqa: PLR2004
            later = self.rng.choice((0, HIGH_LEFT_OVER_SECONDS))
            self.fault_model.beside = lambda: self._invoke(self.fault_model.now + later, self.outbox.publish_left_over)
        for _ in range(2):
            if self._invoke(at, lambda seconds: self.outbox.publish_new(images, seconds)):
                break
        self.fault_model.beside = None

    def _invoke(self, at: float, work: Callable[[float], None]) -> bool:
        """Whether an invocation succeeded; Lambda ends it at its timeout."""
        was, dead = self.fault_model.now, self.fault_model.is_dead
        self.fault_model.now, self.fault_model.is_dead = at, False
        try:
            work(FUNCTION_SECONDS - RESERVED_SECONDS)
        except (RetryableError, KilledError, ClientError):
            return False
        finally:
            if not self.fault_model.chance and self.fault_model.now > at + FUNCTION_SECONDS:
                self.failures.append(f"a run took {self.fault_model.now - at:.0f} s")
            self._note()
            self.fault_model.is_dead, self.fault_model.now = dead, max(was, self.fault_model.now)
        return True

    def _note(self) -> None:
        """Notes when the topic received each finding, alone or in a summary."""
        for finding_id in self.put_at.keys() - self.delivered_at.keys():
            if finding_id in self.topic.alone or _has_topic(self.client.items[finding_id]):
                self.delivered_at[finding_id] = self.fault_model.now

    def _calm(self, since: float) -> None:
        """Three hours without faults: a sweep each minute at first, then every 15 minutes."""
        minutes = (*range(5), *range(5, 190, 15))
        for minute in minutes:
            self._invoke(since + SWEEP_SECONDS * (minute + 1), self.outbox.publish_left_over)

    def _late(self) -> Iterator[str]:
        calm = self.fault_model.last_fault_at
        for finding_id, severity in self.severities.items():
            delivered, due = self.delivered_at.get(finding_id), max(self.put_at[finding_id], calm) + HIGH_SECONDS
            if severity is Severity.HIGH and (delivered is None or delivered > due):
                yield f"{finding_id} was delivered {f'{delivered - due:.0f} s late' if delivered else 'never'}"

    def _lost(self) -> Iterator[str]:
        """Findings that were not delivered, that are marked but in no message, and poison that is not quarantined."""
        yield from (f"{each} is lost" for each in sorted(self.put_at.keys() - self.delivered_at.keys()))
        unmarked = [
            each
            for each, item in self.client.items.items()
            if each.startswith("bad-") and "undelivered_reason" not in item
        ]
        yield from (f"{each} is not set aside" for each in unmarked)
        waiting = [each for each, item in self.client.items.items() if "unpublished" in item]
        yield from (f"{each} still waits" for each in waiting)
        if sum(self.topic.together) + len(self.topic.alone) < len(self.put_at):
            yield "messages have fewer findings than there were"

    def _repeated(self) -> Iterator[str]:
        """Without faults, findings that were delivered twice."""
        if not self.chance:
            twice = [each for each, times in self.topic.alone.items() if len(times) > 1]
            yield from (f"{each} was delivered twice" for each in twice)
            if sum(self.topic.together) + len(self.topic.alone) > len(self.put_at):
                yield "findings are in two messages"


def run(seconds: float, seed: int) -> Report:
    """Runs floods until the time is over, the largest first in a long campaign. The same seed gives the same floods."""
    rng, until = random.Random(seed), time.monotonic() + seconds
    delivered: Counter[str] = Counter()
    failures: list[str] = []
    with _quietly():
        while not delivered["runs"] or time.monotonic() < until:
            medium, high, low = map(rng.choice, COUNTS)
            medium += MEDIUM_FLOOD if seconds >= LONG_SECONDS and not delivered["runs"] else 0
            flood = Flood(rng, medium, high, low, rng.choice((0.0, 0.01, 0.05, 0.2)), rng.choice((0, 0, 3)))
            wrong = flood.run()
            delivered.update(runs=1, inputs=len(flood.put_at), faults=flood.fault_model.faults)
            delivered["lost"] += sum(each.endswith(("lost", "still waits")) for each in wrong)
            failures += [f"seed {seed}, flood {delivered['runs']}: {each}" for each in wrong[:MAX_FAILURES]]
    return Report(
        "alert floods",
        delivered["inputs"],
        delivered["faults"],
        delivered["lost"],
        peak_mb(),
        tuple(failures[:MAX_FAILURES]),
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Disables logs, metrics and long messages, and makes calls sequential, so that a seed determines the run."""
    level = logger().log_level
    logger().setLevel(logging.CRITICAL)
    one_thread = patch.object(concurrency, "MAX_THREADS", 1)
    brief = patch.object(urgent, "alert_message", _brief)
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), one_thread, brief:
            yield
    finally:
        logger().setLevel(level)
        metrics().clear_metrics()


def _brief(finding: Finding, *_: Any) -> AlertMessage:
    """A short message instead of the real text. Raises TypeError for a finding without a time, as the real one does."""
    if finding.first_seen is None:
        raise TypeError(finding.id)
    return AlertMessage(finding.id, finding.id, "{}", "{}", {})


def _has_topic(item: Item) -> bool:
    return "published_at" in item or "topic" in item.get("delivered_to", {}).get("SS", [])


def _finding(name: str, severity: Severity) -> Finding:
    details = {"relation": "inside_to_inside", "hosts": 12, "ports": 1}
    return Finding(name, "host_sweep", severity, "a scan", "10.0.0.5", "vpc-1", 1, START, endpoints=12, details=details)
