"""Deduplicates connections that a network load balancer logs twice, and leaves out traffic through gateways.

With client IP preservation, the client's packets are logged at the balancer and again at the target, which sees the
client's address and port
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation).
Without deduplication, a client of dead targets would seem to fail at each of them.
"""

import polars as pl

_CONNECTION = ("scope", "initiator", "initiator_port", "protocol")
_END = ("responder", "responder_port")
MAX_SECONDS_APART = 60
"""Seconds between the starts of both records. More: another connection from the same port is taken for the forwarded
one. Less: a connection whose two records began at different times counts twice."""


def openings_counted_once(openings: pl.DataFrame) -> pl.DataFrame:
    """The openings without the second record of the same connection. Of a pair, the record that a rule refused is kept,
    else the one at the balancer, which the client called.

    A pair has the same client port and begins together, and no third record has that port: so a scanner with a fixed
    port is not taken for a pair. Wrong for a client that opens connections from one port to a balancer and to another
    endpoint at once: one of them is lost. Records in different batches count twice.
    """
    if not openings["is_of_client_ip_preserving"].any():
        return openings
    port, refused = pl.col("min_initiator_port").alias("initiator_port"), pl.col("rejected_packets") > 0
    pairs = _pairs(openings.with_columns(port, refused.alias("is_refused")))
    is_refused_there_alone = pl.col("is_refused_there") & ~pl.col("is_refused")
    end = (pl.when(is_refused_there_alone).then(name).otherwise(f"{name}_there").alias(name) for name in _END)
    return openings.join(
        pairs.select(*_CONNECTION, *end),
        left_on=["scope", "initiator", "min_initiator_port", "protocol", *_END],
        right_on=[*_CONNECTION, *_END],
        how="anti",
    )


def logins_counted_once(logins: pl.DataFrame) -> pl.DataFrame:
    """The logins without those at a balancer that are also logged at the target. Has the limits of openings."""
    if not logins["is_of_client_ip_preserving"].any():
        return logins
    pairs = _pairs(logins.with_columns(pl.lit(value=False).alias("is_refused")))
    return logins.join(pairs, on=[*_CONNECTION, *_END], how="anti")


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """The connections with a record at a balancer and one elsewhere; the columns of the latter end in `_there`."""
    ends = rows.group_by(*_CONNECTION, *_END, "is_of_client_ip_preserving").agg(
        pl.col("first_seen").min(), pl.col("is_refused").any()
    )
    ends = ends.filter(pl.len().over(_CONNECTION) == 2)  # noqa: PLR2004 - a pair
    here, there = ends.filter("is_of_client_ip_preserving"), ends.filter(~pl.col("is_of_client_ip_preserving"))
    apart = (pl.col("first_seen") - pl.col("first_seen_there")).abs()
    return here.join(there, on=_CONNECTION, suffix="_there").filter(apart <= MAX_SECONDS_APART)


WAYPOINTS = ("nat gateway", "transit gateway")
"""Owner kinds that are never the destination of a connection: they listen on no port."""
_WAYPOINTS = pl.Series(WAYPOINTS, dtype=pl.Categorical())


def without_gateway_traffic(seen: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The flows without those that our own hosts sent through a gateway, unless the gateway's rules refused them.
    `columns` are the format's: with pkt-dstaddr, no flow looks like traffic to a gateway.

    Wrong for a host that scans a gateway's own address: without pkt-dstaddr that is not detected.
    """
    if "pkt_dstaddr" in columns:
        return seen
    if not seen["destination_owner_kind"].unique().is_in(_WAYPOINTS.implode()).any():
        return seen
    to_gateway = pl.col("destination_owner_kind").is_in(pl.lit(_WAYPOINTS).implode()).fill_null(value=False)
    is_passing = to_gateway & pl.col("source_is_inside") & ~pl.col("is_rejected")
    passing = seen.select(is_passing.alias("is_passing"))["is_passing"]
    return seen.filter(~passing) if passing.any() else seen
