"""What the dashboards of a deployment draw: names of its functions, log groups, queues and alarms, and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stacks.monitoring.dashboards.lines import MetricLines


@dataclass(frozen=True)
class Watched:
    """Function names and log groups are by service. `vpc_ids` are the logged VPCs; None where they are unknown or too
    many for the lines of a graph.
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

    @property
    def lines(self) -> MetricLines:
        return MetricLines(self.deployment)
