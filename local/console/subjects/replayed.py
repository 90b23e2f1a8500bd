"""A replay of flow logs as the subject of the console: everything is in memory, and nothing leaves this machine."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from flowsentry.findings.finding import Finding
from flowsentry.findings.known_services import Services
from flowsentry.findings.triage import MAX_BY_LETTERS, MAX_NOTE_LETTERS, State, Triage
from flowsentry.inventory.inventory import Inventory
from local.console.console_data import (
    About,
    Alarm,
    Alert,
    LogEvent,
    Metric,
    MetricStat,
    NotFoundError,
    Series,
    TriageAction,
    TriageChange,
)
from local.console.span import Span
from local.console.subjects.alert_forms import alert_of
from local.console.subjects.app_dashboards import replayed_dashboards
from local.console.subjects.recording import DEPLOYMENT, GROUP, Recording

STATES: Mapping[TriageAction, State] = {
    "acknowledge": State.ACKNOWLEDGED,
    "snooze": State.SNOOZED,
    "resolve": State.RESOLVED,
    "reopen": State.OPEN,
}


class Replayed:
    """What a recording holds. Triage is kept until the command ends."""

    def __init__(self, recording: Recording, title: str, clock: Callable[[], float] = time.time) -> None:
        self._recording, self._title, self._clock = recording, title, clock
        self._triage: dict[str, Triage] = {}
        self._lock = threading.Lock()

    @property
    def about(self) -> About:
        """See ConsoleData.about."""
        return About("replayed", self._title, DEPLOYMENT, "", self._recording.newest)

    def dashboards(self) -> Mapping[str, Mapping[str, Any]]:
        """The app's dashboards, as they would be deployed for the logs of this replay."""
        return replayed_dashboards(DEPLOYMENT, GROUP)

    def metrics(self) -> Sequence[Metric]:
        """See ConsoleData.metrics."""
        return self._recording.metrics.metrics()

    def series(self, wanted: Sequence[MetricStat], span: Span) -> list[Series]:
        """See ConsoleData.series."""
        return [self._recording.metrics.series(each, span) for each in wanted]

    def alarms(self) -> Sequence[Alarm]:
        """None: alarms are of a deployment."""
        return ()

    def log_events(self, group: str, span: Span) -> Sequence[LogEvent]:
        """See ConsoleData.log_events."""
        return [each for each in self._recording.events.get(group, ()) if span.has(each.timestamp // 1000)]

    def alerts(self) -> Sequence[Alert]:
        """The findings with the alerts that would be sent, newest first."""
        findings = sorted(self._recording.findings.values(), key=lambda each: (-each.last_seen, each.id))
        return [self._alert(each) for each in findings]

    def triage(self, finding_id: str, change: TriageChange) -> Triage:
        """See ConsoleData.triage."""
        if finding_id not in self._recording.findings:
            raise NotFoundError(f"there is no finding {finding_id}")
        changed = Triage(
            STATES[change.action],
            int(self._clock()),
            change.by[:MAX_BY_LETTERS],
            change.note[:MAX_NOTE_LETTERS],
            change.until,
        )
        with self._lock:
            self._triage[finding_id] = changed
        return changed

    def _alert(self, finding: Finding) -> Alert:
        sent = None if finding.suppressed_by else finding.last_seen
        return alert_of(finding, self._triage.get(finding.id, Triage()), finding.last_seen, sent)

    def flows(self) -> pl.DataFrame:
        """See ConsoleData.flows."""
        return self._recording.flows

    def inventory(self) -> Inventory:
        """See ConsoleData.inventory."""
        return self._recording.context.inventory

    def services(self) -> Services:
        """See ConsoleData.services."""
        return self._recording.services

    def settings(self) -> Mapping[str, Any]:
        """The thresholds and networks of the replay."""
        context = self._recording.context
        return {
            "thresholds": asdict(context.thresholds),
            "inside_networks": list(context.inside_networks),
            "trusted_networks": list(context.trusted_networks),
        }
