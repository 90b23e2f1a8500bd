"""What must survive: tables, the topics of alerts, the output bucket."""

from constructs import Construct

from flowsentry.settings import CLAIMS_KEY, INVENTORY_KEY, SUPPRESSIONS_KEY
from stacks.alerting.topics import AlertTopics
from stacks.constructs.parameters import Value
from stacks.constructs.private_bucket import PrivateBucket
from stacks.constructs.stack import HouseStack
from stacks.settings.deployment import Deployment
from stacks.state.tables import StateTables

ENRICHED_PREFIX, REJECTED_PREFIX, RESULTS_PREFIX = "enriched/", "rejected/", "athena-results/"
RESULTS_KEPT_DAYS = 7
"""Answers of Athena to queries of people, who can ask again."""
REPLACED_KEPT_DAYS = 1
"""S3's least. What is written again and again, or replaced by the same, must not be paid for twice."""
SUPPRESSIONS_KEPT_DAYS = 365
"""How long it can be told what was suppressed when. Some KB a version."""


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
        alerts = AlertTopics(self, "Alerts", deployment=deployment)
        output = PrivateBucket(
            self,
            "Output",
            expires_after_days={
                ENRICHED_PREFIX: deployment.enriched_retention_days,
                REJECTED_PREFIX: deployment.rejected_retention_days,
                RESULTS_PREFIX: RESULTS_KEPT_DAYS,
            },
            versions_kept_days={
                **dict.fromkeys((ENRICHED_PREFIX, REJECTED_PREFIX, RESULTS_PREFIX), REPLACED_KEPT_DAYS),
                **dict.fromkeys((INVENTORY_KEY, CLAIMS_KEY), REPLACED_KEPT_DAYS),
                SUPPRESSIONS_KEY: SUPPRESSIONS_KEPT_DAYS,
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
                Value.SUPPRESSIONS: deployment.first_suppressions,
                **({Value.DIGEST_TOPIC_ARN: alerts.digests.topic_arn} if alerts.digests else {}),
                **({Value.CHAT_TOPIC_ARN: alerts.chats.topic_arn} if alerts.chats else {}),
            }
        )
