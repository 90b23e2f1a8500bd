"""Findings stream and schedule → SNS: new alerts within seconds, what was left over and digests on schedule."""

from functools import lru_cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.alert_topic import AlertTopic
from flowsentry.aws.finding_table import FindingTable, finding_of
from flowsentry.aws.outbox import Outbox
from flowsentry.settings import NotifierSettings, settings
from flowsentry.telemetry import Event, instrumented


@lru_cache(maxsize=1)
def outbox() -> Outbox:
    given = settings(NotifierSettings)
    return Outbox(
        FindingTable(given.findings_table, clients.dynamodb()),
        AlertTopic(given.alert_topic_arn, clients.sns()),
        given.digest_minutes,
    )


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's signature
    if "Records" in event:
        inserted = (record for record in event["Records"] if record["eventName"] == "INSERT")
        outbox().publish_new(finding_of(record["dynamodb"]["NewImage"]) for record in inserted)
    else:
        outbox().publish_left_over()
