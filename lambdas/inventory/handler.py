"""Looks at accounts, regions and clusters → the inventory snapshot: all of them on a schedule, and what the queue asks
for: places where something changed, and interfaces that a processor does not know.
"""

import math
from functools import lru_cache, partial

import boto3
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.ingest.object_events import is_queue_batch
from flowsentry.aws.inventory.discovery_claims import LooksBegun
from flowsentry.aws.inventory.discovery_run import Surveyor
from flowsentry.aws.inventory.requests import RequestQueue
from flowsentry.aws.inventory.store import InventoryStore
from flowsentry.aws.inventory.targets import sources_of
from flowsentry.aws.inventory.targets_parameter import ClusterToList, PlacesParameter, to_look_at
from flowsentry.aws.kubernetes.cluster import Cluster
from flowsentry.aws.kubernetes.pods import PodsSource
from flowsentry.aws.kubernetes.token import ClusterToken
from flowsentry.settings import InventorySettings, settings
from flowsentry.telemetry import Event, instrumented


@lru_cache(maxsize=1)
def queue() -> RequestQueue:
    given = settings(InventorySettings)
    return RequestQueue(given.inventory_queue_url, clients.sqs(), DeadLetters(given.inventory_dlq_url, clients.sqs()))


@lru_cache(maxsize=1)
def places() -> PlacesParameter:
    return PlacesParameter(settings(InventorySettings).inventory_places_parameter, clients.ssm())


@lru_cache(maxsize=1)
def surveyor(account_id: str, text: str) -> Surveyor:
    """Of these places: another one when they have changed."""
    given = settings(InventorySettings)
    wanted = to_look_at(text, clients.ec2().meta.region_name)
    newest = InventoryStore(given.output_bucket, given.inventory_key, clients.s3(), clock=lambda: math.inf)
    return Surveyor(
        newest,
        LooksBegun(given.output_bucket, given.looks_key, clients.s3()),
        queue(),
        sources_of(wanted.places, account_id),
        [pods_source(each, account_id) for each in wanted.clusters],
        given.inventory_retention_days,
        given.inventory_rest_seconds,
    )


def pods_source(cluster: ClusterToList, account_id: str) -> PodsSource:
    eks = boto3.client("eks", region_name=cluster.region, config=clients.BOUNDED)
    token = ClusterToken(cluster.name, cluster.region)
    return PodsSource(cluster.place(account_id), partial(Cluster.described, eks, cluster.name, token))


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, int] | PartialItemFailureResponse:
    runs = surveyor(context.invoked_function_arn.split(":")[4], places().text())
    if is_queue_batch(event):
        again = runs.answer(queue().understood(event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": each} for each in again]}
    return {"places": runs.look_everywhere()}
