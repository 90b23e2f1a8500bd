"""What must survive: tables, the topic of alerts, the output bucket."""

from constructs import Construct

from stacks.alert_topic import AlertTopic
from stacks.deployment import Deployment
from stacks.house_stack import HouseStack
from stacks.parameters import Value
from stacks.private_bucket import PrivateBucket
from stacks.state_tables import StateTables

ENRICHED_PREFIX, REJECTED_PREFIX = "enriched/", "rejected/"


class StateStack(HouseStack):
    """The output bucket is never the log bucket: what is written would be noticed, read and written again."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            id_,
            deployment=deployment,
            purpose="state",
            description="Tables, the alert topic and the output bucket of Flowsentry",
        )
        tables = StateTables(self, "Tables")
        alerts = AlertTopic(self, "Alerts", emails=deployment.alert_emails)
        output = PrivateBucket(
            self,
            "Output",
            expires_after_days={
                ENRICHED_PREFIX: deployment.enriched_retention_days,
                REJECTED_PREFIX: deployment.rejected_retention_days,
            },
        )
        assert tables.findings.table_stream_arn is not None  # noqa: S101 - for the type checker; it has a stream
        self.publish(
            {
                Value.EVIDENCE_TABLE: tables.evidence.table_name,
                Value.FINDINGS_TABLE: tables.findings.table_name,
                Value.FINDINGS_STREAM_ARN: tables.findings.table_stream_arn,
                Value.IDEMPOTENCY_TABLE: tables.idempotency.table_name,
                Value.OUTPUT_BUCKET: output.bucket_name,
                Value.ALERT_TOPIC_ARN: alerts.topic.topic_arn,
                Value.ALERT_KEY_ARN: alerts.key.key_arn,
            }
        )
