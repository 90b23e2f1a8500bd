"""Which service a flow is about."""

import polars as pl

from flowsentry.records.service_ports import service_name


def with_service(flows: pl.DataFrame) -> pl.DataFrame:
    """Adds `service`: the name of the destination port, else of the source port (a reply); null without either."""
    name = pl.coalesce(service_name(pl.col("dstport")), service_name(pl.col("srcport")))
    return flows.with_columns(name.alias("service"))
