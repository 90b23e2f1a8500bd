"""An outbox on a table in memory, channels that can fail, and a clock that tests set."""

import json
from dataclasses import dataclass, field
from typing import Any

from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.findings.triage import FindingTriage
from flowsentry.aws.notifications.channels import Channel, Channels, Notification
from flowsentry.aws.notifications.outbox import Outbox
from flowsentry.aws.notifications.pause import NO_PAUSE, Pause
from flowsentry.emit.console_queries import AccountResources
from flowsentry.findings.finding import Finding, Severity
from tests.moto_world import FINDINGS_TABLE, items_of, make_findings_table

NOW = 1_790_000_000
MINUTE, HOUR, DAY = 60, 3_600, 86_400
SWEEP_SECONDS = 5 * MINUTE


def finding(name: str, severity: Severity = Severity.HIGH, *, thread: str = "", **values: Any) -> Finding:
    fields = {
        "title": "a scan",
        "subject": "10.0.0.5",
        "scope": "vpc-1",
        "first_seen": 1,
        "last_seen": NOW,
    } | values
    details = {"relation": "inside_to_inside", "hosts": 12, "ports": 1}
    return Finding(name, "host_sweep", severity, **fields, endpoints=12, details=details, thread=thread)  # type: ignore[arg-type]


class Clock:
    """The current time in Unix seconds, set by tests."""

    def __init__(self) -> None:
        self.now: float = NOW

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeChannel:
    """A channel that records messages and their times; raises `error` instead, or `after` once it recorded one."""

    name: str
    clock: Clock
    may_refuse: bool = False
    error: Exception | None = None
    after: BaseException | None = None
    refused_text: str = ""
    sent: list[tuple[float, Notification]] = field(default_factory=list)
    tries: int = 0

    def send(self, notification: Notification) -> None:
        self.tries += 1
        if self.error and self.refused_text in notification.message.json:
            raise self.error
        self.sent.append((self.clock(), notification))
        if self.after:
            raise self.after

    @property
    def ids(self) -> list[str]:
        """The findings that it received one by one."""
        return [notification.finding.id for _, notification in self.sent if notification.finding]

    @property
    def summary_counts(self) -> list[int]:
        """The number of findings in each message about several."""
        several = [json.loads(notification.message.json) for _, notification in self.sent if not notification.finding]
        return [message["count"] for message in several]

    def most_in_an_hour(self) -> int:
        """The most messages about single findings in any 60 minutes."""
        times = [at for at, notification in self.sent if notification.finding]
        return max((sum(start <= at < start + HOUR for at in times) for start in times), default=0)


def _no_pause() -> Pause:
    return NO_PAUSE


class OutboxWorld:
    """The table, the clock, the channels, and the outbox that connects them."""

    def __init__(self, *more: str, limit: int = 20, digest_minutes: int = 60) -> None:
        make_findings_table()
        self.clock = Clock()
        self.topic = FakeChannel("topic", self.clock)
        self.more = {name: FakeChannel(name, self.clock, may_refuse=True) for name in more}
        self.limit, self.digest_minutes = limit, digest_minutes
        self.pause_of_outbox = _no_pause
        self.table = FindingTable(FINDINGS_TABLE, clients.dynamodb(), self.clock)
        self.finding_triage = FindingTriage(FINDINGS_TABLE, clients.dynamodb(), self.clock)

    @property
    def channels(self) -> Channels:
        def known(*names: str) -> tuple[Channel, ...]:
            return tuple(self.more[name] for name in names if name in self.more)

        topic: Channel = self.topic
        return Channels((topic, *known("chat")), known("events", "security-hub"), (topic, *known("chat", "events")))

    @property
    def outbox(self) -> Outbox:
        """In a new process."""
        resources = AccountResources()
        return Outbox(
            self.table, self.channels, resources, self.digest_minutes, self.limit, self.clock, self.pause_of_outbox
        )

    def put(self, *findings: Finding) -> None:
        self.table.put_new(findings)

    def stream(self, *ids: str) -> None:
        """Delivers these findings from the stream, or all."""
        images = [item for item in items_of(FINDINGS_TABLE) if not ids or item["id"]["S"] in ids]
        self.outbox.publish_new(images)

    def sweep(self) -> None:
        self.outbox.publish_left_over()

    def sweep_for(self, seconds: int) -> None:
        """Runs sweeps for so long; over a day or more, one an hour is enough."""
        step = SWEEP_SECONDS if seconds < DAY else HOUR
        for _ in range(seconds // step):
            self.clock.advance(step)
            self.sweep()

    def item(self, finding_id: str) -> dict[str, Any]:
        return next(item for item in items_of(FINDINGS_TABLE) if item["id"]["S"] == finding_id)

    def state(self, finding_id: str) -> str:
        return str(self.item(finding_id)["state"]["S"])

    @property
    def delivered_together(self) -> list[list[str]]:
        """The ids that left the outbox with each summary or digest, by time."""
        by_time: dict[int, list[str]] = {}
        for item in items_of(FINDINGS_TABLE):
            if "delivered_in" in item:
                by_time.setdefault(int(item["published_at"]["N"]), []).append(item["id"]["S"])
        return [sorted(by_time[at]) for at in sorted(by_time)]

    @property
    def waiting(self) -> list[str]:
        return sorted(item["id"]["S"] for item in items_of(FINDINGS_TABLE) if "unpublished" in item)
