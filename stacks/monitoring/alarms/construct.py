"""The alarms of the table as resources. Each description is the first page of its runbook entry."""

from collections.abc import Sequence

from aws_cdk import Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from flowsentry.metric_names import namespace_of
from stacks.constructs.nag_suppressions import acknowledge_control
from stacks.constructs.parameters import Value
from stacks.constructs.stack import FlowsentryStack
from stacks.monitoring.alarms.row import Measure, Missing, Row, ToldBy
from stacks.monitoring.alarms.table import COMPOSITES, Composite, children_of, rule_of, table_of
from stacks.monitoring.runbook.entries import ENTRIES
from stacks.settings.deployment import Deployment

MISSING = {
    Missing.GOOD: cloudwatch.TreatMissingData.NOT_BREACHING,
    Missing.BAD: cloudwatch.TreatMissingData.BREACHING,
    Missing.UNKNOWN: cloudwatch.TreatMissingData.MISSING,
    Missing.UNCHANGED: cloudwatch.TreatMissingData.IGNORE,
}
TOLD = "A composite alarm that this alarm is part of notifies (decision 46)."
RUNBOOK = "docs/runbook.md"
"""Where the entries are, if the settings name no address."""


class Alarms(Construct):
    """All alarms: the composite ones, which notify the alert topic and the operators, and those of the table.

    They evaluate metrics that are stamped with the current time, because flow log records arrive late; those on surges
    have periods in which late records arrive too.
    """

    def __init__(self, scope: FlowsentryStack, id_: str) -> None:
        super().__init__(scope, id_)
        self._stack = scope
        self._deployment = scope.deployment
        topic = _topic(self, "AlertTopic", scope.read(Value.ALERT_TOPIC_ARN))
        self._readers = [topic, *self._operators()]
        self._by_name: dict[str, cloudwatch.Alarm] = {}
        rows = table_of(self._deployment)
        for row in rows:
            self.add(row)
        self._composites = [self._compose(each, rows) for each in COMPOSITES]

    @property
    def alarms(self) -> Sequence[cloudwatch.IAlarm]:
        """All of them, the composite ones first."""
        return [*self._composites, *self._by_name.values()]

    def add(self, row: Row) -> None:
        """Adds an alarm. One that a composite alarm tells of notifies nobody."""
        alarm = self._banded(row) if row.band else self._fixed(row)
        if row.told_by is ToldBy.ITSELF:
            _notify(alarm, self._readers[:1])
            if row.missing is Missing.UNKNOWN:
                alarm.add_insufficient_data_action(self._readers[0])
        else:
            acknowledge_control(alarm, "CloudWatchAlarmAction", TOLD)
        self._by_name[row.name] = alarm

    def _operators(self) -> list[actions.SnsAction]:
        arns = [self._deployment.on_call_topic_arn] if self._deployment.on_call_topic_arn else []
        arns += [self._stack.read(Value.OPERATOR_TOPIC_ARN)] if self._deployment.operator_emails else []
        return [_topic(self, f"OperatorTopic{number}", arn) for number, arn in enumerate(arns)]

    def _fixed(self, row: Row) -> cloudwatch.Alarm:
        operator = cloudwatch.ComparisonOperator
        return cloudwatch.Alarm(
            self,
            row.construct_id,
            alarm_name=f"{self._deployment.name}-{row.name}",
            alarm_description=description_of(row, self._deployment),
            metric=self._metric(row.measure),
            threshold=row.threshold,
            comparison_operator=operator.LESS_THAN_THRESHOLD if row.is_floor else operator.GREATER_THAN_THRESHOLD,
            evaluation_periods=row.periods,
            datapoints_to_alarm=row.failing_periods,
            treat_missing_data=MISSING[row.missing],
        )

    def _banded(self, row: Row) -> cloudwatch.Alarm:
        """An alarm above a band, and the model of the band, so that deleting the stack deletes it.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-anomalydetector.html
        """
        metric = self._metric(row.measure)
        alarm = cloudwatch.AnomalyDetectionAlarm(
            self,
            row.construct_id,
            alarm_name=f"{self._deployment.name}-{row.name}",
            alarm_description=description_of(row, self._deployment),
            metric=metric,
            std_devs=row.band,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
            evaluation_periods=row.periods,
            datapoints_to_alarm=row.failing_periods,
            treat_missing_data=MISSING[row.missing],
        )
        of = cloudwatch.CfnAnomalyDetector
        dimensions = dict([row.measure.dimension] if row.measure.dimension else [])
        model = of.SingleMetricAnomalyDetectorProperty(
            namespace=metric.namespace,
            metric_name=metric.metric_name,
            stat=row.measure.statistic,
            dimensions=[
                of.DimensionProperty(name=name, value=self._dimension(name, value))
                for name, value in dimensions.items()
            ],
        )
        alarm.node.add_dependency(of(self, f"{row.construct_id}-band", single_metric_anomaly_detector=model))
        return alarm

    def _compose(self, composite: Composite, rows: Sequence[Row]) -> cloudwatch.CompositeAlarm:
        alarm = cloudwatch.CompositeAlarm(
            self,
            composite.name,
            composite_alarm_name=f"{self._deployment.name}-{composite.name}",
            alarm_description=description_of(composite, self._deployment),
            alarm_rule=cloudwatch.AlarmRule.from_string(rule_of(composite, rows, self._deployment.name)),
        )
        for name in sorted(children_of(composite, rows)):
            alarm.node.add_dependency(self._by_name[name])
        _notify(alarm, self._readers)
        return alarm

    def _metric(self, measure: Measure) -> cloudwatch.Metric:
        dimensions = dict([measure.dimension] if measure.dimension else [])
        return cloudwatch.Metric(
            namespace=measure.namespace or namespace_of(self._deployment.name),
            metric_name=measure.metric,
            dimensions_map={name: self._dimension(name, value) for name, value in dimensions.items()} or None,
            statistic=measure.statistic,
            period=Duration.minutes(measure.minutes),
        )

    def _dimension(self, name: str, value: str | Value) -> str:
        if not isinstance(value, Value):
            return value
        shared = self._stack.read(value)
        return Fn.select(5, Fn.split(":", shared)) if name == "TopicName" else shared


def description_of(alarm: Row | Composite, deployment: Deployment) -> str:
    """What is wrong, the first query, the usual cause, how to silence it, and the entry of the runbook: all that people
    need at night, in at most 1,024 characters (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).
    """
    entry = ENTRIES[alarm.entry if isinstance(alarm, Row) else alarm.name]
    query = entry.query_for(deployment.name, alarm.names if isinstance(alarm, Row) else ())
    where = f"{deployment.runbook_url or RUNBOOK}#{entry.name}"
    cause, silence = (each.replace("`", "") for each in (entry.cause, entry.silence))
    parts = (f"First query: {query}", f"Usual cause: {cause}", f"To silence: {silence}", f"Runbook: {where}")
    return "\n".join((alarm.wrong, *parts))


def _topic(scope: Construct, id_: str, arn: str) -> actions.SnsAction:
    return actions.SnsAction(sns.Topic.from_topic_arn(scope, id_, arn))


def _notify(alarm: cloudwatch.AlarmBase, readers: Sequence[actions.SnsAction]) -> None:
    """Tells the readers when the alarm starts and when it ends."""
    alarm.add_alarm_action(*readers)
    alarm.add_ok_action(*readers)
