"""Enriched records as they are stored, from lines of flow logs."""

from collections.abc import Iterable, Sequence

import polars as pl

from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.inventory import Inventory
from local.console.flows.stored_records import completed
from tests.builders import V5, enriched

REPEATED = (
    *("source_address", "destination_address", "source_scope", "destination_scope"),
    *("is_ipv6", "is_rejected"),
)
"""What an enriched object leaves out."""


def stored(lines: Iterable[str], names: Sequence[str] = V5, inventory: Inventory | None = None) -> pl.DataFrame:
    """The rows of the enriched object of these lines."""
    return enriched(lines, names, inventory).drop(REPEATED)


def completed_flows(
    lines: Iterable[str], names: Sequence[str] = V5, inventory: Inventory | None = None
) -> EnrichedFlows:
    """The same as the pages read it."""
    return completed(stored(lines, names, inventory))
