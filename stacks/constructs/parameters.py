"""Names of the SSM parameters by which stacks share values: one stack publishes them, others read them at deployment.

CloudFormation exports are no alternative: an export that another stack imports can't change (https://github.com/aws/aws-cdk/issues/7602).
"""

from enum import StrEnum

from stacks.settings.deployment import Deployment


class Value(StrEnum):
    """Every value that stacks share, except the names of log groups of flow logs (see `log_group_value`)."""

    LOG_BUCKET = "log-bucket-name"
    FAILED_INVOCATION_BUCKET = "failed-invocation-bucket-name"
    OBJECT_QUEUE_ARN = "object-queue-arn"
    OBJECT_QUEUE = "object-queue-name"
    OBJECT_DLQ_ARN = "object-dead-letter-queue-arn"
    OBJECT_DLQ_URL = "object-dead-letter-queue-url"
    OBJECT_DLQ = "object-dead-letter-queue-name"
    LOG_FORMATS = "log-formats"
    DELIVERY_ROLE_ARN = "delivery-role-arn"
    FLOW_LOG_COVERAGE = "flow-log-coverage"
    PAYLOAD_STREAM_ARN = "payload-stream-arn"
    EVIDENCE_TABLE = "evidence-table-name"
    FINDINGS_TABLE = "findings-table-name"
    FINDINGS_STREAM_ARN = "findings-stream-arn"
    IDEMPOTENCY_TABLE = "idempotency-table-name"
    OUTPUT_BUCKET = "output-bucket-name"
    ALERT_TOPIC_ARN = "alert-topic-arn"
    DIGEST_TOPIC_ARN = "digest-topic-arn"
    CHAT_TOPIC_ARN = "chat-topic-arn"
    OPERATOR_TOPIC_ARN = "operator-topic-arn"
    ALERT_KEY_ARN = "alert-key-arn"
    ENCRYPTION_KEY_ARN = "encryption-key-arn"
    SUPPRESSIONS = "suppressions"
    ATHENA_TABLE = "athena-table"
    ATHENA_WORKGROUP = "athena-workgroup"
    STREAM_PROCESSOR = "stream-processor-name"
    OBJECT_PROCESSOR = "object-processor-name"
    INVENTORY = "inventory-name"
    INVENTORY_TARGETS = "inventory-targets"
    INVENTORY_QUEUE = "inventory-queue-name"
    INVENTORY_QUEUE_ARN = "inventory-queue-arn"
    INVENTORY_DLQ = "inventory-dead-letter-queue-name"
    INVENTORY_DLQ_ARN = "inventory-dead-letter-queue-arn"
    NOTIFIER = "notifier-name"
    STREAM_PROCESSOR_LOG = "stream-processor-log-group-name"
    OBJECT_PROCESSOR_LOG = "object-processor-log-group-name"
    INVENTORY_LOG = "inventory-log-group-name"
    NOTIFIER_LOG = "notifier-log-group-name"
    FLOW_LOG_CREATOR = "flow-log-creator-name"
    FLOW_LOG_CREATOR_LOG = "flow-log-creator-log-group-name"
    RULE_USAGE = "rule-usage-name"
    RULE_USAGE_LOG = "rule-usage-log-group-name"


FUNCTION_LOGS = (Value.STREAM_PROCESSOR_LOG, Value.OBJECT_PROCESSOR_LOG, Value.INVENTORY_LOG, Value.NOTIFIER_LOG)
"""The log groups of the functions that every deployment has."""


def log_group_value(log_group_id: str) -> str:
    """The shared value that holds the name of a log group."""
    return f"log-group-names/{log_group_id}"


def parameter_name(deployment: Deployment, value: str) -> str:
    """The name of the SSM parameter that holds a shared value."""
    return f"/{deployment.name}/{value}"
