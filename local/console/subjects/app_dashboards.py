"""The app's dashboards for a replay: the bodies that a deployment would have, made without a synth."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from stacks.monitoring.dashboards.body import body_of
from stacks.monitoring.dashboards.catalogue import dashboards
from stacks.monitoring.dashboards.watched import Watched

REGION = "us-east-1"
"""Whose prices the bill has; a replay does not know the Region of its logs."""
FUNCTIONS = ("stream_processor", "object_processor", "inventory", "notifier")


@cache
def replayed_dashboards(deployment: str, log_group: str) -> Mapping[str, Mapping[str, Any]]:
    """The bodies by name. All lines of the replay are in one log group, that of the function for S3; there are no VPCs
    in settings, so graphs search for those that have metrics.
    """
    names = {service: f"{deployment}-{service.replace('_', '-')}" for service in FUNCTIONS}
    watched = Watched(
        deployment=deployment,
        region=REGION,
        functions=names,
        log_groups={service: f"/aws/lambda/{name}" for service, name in names.items()}
        | {"object_processor": log_group},
        object_queue=f"{deployment}-objects",
        object_dead_letters=f"{deployment}-dead-letters",
        inventory_queue=f"{deployment}-inventory",
        tables={name: f"{deployment}-{name}" for name in ("evidence", "findings", "idempotency")},
        megabytes=dict.fromkeys(FUNCTIONS, 1_024),
    )
    made = ((each, body_of(each, watched.log_groups, REGION)) for each in dashboards(watched))
    return {f"{deployment}-{each.name}": body for each, body in made}
