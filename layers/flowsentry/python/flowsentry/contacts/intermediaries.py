"""Connections that a network load balancer passed on with the client's own address: one, though logged as two.

With client IP preservation the client's packets are logged on their way to the balancer and again at the target, which
sees the client's address and port
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation).
A client of dead targets would seem to fail at each of them.
"""

import polars as pl

_CONNECTION = ("scope", "initiator", "initiator_port", "protocol")
_END = ("responder", "responder_port")
MAX_SECONDS_APART = 60
"""Between the starts of both records. More: another connection from the same port is taken for the passed-on one.
Less: records whose intervals began apart are counted as two."""


def openings_counted_once(openings: pl.DataFrame) -> pl.DataFrame:
    """The openings without those that are another's second record: of a pair the one that a rule refused stays, else
    the one at the balancer, which is whom the client called.

    Both have the same client port and begin together, and no third one has it: so a scanner with a fixed port is not
    taken for two. Wrong for a client that opens from one port at once to a balancer and to something else: one of them
    is not seen. Records in different batches are counted as two.
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
    """The logins without those at a balancer that are logged at the target too. Wrong where openings are."""
    if not logins["is_of_client_ip_preserving"].any():
        return logins
    pairs = _pairs(logins.with_columns(pl.lit(value=False).alias("is_refused")))
    return logins.join(pairs, on=[*_CONNECTION, *_END], how="anti")


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    """The connections of which one end is a balancer and one is not, as is said with `_there`."""
    ends = rows.group_by(*_CONNECTION, *_END, "is_of_client_ip_preserving").agg(
        pl.col("first_seen").min(), pl.col("is_refused").any()
    )
    ends = ends.filter(pl.len().over(_CONNECTION) == 2)  # noqa: PLR2004 - a pair
    here, there = ends.filter("is_of_client_ip_preserving"), ends.filter(~pl.col("is_of_client_ip_preserving"))
    apart = (pl.col("first_seen") - pl.col("first_seen_there")).abs()
    return here.join(there, on=_CONNECTION, suffix="_there").filter(apart <= MAX_SECONDS_APART)


WAYPOINTS = ("nat gateway", "transit gateway")
"""Owner kinds that nobody calls: they listen on nothing."""
_WAYPOINTS = pl.Series(WAYPOINTS, dtype=pl.Categorical())


def without_gateway_traffic(seen: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
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
