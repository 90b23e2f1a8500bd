"""Added columns that follow from the record alone: `is_rejected` and `service`."""

import polars as pl

from flowsentry.records.service_ports import service_name


def with_rejection(flows: pl.DataFrame) -> pl.DataFrame:
    """Adds `is_rejected`: whether the action is REJECT. False without an action, as in every record of a transit
    gateway.
    """
    is_rejected = (flows["action"] == "REJECT").fill_null(value=False)
    return flows.hstack([is_rejected.alias("is_rejected")])


def with_service(flows: pl.DataFrame) -> pl.DataFrame:
    """Adds `service`: the name of the destination port, else of the source port (a reply); null without either."""
    name = pl.coalesce(service_name(pl.col("dstport")), service_name(pl.col("srcport")))
    return flows.with_columns(name.alias("service"))
