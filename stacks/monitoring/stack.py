"""The monitoring stack: dashboards, alarms, saved queries and metric filters."""

from constructs import Construct

from stacks.alerting.function import SIZE as NOTIFIER_SIZE
from stacks.constructs.parameters import FUNCTION_LOGS, Value, log_group_value
from stacks.constructs.stack import FlowsentryStack
from stacks.log_queries.log_groups import log_groups_of
from stacks.log_queries.metric_filters import MetricFilters
from stacks.log_queries.saved_queries import SavedQueries
from stacks.monitoring.alarms.construct import Alarms
from stacks.monitoring.alarms.functions import FUNCTIONS, RULE_USAGE, functions_of
from stacks.monitoring.alarms.row import Service
from stacks.monitoring.budget import Budget
from stacks.monitoring.dashboards.catalogue import vpcs_with_lines
from stacks.monitoring.dashboards.construct import Dashboards
from stacks.monitoring.dashboards.watched import Watched
from stacks.ownership.function import SIZE as INVENTORY_SIZE
from stacks.rule_usage.function import SIZE as RULE_USAGE_SIZE
from stacks.settings.deployment import Deployment

TABLES = {
    "evidence": Value.EVIDENCE_TABLE,
    "findings": Value.FINDINGS_TABLE,
    "idempotency": Value.IDEMPOTENCY_TABLE,
}


class MonitoringStack(FlowsentryStack):
    """Creates the dashboards, and the alarms that apply to the destinations and clusters of the settings."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            id_,
            deployment=deployment,
            purpose="monitoring",
            description="Flowsentry: CloudWatch dashboards and alarms",
        )
        functions = functions_of(deployment)
        self._function_names: dict[str, str] = {service: self.read(value) for service, value in functions.items()}
        self._search_logs()
        Dashboards(self, "Dashboards", watched=self._watched(Alarms(self, "Alarms")), names=deployment.dashboards)
        if deployment.monthly_budget_dollars:
            Budget(self, "Budget", deployment=deployment)

    def _watched(self, alarms: Alarms) -> Watched:
        """What the dashboards draw."""
        deployment = self.deployment
        return Watched(
            deployment=deployment.name,
            region=self.region,
            functions=self._function_names,
            log_groups={service: self.read(value) for service, value in _logs(deployment).items()},
            object_queue=self.read(Value.OBJECT_QUEUE),
            object_dead_letters=self.read(Value.OBJECT_DLQ),
            inventory_queue=self.read(Value.INVENTORY_QUEUE),
            alarm_arns=[each.alarm_arn for each in alarms.alarms],
            vpc_ids=vpcs_with_lines(deployment.vpc_ids, are_all=not deployment.has_unknown_vpcs),
            has_payload_stream=deployment.has_payload_stream,
            prices=deployment.prices,
            tables={name: self.read(value) for name, value in TABLES.items()},
            megabytes=_memory(deployment),
            architecture=deployment.architecture,
        )

    def _search_logs(self) -> None:
        """Saved queries and metric filters of the log groups of flow logs."""
        groups = log_groups_of(self.deployment) if self.deployment.searches_logs else []
        names = {each: each.name or self.read(log_group_value(each.id)) for each in groups}
        if self.deployment.saved_queries:
            SavedQueries(self, "SavedQueries", deployment=self.deployment, log_group_names=names)
        MetricFilters(self, "MetricFilters", deployment=self.deployment, log_group_names=names)


def _logs(deployment: Deployment) -> dict[Service, Value]:
    """The log groups of the same functions as in `_memory`."""
    rule_usage = {RULE_USAGE: Value.RULE_USAGE_LOG} if deployment.rule_usage_days else {}
    return dict(zip(FUNCTIONS, FUNCTION_LOGS, strict=True)) | rule_usage


def _memory(deployment: Deployment) -> dict[str, int]:
    """The megabytes of each function whose time counts; the one that creates flow logs runs for seconds a day."""
    rule_usage: dict[str, int] = {RULE_USAGE: RULE_USAGE_SIZE.memory_mb} if deployment.rule_usage_days else {}
    return {
        "stream_processor": deployment.stream_processor.memory_mb,
        "object_processor": deployment.object_processor.memory_mb,
        "inventory": INVENTORY_SIZE.memory_mb,
        "notifier": NOTIFIER_SIZE.memory_mb,
        **rule_usage,
    }
