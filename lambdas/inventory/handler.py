"""Discovers targets (accounts and Regions, EKS clusters) and updates the inventory snapshot: all of them on a schedule,
and those that messages of the queue request: targets that changed, and targets of unknown network interfaces. After a
scheduled discovery it checks each flow log.
"""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.flow_logs.health_check import HealthCheck
from flowsentry.aws.ingest.object_events import is_queue_batch
from flowsentry.aws.inventory.discovery_claims import DiscoveryClaims
from flowsentry.aws.inventory.discovery_run import DiscoveryRun
from flowsentry.aws.inventory.region import RegionDiscovery
from flowsentry.aws.inventory.requests import RequestQueue
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.aws.inventory.targets import TargetsParameter, region_discoveries, targets_in
from flowsentry.settings import InventorySettings, settings
from flowsentry.telemetry import Event, instrumented

if TYPE_CHECKING:  # the package takes 45 ms of a cold start
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse


@lru_cache(maxsize=1)
def queue() -> RequestQueue:
    given = settings(InventorySettings)
    return RequestQueue(given.inventory_queue_url, clients.sqs(), DeadLetters(given.inventory_dlq_url, clients.sqs()))


@lru_cache(maxsize=1)
def targets() -> TargetsParameter:
    return TargetsParameter(settings(InventorySettings).inventory_targets_parameter, clients.ssm())


@lru_cache(maxsize=1)
def health_check() -> HealthCheck:
    return HealthCheck.of(settings(InventorySettings))


@lru_cache(maxsize=1)
def regions(account_id: str, text: str) -> list[RegionDiscovery]:
    return region_discoveries(targets_in(text, clients.ec2().meta.region_name).targets, account_id)


@lru_cache(maxsize=1)
def discovery_run(account_id: str, text: str) -> DiscoveryRun:
    """The run for the targets in the parameter's text; a new one when the text has changed."""
    given = settings(InventorySettings)
    requested = targets_in(text, clients.ec2().meta.region_name)
    newest = InventoryStore(given.output_bucket, given.inventory_key, clients.s3(), clock=lambda: math.inf)
    return DiscoveryRun(
        newest,
        DiscoveryClaims(given.output_bucket, given.claims_key, clients.s3()),
        queue(),
        regions(account_id, text),
        [each.discovery(account_id) for each in requested.clusters],
        given.inventory_retention_days,
        given.inventory_cooldown_seconds,
    )


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> "dict[str, int] | PartialItemFailureResponse":
    account_id, text = context.invoked_function_arn.split(":")[4], targets().text()
    runs = discovery_run(account_id, text)
    if is_queue_batch(event):
        again = runs.process(queue().parsed(event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}
    covered, discovered = health_check().coverage.read(), runs.discover_all()
    health_check().run(runs.store.load(), regions(account_id, text), covered)
    return {"targets": discovered}
