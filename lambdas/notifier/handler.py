"""Delivers findings to channels: new ones from the table's stream within seconds; on a schedule those that are left,
summaries of alerts over the rate limit, and digests. Also creates the suppressions object, which people then edit,
and proves that alerts arrive: a canary record after each deploy, and a daily look at the subscriptions.
"""

from contextlib import ExitStack
from functools import lru_cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.findings.suppressions import LiveSuppressions
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.notifications.configured import account_resources, channels_of
from flowsentry.aws.notifications.outbox import Outbox
from flowsentry.aws.snapshot import in_snapshot
from flowsentry.aws.time_budget import seconds_left
from flowsentry.aws.upkeep.tasks import STACKS_SOURCE, Upkeep
from flowsentry.settings import NotifierSettings, settings
from flowsentry.telemetry import Event, instrumented

RESERVED_SECONDS = 10
"""Nothing is begun in the last seconds before the time-out, so that a call that hangs can end. More: a run delivers
less. Fewer: a run is killed between a delivery and its record, and the delivery is repeated."""


@lru_cache(maxsize=1)
def findings() -> FindingTable:
    return FindingTable(settings(NotifierSettings).findings_table, clients.dynamodb())


@lru_cache(maxsize=1)
def outbox() -> Outbox:
    given = settings(NotifierSettings)
    return Outbox(
        findings(),
        channels_of(given, account_resources(given)),
        account_resources(given),
        given.digest_minutes,
        given.max_urgent_an_hour,
        pause=upkeep().pause.current,
        recipients=upkeep().recipients.listed,
    )


@lru_cache(maxsize=1)
def upkeep() -> Upkeep:
    return Upkeep.of(settings(NotifierSettings), clients.sns().meta.region_name, findings())


@lru_cache(maxsize=1)
def suppressions() -> LiveSuppressions:
    given = settings(NotifierSettings)
    return LiveSuppressions.of(given.output_bucket, given.suppressions_key, given.suppressions_parameter)


in_snapshot(clients.dynamodb, clients.s3, clients.sns, clients.ssm)


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> None:
    seconds = seconds_left(context) - RESERVED_SECONDS
    if "Records" in event:
        inserted = (record for record in event["Records"] if record.get("eventName") == "INSERT")
        outbox().publish_new((record.get("dynamodb", {}).get("NewImage", {}) for record in inserted), seconds)
    elif event.get("source") == STACKS_SOURCE:
        upkeep().canary.deployed()
    else:
        with ExitStack() as even_after_failures:
            even_after_failures.callback(upkeep().run)
            even_after_failures.callback(suppressions().seed_once)
            outbox().publish_left_over(seconds)
