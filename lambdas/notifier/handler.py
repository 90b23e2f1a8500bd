"""Delivers findings to channels: new ones from the table's stream within seconds; on a schedule those that are left,
summaries of alerts over the rate limit, and digests. Also creates the suppressions object, which people then edit.
"""

from functools import lru_cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.findings.suppressions import LiveSuppressions
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.configured import channels_of
from flowsentry.aws.notifications.outbox import Outbox
from flowsentry.aws.time_budget import seconds_left
from flowsentry.emit.console_queries import AccountResources
from flowsentry.settings import NotifierSettings, settings
from flowsentry.telemetry import Event, instrumented

RESERVED_SECONDS = 10
"""Nothing is begun in the last seconds before the time-out, so that a call that hangs can end. More: a run delivers
less. Fewer: a run is killed between a delivery and its record, and the delivery is repeated."""


@lru_cache(maxsize=1)
def outbox() -> Outbox:
    given = settings(NotifierSettings)
    return Outbox(
        FindingTable(given.findings_table, clients.dynamodb()),
        channels_of(given, resources(given)),
        resources(given),
        given.digest_minutes,
        given.max_urgent_an_hour,
    )


@lru_cache(maxsize=1)
def suppressions() -> LiveSuppressions:
    given = settings(NotifierSettings)
    return LiveSuppressions.of(given.output_bucket, given.suppressions_key, given.suppressions_parameter)


def resources(given: NotifierSettings) -> AccountResources:
    meta = clients.sns().meta
    return AccountResources(
        region=meta.region_name,
        partition=meta.partition,
        account_id=given.account_id,
        log_groups=given.log_groups,
        vpcs_in_s3=given.vpcs_in_s3,
        athena_table=given.athena_table,
        athena_workgroup=given.athena_workgroup,
        deployment=given.deployment_name,
    )


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> None:
    seconds = seconds_left(context) - RESERVED_SECONDS
    if "Records" in event:
        inserted = (record for record in event["Records"] if record.get("eventName") == "INSERT")
        outbox().publish_new((record.get("dynamodb", {}).get("NewImage", {}) for record in inserted), seconds)
    else:
        try:
            outbox().publish_left_over(seconds)
        finally:
            suppressions().seed_once()
