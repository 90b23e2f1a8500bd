"""EnrichedFlows -> measurements: what passed and what was refused, per minute and VPC."""

from collections.abc import Sequence

import polars as pl

from flowsentry.frames import EnrichedFlows, Measurements

SECONDS_A_MINUTE = 60
_KEY = ("minute", "scope")
_COUNTS = ("flows", "bytes", "packets", "rejected_flows", "rejected_inbound_flows", "rejected_outbound_flows")


def measure(flows: EnrichedFlows) -> Measurements:
    """A row for each minute (Unix s of the record's start) and VPC.

    A flow inside is logged by both interfaces: its flows, bytes and packets count once, on the sender's side. REJECTs
    count where they happened, as one interface logs them. A record without a time counts nowhere.
    """
    rejected = pl.col("action") == "REJECT"
    inbound = pl.col("direction") == "ingress"
    is_second_look = pl.col("source_is_inside") & pl.col("destination_is_inside") & inbound & ~rejected
    counted = ~is_second_look.fill_null(value=False)
    timed = flows.filter(pl.col("start").is_not_null())
    rows = timed.group_by((pl.col("start") // SECONDS_A_MINUTE * SECONDS_A_MINUTE).alias("minute"), "scope").agg(
        counted.sum().cast(pl.Int64).alias("flows"),
        pl.col("bytes").filter(counted).sum(),
        pl.col("packets").filter(counted).sum(),
        rejected.sum().cast(pl.Int64).alias("rejected_flows"),
        (rejected & inbound).sum().cast(pl.Int64).alias("rejected_inbound_flows"),
        (rejected & ~inbound).sum().cast(pl.Int64).alias("rejected_outbound_flows"),
    )
    return Measurements(rows)


def add_up(parts: Sequence[Measurements]) -> Measurements:
    """The measurements of several batches as of one, in order of time."""
    schema = {"minute": pl.Int64, "scope": pl.Categorical} | dict.fromkeys(_COUNTS, pl.Int64)
    rows = pl.concat([pl.DataFrame(schema=schema), *parts]).group_by(_KEY).agg(pl.col(_COUNTS).sum())
    return Measurements(rows.sort("minute", pl.col("scope").cast(pl.String)))
