"""The state stack: tables, topics and the output bucket, which are retained when the stack is deleted."""

from aws_cdk import Annotations
from constructs import Construct

from flowsentry.settings import (
    CLAIMS_KEY,
    INVENTORY_KEY,
    RULE_USAGE_PREFIX,
    SUPPRESSIONS_KEY,
    UNFINISHED_RULE_USAGE_PREFIX,
)
from stacks.alerting.topics import AlertTopics
from stacks.constructs.parameters import Value
from stacks.constructs.private_bucket import PrivateBucket
from stacks.constructs.stack import FlowsentryStack
from stacks.settings.alerts import GIVE_EMAILS
from stacks.settings.deployment import Deployment
from stacks.state.tables import StateTables

ENRICHED_PREFIX, REJECTED_PREFIX, RESULTS_PREFIX = "enriched/", "rejected/", "athena-results/"
RESULT_DAYS = 7
"""Retention of Athena query results. A query can be repeated."""
REPLACED_VERSION_DAYS = 1
"""S3's minimum. Higher: objects that are written repeatedly, or replaced by equal ones, are billed for longer."""
INVENTORY_VERSION_DAYS = 3
"""Versions of the inventory, from which rule usage knows the rules of the day before yesterday. A version has a few MB,
and there are some dozens a day. Higher: more to pay for. Lower: a function that failed for a day can't make up for it.
"""
RULE_USAGE_SPARE_DAYS = 7
"""How much longer rule usage is kept than is asked for, and how long that of an unfinished day. Lower: the oldest day
is missing while the latest is not yet written."""
SUPPRESSION_VERSION_DAYS = 365
"""How long earlier versions of the suppressions can be read, a few KB each. Higher: more to pay for. Lower: a shorter
history of what was suppressed."""


class StateStack(FlowsentryStack):
    """Keeps output in its own bucket: in the log bucket, written objects would send events and be processed again."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            id_,
            deployment=deployment,
            purpose="state",
            description="Flowsentry: tables, alert topics and output bucket",
        )
        tables = StateTables(self, "Tables", encryption_key=self.encryption_key)
        alerts = AlertTopics(self, "Alerts", deployment=deployment, key=self.encryption_key)
        output = self._output_bucket()
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
                **alerts.optional_arns,
            }
        )
        self._warn_of_missing_emails()

    def _output_bucket(self) -> PrivateBucket:
        deployment = self.deployment
        return PrivateBucket(
            self,
            "Output",
            key=self.encryption_key,
            expires_after_days={
                ENRICHED_PREFIX: deployment.enriched_retention_days,
                REJECTED_PREFIX: deployment.rejected_retention_days,
                RESULTS_PREFIX: RESULT_DAYS,
                RULE_USAGE_PREFIX: deployment.rule_usage_days + RULE_USAGE_SPARE_DAYS,
                UNFINISHED_RULE_USAGE_PREFIX: RULE_USAGE_SPARE_DAYS,
            },
            versions_kept_days={
                **dict.fromkeys((ENRICHED_PREFIX, REJECTED_PREFIX, RESULTS_PREFIX), REPLACED_VERSION_DAYS),
                **dict.fromkeys((RULE_USAGE_PREFIX, UNFINISHED_RULE_USAGE_PREFIX), REPLACED_VERSION_DAYS),
                INVENTORY_KEY: INVENTORY_VERSION_DAYS if deployment.rule_usage_days else REPLACED_VERSION_DAYS,
                CLAIMS_KEY: REPLACED_VERSION_DAYS,
                SUPPRESSIONS_KEY: SUPPRESSION_VERSION_DAYS,
            },
        )

    def _warn_of_missing_emails(self) -> None:
        if missed := self.deployment.missed_without_emails:
            Annotations.of(self).add_warning_v2(
                "flowsentry:alert-emails", f"alert_emails is []: {missed}. {GIVE_EMAILS}"
            )
