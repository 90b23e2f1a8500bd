"""Floods of findings through the notifier, while calls fail and it is killed: HIGH is told in time, nothing is lost."""

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
from campaigns.emulation.flood_weather import START, KilledError, Listener, Weather
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
"""Within which HIGH is told, counted from when it was put, or from when the last fault ended."""
SWEEP_SECONDS, STREAM_BATCH = 60, 100
FUNCTION_SECONDS, RESERVED_SECONDS = 60, 10
COUNTS = ((0, 1, 5, 40), (1, 1, 1, 3, 30), (0, 0, 3))
"""How many MEDIUM, HIGH and LOW a run may have; the first one of a long run has MEDIUM_FLOOD beside."""
MEDIUM_FLOOD, LONG_SECONDS = 6_000, 30
MAX_FAILURES = 20


@dataclass
class Flood:
    """One run: what is put when, the notifier's invocations, and what came of it."""

    rng: random.Random
    medium: int
    high: int
    low: int
    chance: float
    poison: int
    put_at: dict[str, float] = field(default_factory=dict)
    told_at: dict[str, float] = field(default_factory=dict)
    severities: dict[str, Severity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.weather = Weather(self.rng)
        self.client = FindingsClient(self.weather.around)
        self.topic = Listener("topic", self.weather)
        more = [Listener(name, self.weather, may_refuse=True) for name in ("chat", "events") if self.rng.random() < 0.5]  # noqa: PLR2004
        people = tuple(each for each in more if each.name == "chat")
        machines = tuple(each for each in more if each.name == "events")
        table = FindingTable("findings", self.client, self.weather)  # type: ignore[arg-type]
        channels = Channels((self.topic, *people), machines, (self.topic, *people))
        limit = self.rng.choice((1, 2, 20))
        self.outbox = Outbox(table, channels, AccountResources(), 60, limit, self.weather)
        self.failures: list[str] = []

    def run(self) -> list[str]:
        """What went wrong, in sentences; nothing where all is as promised."""
        waves = self._waves()
        last = max(waves)
        self.weather.chance = self.chance
        for minute in range(int(last - START) // SWEEP_SECONDS + 1):
            self._minute(START + SWEEP_SECONDS * minute, waves)
        self.weather.chance = 0.0
        calm = START + SWEEP_SECONDS * (int(last - START) // SWEEP_SECONDS + 1)
        self._calm(calm)
        return [*self.failures, *self._late(), *self._lost(), *self._repeated()]

    def _waves(self) -> dict[float, list[Finding]]:
        """Findings by when they are put: all in one moment, in several, or the HIGH ones before or after the rest."""
        names = [(Severity.MEDIUM, self.medium), (Severity.HIGH, self.high), (Severity.LOW, self.low)]
        found = [_finding(f"{severity}-{number:05}", severity) for severity, count in names for number in range(count)]
        times = [float(START + self.rng.randrange(0, 240)) for _ in range(self.rng.choice((1, 2, 5)))]
        self.rng.shuffle(found)
        waves: dict[float, list[Finding]] = {}
        for finding in found:
            waves.setdefault(self.rng.choice(times), []).append(finding)
        return waves or {START: []}

    def _minute(self, at: float, waves: dict[float, list[Finding]]) -> None:
        """What is put within a minute, and told by the stream; then a sweep, which may begin within the last batch."""
        for wave_at in sorted(when for when in waves if at <= when < at + SWEEP_SECONDS):
            self._put(wave_at, waves[wave_at])
            ids = [finding.id for finding in waves[wave_at]]
            for start in range(0, len(ids), STREAM_BATCH):
                self._stream(wave_at + 1, ids[start : start + STREAM_BATCH])
        self._invoke(at + SWEEP_SECONDS, self.outbox.publish_left_over)

    def _put(self, at: float, findings: Sequence[Finding]) -> None:
        self.weather.now = at
        self.client.around = undisturbed
        self.outbox.findings.put_new(findings)
        self._put_poison()
        self.client.around = self.weather.around
        for finding in findings:
            self.put_at[finding.id], self.severities[finding.id] = at, finding.severity

    def _put_poison(self) -> None:
        """Items that are no findings, and findings that no message can be made of."""
        for number in range(self.poison):
            severity = self.rng.choice((Severity.HIGH, Severity.MEDIUM, Severity.LOW))
            broken = replace(_finding(f"bad-{number}", severity), first_seen=None)  # type: ignore[arg-type]
            text = self.rng.choice(("no finding", broken.to_json()))
            if broken.id not in self.client.items:
                self.outbox.findings.put_new([broken])
                self.client.items[broken.id]["finding"]["S"] = text

    def _stream(self, at: float, ids: Sequence[str]) -> None:
        """A batch, which fails or is lost now and then; of a flood most comes late, as behind others in the shard."""
        images = [dict(self.client.items[each]) for each in ids]
        if self.rng.random() < 0.2:  # noqa: PLR2004 - now and then
            return
        if self.rng.random() < 0.3:  # noqa: PLR2004
            later = self.rng.choice((0, HIGH_LEFT_OVER_SECONDS))
            self.weather.beside = lambda: self._invoke(self.weather.now + later, self.outbox.publish_left_over)
        for _ in range(2):
            if self._invoke(at, lambda seconds: self.outbox.publish_new(images, seconds)):
                break
        self.weather.beside = None

    def _invoke(self, at: float, work: Callable[[float], None]) -> bool:
        """Whether an invocation ended well; when it is over its time Lambda ends it."""
        was, dead = self.weather.now, self.weather.is_dead
        self.weather.now, self.weather.is_dead = at, False
        try:
            work(FUNCTION_SECONDS - RESERVED_SECONDS)
        except (RetryableError, KilledError, ClientError):
            return False
        finally:
            if not self.weather.chance and self.weather.now > at + FUNCTION_SECONDS:
                self.failures.append(f"a run took {self.weather.now - at:.0f} s")
            self._note()
            self.weather.is_dead, self.weather.now = dead, max(was, self.weather.now)
        return True

    def _note(self) -> None:
        """When the topic was told of what, by itself or, as the marks say, together with others."""
        for finding_id in self.put_at.keys() - self.told_at.keys():
            if finding_id in self.topic.alone or _has_topic(self.client.items[finding_id]):
                self.told_at[finding_id] = self.weather.now

    def _calm(self, since: float) -> None:
        """Three hours without faults: minutes at first, then now and then a sweep."""
        minutes = (*range(5), *range(5, 190, 15))
        for minute in minutes:
            self._invoke(since + SWEEP_SECONDS * (minute + 1), self.outbox.publish_left_over)

    def _late(self) -> Iterator[str]:
        calm = self.weather.calm_since
        for finding_id, severity in self.severities.items():
            told, due = self.told_at.get(finding_id), max(self.put_at[finding_id], calm) + HIGH_SECONDS
            if severity is Severity.HIGH and (told is None or told > due):
                yield f"{finding_id} was told {f'{told - due:.0f} s late' if told else 'never'}"

    def _lost(self) -> Iterator[str]:
        """What nobody was told of, what is in no message though it is marked, and poison that is not set aside."""
        yield from (f"{each} is lost" for each in sorted(self.put_at.keys() - self.told_at.keys()))
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
        """Where nothing failed, nothing is told twice."""
        if not self.chance:
            twice = [each for each, times in self.topic.alone.items() if len(times) > 1]
            yield from (f"{each} was told twice" for each in twice)
            if sum(self.topic.together) + len(self.topic.alone) > len(self.put_at):
                yield "findings are in two messages"


def run(seconds: float, seed: int) -> Report:
    """As many floods as fit into the time, a long run begins with the largest; the same seed gives the same floods."""
    rng, until = random.Random(seed), time.monotonic() + seconds
    told: Counter[str] = Counter()
    failures: list[str] = []
    with _quietly():
        while not told["runs"] or time.monotonic() < until:
            medium, high, low = map(rng.choice, COUNTS)
            medium += MEDIUM_FLOOD if seconds >= LONG_SECONDS and not told["runs"] else 0
            flood = Flood(rng, medium, high, low, rng.choice((0.0, 0.01, 0.05, 0.2)), rng.choice((0, 0, 3)))
            wrong = flood.run()
            told.update(runs=1, inputs=len(flood.put_at), faults=flood.weather.faults)
            told["lost"] += sum(each.endswith(("lost", "still waits")) for each in wrong)
            failures += [f"seed {seed}, flood {told['runs']}: {each}" for each in wrong[:MAX_FAILURES]]
    return Report(
        "alert floods", told["inputs"], told["faults"], told["lost"], peak_mb(), tuple(failures[:MAX_FAILURES])
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Without log lines, metrics and long messages, and with one call after the other, so that a seed says all."""
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
    """Words are tried elsewhere; what has no time has none here either."""
    if finding.first_seen is None:
        raise TypeError(finding.id)
    return AlertMessage(finding.id, finding.id, "{}", "{}", {})


def _has_topic(item: Item) -> bool:
    return "published_at" in item or "topic" in item.get("delivered_to", {}).get("SS", [])


def _finding(name: str, severity: Severity) -> Finding:
    details = {"relation": "inside_to_inside", "hosts": 12, "ports": 1}
    return Finding(name, "host_sweep", severity, "a scan", "10.0.0.5", "vpc-1", 1, START, endpoints=12, details=details)
