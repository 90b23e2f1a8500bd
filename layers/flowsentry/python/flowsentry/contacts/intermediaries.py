"""Deduplicates connections that a network load balancer logs twice, and leaves out traffic through gateways.

With client IP preservation, the client's packets are logged at the balancer and again at the target, which sees the
client's address and port
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#client-ip-preservation).
Without deduplication, a client of dead targets would seem to fail at each of them.
"""

from collections.abc import Collection

import polars as pl

INTERMEDIARIES = (
    "nat gateway",
    "application load balancer",
    "network load balancer",
    "gateway load balancer",
    "classic load balancer",
    "vpc endpoint",
    "gateway load balancer endpoint",
    "transit gateway",
)
"""Owner kinds that forward traffic of others: never the initiator of a contact, so never the subject of a finding.
Wrong for a compromised one: connections that it opens itself are not detected."""
_ENDS = ("source", "destination")
_KINDS = {"forwards": frozenset(INTERMEDIARIES), "preserves_client_ip": frozenset({"network load balancer"})}
FORWARDERS = tuple(f"{end}_{name}" for name in _KINDS for end in _ENDS)
"""Columns that say of each end of a flow whether it is an intermediary, and whether it is a load balancer that may
preserve the client's address."""


def with_forwarders(flows: pl.DataFrame) -> pl.DataFrame:
    """The flows with the columns of FORWARDERS. In most chunks no end is an intermediary, and none is searched."""
    owners = {end: flows[f"{end}_owner_kind"] for end in _ENDS}
    present = {end: frozenset(each.unique().to_list()) for end, each in owners.items()}
    return flows.hstack(
        [
            (_are(owners[end], kinds) if present[end] & kinds else _none(flows)).alias(f"{end}_{name}")
            for name, kinds in _KINDS.items()
            for end in _ENDS
        ]
    )


def _none(flows: pl.DataFrame) -> pl.Series:
    return pl.Series([False]).new_from_index(0, len(flows))


def _are(owners: pl.Series, kinds: Collection[str]) -> pl.Series:
    """Whether each owner is of one of these kinds."""
    return owners.is_in(pl.Series(list(kinds), dtype=pl.Categorical()).implode()).fill_null(value=False)


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


def without_gateway_traffic(seen: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """The flows, `with_forwarders`, without those that our own hosts sent through a gateway, unless the gateway's rules
    refused them. `columns` are the format's: with pkt-dstaddr, no flow looks like traffic to a gateway.

    Wrong for a host that scans a gateway's own address: without pkt-dstaddr that is not detected.
    """
    if "pkt_dstaddr" in columns or not seen["destination_forwards"].any():
        return seen
    to_gateway = _are(seen["destination_owner_kind"], WAYPOINTS)
    passing = to_gateway & seen["source_is_inside"] & ~seen["is_rejected"]
    return seen.filter(~passing) if passing.any() else seen
