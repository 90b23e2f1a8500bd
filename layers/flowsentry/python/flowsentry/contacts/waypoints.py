"""Records of traffic on its way through a gateway, which look like traffic to it.

What a NAT gateway or the interface of a transit gateway takes in has the gateway's address for dstaddr; where it goes
is in pkt-dstaddr (https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html#flow-log-example-nat).
The interface of the sender has logged it as well, with the address that it goes to.
"""

import polars as pl

WAYPOINTS = ("nat gateway", "transit gateway")
"""Owner kinds that nobody calls: they listen on nothing."""
_WAYPOINTS = pl.Series(WAYPOINTS, dtype=pl.Categorical())


def without_passing(seen: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """What was seen, without what our own hosts sent through a gateway, unless it was refused there. `columns` are the
    format's: with pkt-dstaddr nothing looks like traffic to a gateway.

    Wrong for a host that scans a gateway's own address: in such a format that is not seen.
    """
    if "pkt_dstaddr" in columns:
        return seen
    to_gateway = pl.col("destination_owner_kind").is_in(pl.lit(_WAYPOINTS).implode()).fill_null(value=False)
    is_passing = to_gateway & pl.col("source_is_inside") & ~pl.col("is_rejected")
    passing = seen.select(is_passing.alias("is_passing"))["is_passing"]
    return seen.filter(~passing) if passing.any() else seen
