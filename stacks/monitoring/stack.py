"""The monitoring stack: dashboards, alarms, saved queries and metric filters."""

from aws_cdk import Fn
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.alerting.function import SIZE as NOTIFIER_SIZE
from stacks.constructs.parameters import FUNCTION_LOGS, Value, log_group_value
from stacks.constructs.stack import FlowsentryStack
from stacks.log_queries.log_groups import log_groups_of
from stacks.log_queries.metric_filters import MetricFilters
from stacks.log_queries.saved_queries import SavedQueries
from stacks.monitoring.alarms import Alarms
from stacks.monitoring.alert_alarms import watch_alerts
from stacks.monitoring.dashboards.catalogue import vpcs_with_lines
from stacks.monitoring.dashboards.construct import Dashboards
from stacks.monitoring.dashboards.watched import Watched
from stacks.monitoring.filter_alarms import watch_filters
from stacks.ownership.function import SIZE as INVENTORY_SIZE
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import CLOUDWATCH, S3

FUNCTIONS = {
    "stream_processor": Value.STREAM_PROCESSOR,
    "object_processor": Value.OBJECT_PROCESSOR,
    "inventory": Value.INVENTORY,
    "notifier": Value.NOTIFIER,
}
TABLES = {
    "evidence": Value.EVIDENCE_TABLE,
    "findings": Value.FINDINGS_TABLE,
    "idempotency": Value.IDEMPOTENCY_TABLE,
}
CREATOR = "flow_log_creator"
"""The function that exists only with a source of all VPCs."""


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
        functions = FUNCTIONS | ({CREATOR: Value.FLOW_LOG_CREATOR} if deployment.source_of_all_vpcs else {})
        self._function_names = {service: self.read(value) for service, value in functions.items()}
        alarms = self._alarms()
        self._search_logs(alarms)
        Dashboards(self, "Dashboards", watched=self._watched(alarms))

    def _watched(self, alarms: Alarms) -> Watched:
        """What the dashboards draw."""
        deployment = self.deployment
        return Watched(
            deployment=deployment.name,
            region=self.region,
            functions=self._function_names,
            log_groups={service: self.read(value) for service, value in zip(FUNCTIONS, FUNCTION_LOGS, strict=True)},
            object_queue=self.read(Value.OBJECT_QUEUE),
            object_dead_letters=self.read(Value.OBJECT_DLQ),
            inventory_queue=self.read(Value.INVENTORY_QUEUE),
            alarm_arns=[each.alarm_arn for each in alarms.alarms],
            vpc_ids=vpcs_with_lines(deployment.vpc_ids, are_all=not deployment.has_unknown_vpcs),
            has_payload_stream=deployment.has_payload_stream,
            tables={name: self.read(value) for name, value in TABLES.items()},
            megabytes=_memory(deployment),
            architecture=deployment.architecture,
        )

    def _alarms(self) -> Alarms:
        topic = sns.Topic.from_topic_arn(self, "AlertTopic", self.read(Value.ALERT_TOPIC_ARN))
        alarms = Alarms(self, "Alarms", deployment=self.deployment, topic=topic)
        alarms.watch_dead_letters(self.read(Value.OBJECT_DLQ))
        alarms.watch_oldest_object_event(self.read(Value.OBJECT_QUEUE))
        for service, function_name in self._function_names.items():
            alarms.watch_function(service, function_name)
            alarms.watch_throttles(service, function_name)
        alarms.watch_lost_payloads(self._function_names["stream_processor"])
        if self.deployment.has_payload_stream:
            alarms.watch_stream(self._function_names["stream_processor"])
        for destination, service in ((CLOUDWATCH, "stream_processor"), (S3, "object_processor")):
            if self.deployment.uses(destination):
                alarms.watch_freshness(service)
                alarms.watch_inventory_age(service)
                alarms.watch_suppressions(service)
                alarms.watch_stored_objects(service)
        alarms.watch_stored_objects("inventory")
        alarms.watch_flow_logs()
        alarms.watch_inventory(self.read(Value.INVENTORY_DLQ))
        if self.deployment.kubernetes_clusters:
            alarms.watch_clusters()
        watch_alerts(alarms, {purpose: _name_in(self.read(arn)) for purpose, arn in self._topics().items()})
        return alarms

    def _search_logs(self, alarms: Alarms) -> None:
        """Saved queries, and metric filters with their alarms, of the log groups of flow logs."""
        groups = log_groups_of(self.deployment) if self.deployment.searches_logs else []
        names = {each: each.name or self.read(log_group_value(each.id)) for each in groups}
        if self.deployment.saved_queries:
            SavedQueries(self, "SavedQueries", deployment=self.deployment, log_group_names=names)
        filters = MetricFilters(self, "MetricFilters", deployment=self.deployment, log_group_names=names)
        watch_filters(alarms, filters.counted)

    def _topics(self) -> dict[str, Value]:
        """The topics of the settings, by what they are for."""
        digests = {"digests": Value.DIGEST_TOPIC_ARN} if self.deployment.digest_topic else {}
        chats = {"chats": Value.CHAT_TOPIC_ARN} if self.deployment.chat_topic else {}
        return {"alerts": Value.ALERT_TOPIC_ARN, **digests, **chats}


def _memory(deployment: Deployment) -> dict[str, int]:
    """The megabytes of each function that every deployment has."""
    return {
        "stream_processor": deployment.stream_processor.memory_mb,
        "object_processor": deployment.object_processor.memory_mb,
        "inventory": INVENTORY_SIZE.memory_mb,
        "notifier": NOTIFIER_SIZE.memory_mb,
    }


def _name_in(topic_arn: str) -> str:
    """The last of the six parts of a topic's ARN."""
    return Fn.select(5, Fn.split(":", topic_arn))
