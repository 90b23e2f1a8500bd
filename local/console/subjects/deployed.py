"""A deployment in the embedded AWS as the subject of the console: everything is read from its services."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl
from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.findings.item import Entry
from flowsentry.aws.findings.triage import FindingTriage
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.emit.console_queries import AccountResources
from flowsentry.errors import RetryableError
from flowsentry.frames import Records
from flowsentry.inventory.inventory import Inventory
from flowsentry.settings import INVENTORY_KEY
from local.aws.embedded import EmbeddedAws
from local.console.console_data import (
    About,
    Alarm,
    DataError,
    LogEvent,
    Metric,
    MetricStat,
    Series,
)
from local.console.inbox.inbox import AlertInbox
from local.console.inbox.message import Message
from local.console.known_services import ServiceDays
from local.console.span import Span
from local.console.subjects.cloudwatch import CloudWatch
from local.console.subjects.enriched_objects import EnrichedObjects
from local.reading.log_reading import Coverage

Sent = Callable[[], Sequence[Message]]


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Turns errors of AWS into a DataError that says what could not be read."""
    try:
        yield
    except (BotoCoreError, ClientError, RetryableError, OSError) as error:
        raise DataError(f"{what} cannot be read from AWS now: {error}") from error


@dataclass
class Deployed:
    """A deployment. `settings_in_force` are its settings; `sent` returns the messages that were delivered."""

    aws: EmbeddedAws
    settings_in_force: Mapping[str, Any] = field(default_factory=dict)
    sent: Sent = field(default=tuple)
    deployment: str = "flowsentry"

    @property
    def about(self) -> About:
        """See ConsoleData.about."""
        title = f"{self.deployment}, emulated account {self.aws.account}, {self.aws.region}"
        return About("deployed", title, self.deployment, self.aws.region)

    def dashboards(self) -> Mapping[str, Mapping[str, Any]]:
        """See ConsoleData.dashboards."""
        with _readable("the dashboards"):
            return self._cloudwatch.dashboards()

    def metrics(self) -> Sequence[Metric]:
        """See ConsoleData.metrics."""
        with _readable("the metrics"):
            return self._cloudwatch.metrics()

    def series(self, wanted: Sequence[MetricStat], span: Span) -> list[Series]:
        """See ConsoleData.series."""
        with _readable("the metrics"):
            return self._cloudwatch.series(wanted, span)

    def alarms(self) -> Sequence[Alarm]:
        """See ConsoleData.alarms."""
        with _readable("the alarms"):
            return self._cloudwatch.alarms()

    def log_events(self, group: str, span: Span) -> Sequence[LogEvent]:
        """See ConsoleData.log_events."""
        with _readable(f"the log group {group}"):
            return self._cloudwatch.log_events(group, span)

    @property
    def inbox(self) -> AlertInbox:
        """See ConsoleData.inbox."""
        resources = AccountResources(region=self.aws.region, account_id=self.aws.account, deployment=self.deployment)
        return AlertInbox(self._findings, self.sent, resources)

    def alerts(self) -> Sequence[Entry]:
        """See ConsoleData.alerts."""
        with _readable("the findings"):
            return self.inbox.entries()

    def flows(self) -> pl.DataFrame:
        """See ConsoleData.flows."""
        with _readable("the enriched records"):
            return self._enriched.read()

    def coverage(self) -> Coverage:
        """The time of the records that `flows` returns: the enriched objects have none without traffic."""
        coverage = Coverage()
        if len(flows := self.flows()):
            coverage.add(Records(flows))
        return coverage

    def inventory(self) -> Inventory:
        """See ConsoleData.inventory."""
        with _readable("the inventory"):
            return self._inventory.load()

    def known_services(self) -> ServiceDays:
        """See ConsoleData.known_services."""
        with _readable("the known services"):
            return ServiceDays.stored(self._value("evidence-table-name"), self.aws.client("dynamodb"), time.time())

    def settings(self) -> Mapping[str, Any]:
        """See ConsoleData.settings."""
        return self.settings_in_force

    @cached_property
    def _cloudwatch(self) -> CloudWatch:
        return CloudWatch(self.aws.client("cloudwatch"), self.aws.client("logs"), self.deployment)

    @cached_property
    def _findings(self) -> FindingTriage:
        return FindingTriage(self._value("findings-table-name"), self.aws.client("dynamodb"))

    @cached_property
    def _enriched(self) -> EnrichedObjects:
        return EnrichedObjects(self.aws.client("s3"), self._value("output-bucket-name"))

    @cached_property
    def _inventory(self) -> InventoryStore:
        return InventoryStore(self._value("output-bucket-name"), INVENTORY_KEY, self.aws.client("s3"))

    def _value(self, name: str) -> str:
        """A value of the deployment, from its SSM parameter."""
        with _readable("the deployment"):
            parameter = self.aws.client("ssm").get_parameter(Name=f"/{self.deployment}/{name}")
        return str(parameter["Parameter"]["Value"])
