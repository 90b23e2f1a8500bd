"""A replay of flow logs as the subject of the console: everything is in memory, and nothing leaves this machine."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import Any

import polars as pl

from flowsentry.aws.findings.item import Entry
from flowsentry.inventory.inventory import Inventory
from local.console.console_data import About, Alarm, LogEvent, Metric, MetricStat, Series
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.replayed import replayed_inbox
from local.console.known_services import ServiceDays
from local.console.span import Span
from local.console.subjects.app_dashboards import replayed_dashboards
from local.console.subjects.recording import DEPLOYMENT, GROUP, Recording
from local.reading.log_reading import Coverage


class Replayed:
    """What a recording holds. Triage is kept until the command ends."""

    def __init__(self, recording: Recording, title: str, clock: Callable[[], float] = time.time) -> None:
        self._recording, self._title = recording, title
        self._inbox = replayed_inbox(recording.findings.values(), clock)

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
        events = (each for each in self._recording.events.get(group, ()) if span.has(each.timestamp // 1000))
        return sorted(events, key=attrgetter("timestamp"))

    @property
    def inbox(self) -> AlertInbox:
        """See ConsoleData.inbox."""
        return self._inbox

    def alerts(self) -> Sequence[Entry]:
        """See ConsoleData.alerts."""
        return self._inbox.entries()

    def flows(self) -> pl.DataFrame:
        """See ConsoleData.flows."""
        return self._recording.flows

    def coverage(self) -> Coverage:
        """See ConsoleData.coverage."""
        return self._recording.coverage

    def inventory(self) -> Inventory:
        """See ConsoleData.inventory."""
        return self._recording.context.inventory

    def known_services(self) -> ServiceDays:
        """See ConsoleData.known_services."""
        return self._recording.services

    def settings(self) -> Mapping[str, Any]:
        """The thresholds and networks of the replay."""
        context = self._recording.context
        return {
            "thresholds": asdict(context.thresholds),
            "inside_networks": list(context.inside_networks),
            "trusted_networks": list(context.trusted_networks),
        }
