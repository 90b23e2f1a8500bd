"""Settings for searching flow logs in CloudWatch Logs: saved queries, and metric filters with their alarms."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.values import Network, Section, repeated, together

MAX_FILTERS = 80
"""Metric filters of all log groups. Higher: with their alarms they exceed the 500 resources of a stack, and at 100 what
one log group may have. Lower: fewer ports, or log groups.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""
MAX_EXCLUDED = 100
"""Networks that a query leaves out. Higher: its text exceeds the 10,000 characters that a saved query may have. Lower:
no room for those who list offices one by one."""


class MetricFilter(Section):
    """Records of log groups that are counted in a metric of their own, with an alarm."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9-]{0,39}$",
            title="at most 40 lowercase letters, digits and hyphens, a letter first",
        ),
    ]
    """Names the filter, its metric and its alarm: `ssh`."""
    port: int | None = Field(default=None, ge=1, le=65_535)
    """Only records sent to this port: 22 for SSH, 3389 for RDP. Records of its answers do not count."""
    protocol: Literal["tcp", "udp"] = "tcp"
    """The protocol of the port."""
    action: Literal["ACCEPT", "REJECT"] | None = None
    """Only accepted, or only rejected, records; without it both."""
    above: int = Field(default=0, ge=0, le=100_000)
    """The alarm fires above this number of records in five minutes. 0: at the first one. Higher: it stays quiet for
    what is usual, and for what hides in it."""

    def broken_rules(self) -> Iterator[str]:
        """A filter of every record."""
        if self.port is None and not self.action:
            yield f"{self.name} has neither a port nor an action; allowed: a filter with one of them"


def _named_twice(filters: Sequence[MetricFilter]) -> Iterator[str]:
    names = repeated(each.name for each in filters)
    yield from (f"{name} is named {times} times; allowed: once" for name, times in names.items())


class LogQuerySettings(Section):
    """How flow logs in CloudWatch Logs are searched and counted by CloudWatch itself."""

    saved_queries: bool = True
    """`true` saves queries of Logs Insights for each log group of flow logs, in the folder `Flowsentry/<name>`
    ([log queries](log-queries.md)); saving costs nothing, running one costs $0.005 for each GB that it reads. `false`
    saves none. Log groups beyond the first 20, and existing log groups without `log_formats`, have none."""
    query_excluded_networks: Annotated[tuple[Network, ...], Field(max_length=MAX_EXCLUDED)] = ()
    """CIDR blocks that the saved query of rejects without given networks leaves out. Without it, `inside_networks`, and
    without these the private ranges."""
    metric_filters: Annotated[tuple[MetricFilter, ...], together(_named_twice)] = ()
    """Records that CloudWatch Logs counts itself, in each log group of flow logs whose format is known, with an alarm
    each: [metric filters](#a-metric-filter). None by default: the app's own metrics count rejects, and its findings
    remote logins, at no further cost. A filter costs up to $0.30 a month for its metric and $0.10 for its alarm, for
    each log group; filters times log groups: at most 80."""

    @property
    def searches_logs(self) -> bool:
        """Whether anything is made for log groups."""
        return self.saved_queries or bool(self.metric_filters)
