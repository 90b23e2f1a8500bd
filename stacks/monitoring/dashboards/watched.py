"""What the dashboards of a deployment draw: names of its functions, log groups, queues and alarms, and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stacks.monitoring.dashboards.lines import MetricLines
from stacks.prices.own_prices import TrafficPrices


@dataclass(frozen=True)
class Watched:
    """Function names, log groups and `megabytes` of memory are by service, `tables` are names by what they hold.
    `vpc_ids` are the logged VPCs; None where they are unknown or too many for the lines of a graph.
    """

    deployment: str
    region: str
    functions: Mapping[str, str]
    log_groups: Mapping[str, str]
    object_queue: str
    object_dead_letters: str
    inventory_queue: str
    alarm_arns: Sequence[str] = field(default=())
    vpc_ids: Sequence[str] | None = None
    has_payload_stream: bool = False
    tables: Mapping[str, str] = field(default_factory=dict)
    megabytes: Mapping[str, int] = field(default_factory=dict)
    architecture: str = "arm64"
    prices: TrafficPrices = field(default_factory=TrafficPrices)

    @property
    def lines(self) -> MetricLines:
        return MetricLines(self.deployment)
