"""A row of the table of alarms, without the CDK: the construct, the composite alarms and docs/runbook.md read it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from flowsentry.metric_names import PipelineMetric, TrafficMetric
from stacks.constructs.parameters import Value

PERIOD_MINUTES = 5
"""Period of alarms. Flow logs arrive every five minutes. Lower: periods without data. Higher: late alarms."""

Statistic = Literal["Sum", "Maximum", "Minimum", "Average"]
Service = Literal["stream_processor", "object_processor", "inventory", "notifier", "flow_log_creator", "rule_usage"]


class Missing(StrEnum):
    """What an alarm makes of periods without data.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """

    GOOD = "notBreaching"
    """Nothing happened: the metric is emitted only where something is wrong, or where something is done."""
    BAD = "breaching"
    """What emits the metric has stopped, and must never stop."""
    UNKNOWN = "missing"
    """What emits the metric has stopped: the state INSUFFICIENT_DATA, in which a new alarm begins too, so that a first
    deployment is no problem."""
    UNCHANGED = "ignore"
    """Nothing was checked, so that the last result is the best that is known: the state stays."""


class ToldBy(StrEnum):
    """Which alarm notifies of a problem: its own, or a composite alarm, by its name."""

    ITSELF = "itself"
    WATCH = "watch-broken"
    PEOPLE = "people-not-told"


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric as the row names it; `dimension` has the name, and a value or the parameter that holds it.

    The namespace `""` is that of the deployment. For the dimension TopicName the parameter holds the topic's ARN. A
    metric of a metric filter has no dimension.
    """

    namespace: str
    metric: str
    dimension: tuple[str, str | Value] | None
    statistic: Statistic
    minutes: int = PERIOD_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An alarm, in ALARM while `failing` of the last `periods` are above `threshold` (below it, where `is_floor`; above
    the band of anomaly detection, where there is a `band` of that many standard deviations).

    `entry` is its entry in the runbook, `wrong` the problem in a sentence. `unknown_after` is for an alarm whose state
    INSUFFICIENT_DATA is a problem too: another alarm on the same function, which leaves that state with the first data
    and never returns to it. `names` are what stands for the placeholders in the entry's query; `id` is the construct's.
    """

    name: str
    entry: str
    wrong: str
    measure: Measure
    missing: Missing
    threshold: int = 0
    band: int | None = None
    is_floor: bool = False
    periods: int = 1
    failing: int | None = None
    told_by: ToldBy = ToldBy.ITSELF
    unknown_after: str | None = None
    names: tuple[tuple[str, str], ...] = ()
    id: str | None = None

    @property
    def construct_id(self) -> str:
        """The construct id: a new one makes another alarm, which forgets its history."""
        return self.id or self.name

    @property
    def failing_periods(self) -> int:
        """How many of the periods must fail."""
        return self.failing or self.periods


def of_pipeline(name: PipelineMetric, service: Service, statistic: Statistic = "Sum") -> Measure:
    """A pipeline metric of one function."""
    return Measure("", name, ("service", service), statistic)


def of_vpc(name: TrafficMetric, vpc_id: str, minutes: int) -> Measure:
    """A traffic metric of one VPC."""
    return Measure("", name, ("vpc", vpc_id), "Sum", minutes)


def of_function(name: str, function: Value, statistic: Statistic = "Sum") -> Measure:
    """A metric that Lambda publishes: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html."""
    return Measure("AWS/Lambda", name, ("FunctionName", function), statistic)


def of_queue(name: str, queue: Value) -> Measure:
    """A metric that SQS publishes, its maximum. A queue without calls or messages for six hours has none.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return Measure("AWS/SQS", name, ("QueueName", queue), "Maximum")


def of_topic(name: str, topic_arn: Value) -> Measure:
    """A metric that SNS publishes: https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html."""
    return Measure("AWS/SNS", name, ("TopicName", topic_arn), "Sum")
