"""Findings stream and schedule → SNS: new alerts within seconds, what was left over and digests on schedule."""

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.alert_topic import AlertTopic
from flowsentry.aws.finding_table import FindingTable, finding_of
from flowsentry.aws.outbox import Outbox
from flowsentry.settings import NotifierSettings, settings
from flowsentry.telemetry import logger, metrics


@lru_cache(maxsize=1)
def outbox() -> Outbox:
    given = settings(NotifierSettings)
    return Outbox(
        FindingTable(given.findings_table, clients.dynamodb()),
        AlertTopic(given.alert_topic_arn, clients.sns()),
        given.digest_minutes,
    )


@logger().inject_lambda_context
@metrics().log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's signature
    if "Records" in event:
        inserted = (record for record in event["Records"] if record["eventName"] == "INSERT")
        outbox().publish_new(finding_of(record["dynamodb"]["NewImage"]) for record in inserted)
    else:
        outbox().publish_left_over()
