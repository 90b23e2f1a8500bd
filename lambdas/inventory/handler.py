"""Describe calls → the inventory snapshot, on a schedule."""

from functools import lru_cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from flowsentry.aws import clients
from flowsentry.aws.inventory_source import InventorySource
from flowsentry.aws.inventory_store import InventoryStore
from flowsentry.owner_kinds import UNKNOWN
from flowsentry.settings import InventorySettings, settings
from flowsentry.telemetry import Event, count, instrumented


@lru_cache(maxsize=1)
def store() -> InventoryStore:
    given = settings(InventorySettings)
    return InventoryStore(given.output_bucket, given.inventory_key, clients.s3())


@instrumented
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    store().load()
    inventory = InventorySource(clients.ec2(), clients.load_balancing()).describe()
    store().save(inventory)
    unrecognised = sum(row.owner_kind == UNKNOWN for row in inventory.interfaces)
    count("InventoryInterfaces", len(inventory.interfaces))
    count("UnrecognisedInterfaces", unrecognised)
    return {"interfaces": len(inventory.interfaces), "unrecognised": unrecognised}
