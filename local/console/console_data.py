"""What the console shows, as its pages read it; `subjects` has the two implementations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import polars as pl

from flowsentry.aws.findings.item import Entry
from flowsentry.inventory.inventory import Inventory
from local.console.inbox.inbox import AlertInbox
from local.console.known_services import ServiceDays
from local.console.span import Span
from local.reading.log_reading import Coverage

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


class DataError(Exception):
    """The data can't be read or changed now; the message is a sentence for the user, with what to do."""


class NotFoundError(Exception):
    """There is no such finding, dashboard or page; the message names it."""


@dataclass(frozen=True, slots=True)
class About:
    """What is shown. `newest` is the Unix second of the newest record, 0 without any: a page opens on the hours before
    it. A `deployed` subject changes while it is looked at, a `replayed` one does not.
    """

    subject: Literal["deployed", "replayed"]
    title: str
    deployment: str
    region: str
    newest: int = 0


class Metric(NamedTuple):
    """A metric of CloudWatch; dimensions are (name, value) pairs in order of the name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()


class MetricStat(NamedTuple):
    """A metric with the statistic that is asked for (`Sum`, `p99`), in periods of so many seconds."""

    metric: Metric
    statistic: str
    period: int


@dataclass(frozen=True, slots=True)
class Series:
    """The values of a metric: `times` are the starts of periods in Unix seconds, ascending; periods without data are
    absent.
    """

    times: Sequence[int] = ()
    values: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm's state and since when it has it (Unix seconds); `reason` is CloudWatch's sentence."""

    name: str
    arn: str
    state: AlarmState
    since: int
    description: str = ""
    reason: str = ""
    is_composite: bool = False


class LogEvent(NamedTuple):
    """An event of a log group; `timestamp` is in milliseconds."""

    message: str
    timestamp: int


class ConsoleData(Protocol):
    """What the console shows. Methods may be called from several threads. All raise DataError."""

    @property
    def about(self) -> About:
        """The subject, and the time of its newest record."""
        ...

    def dashboards(self) -> Mapping[str, Mapping[str, Any]]:
        """The bodies of the dashboards by name, as GetDashboard returns them."""
        ...

    def metrics(self) -> Sequence[Metric]:
        """The metrics that have data, as ListMetrics returns them: what SEARCH expressions find."""
        ...

    def series(self, wanted: Sequence[MetricStat], span: Span) -> list[Series]:
        """The values of each metric, as GetMetricData returns them; empty for a metric without data."""
        ...

    def alarms(self) -> Sequence[Alarm]:
        """The alarms, in order of their names."""
        ...

    def log_events(self, group: str, span: Span) -> Sequence[LogEvent]:
        """The events of a log group, oldest first; none for a group that does not exist."""
        ...

    @property
    def inbox(self) -> AlertInbox:
        """The findings with their triage, which can be changed there, and the messages about them."""
        ...

    def alerts(self) -> Sequence[Entry]:
        """The findings with their triage, newest first."""
        ...

    def flows(self) -> pl.DataFrame:
        """The newest enriched records, at most MAX_FLOWS, with the columns of enriched Parquet that their formats have
        (docs/fields.md). Rule usage and the bill are computed from it. Those of a replay lack what refused a record
        (`refused_layer`, `refused_by` and `refused_rule`), which no page reads.
        """
        ...

    def coverage(self) -> Coverage:
        """The time that all records cover, those without traffic too where they are known."""
        ...

    def inventory(self) -> Inventory:
        """Who owns what, and the rules in force; empty where none is known."""
        ...

    def known_services(self) -> ServiceDays:
        """The endpoints that answered, by day, and since when each is down."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """The settings in force, by their names in cdk.json."""
        ...


MAX_FLOWS = 500_000
"""Records that pages read. More: pages of long replays take seconds and gigabytes. Fewer: the oldest records of a long
replay are on dashboards and in alerts, and not on the map."""
