"""The direction of a flow as its interface or transit gateway sees it, and the scopes of the flow and of its ends."""

import polars as pl

from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.source_address import UNKNOWN_SCOPE
from flowsentry.records.fields import DIRECTION, is_of_transit_gateway

MAX_ID_BYTES = 255
"""Longest id of a VPC or gateway that is used; AWS's have some 21 bytes. Longer: keys of items grow, and DynamoDB
rejects those above 2,048 bytes. Shorter: no gain."""


def with_direction(flows: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """Adds `direction`, `scope`, and `source_scope` and `destination_scope`, the network in which the address of that
    end is unique.

    For a record of an interface all three scopes are its VPC. A transit gateway joins VPCs that may use the same
    addresses: `scope` is the gateway, and the scope of each end is the VPC that its traffic comes from or goes to.
    """
    if is_of_transit_gateway(flows.columns):
        return _of_transit_gateway(flows)
    seen = _of_interface(flows, address_space)
    return seen.hstack([seen["scope"].alias(f"{end}_scope") for end in ("source", "destination")])


def _of_transit_gateway(flows: pl.DataFrame) -> pl.DataFrame:
    """The direction is the gateway's: ingress from the source's attachment, egress to the destination's. Neither end is
    an address of the gateway. Where an attachment belongs to no VPC (VPN, Direct Connect, peering), the scope of its
    end is the gateway.
    """
    gateway, source, destination = (_id_or_null(flows, f"tgw_{name}") for name in ("id", "src_vpc_id", "dst_vpc_id"))
    unknown = pl.lit(UNKNOWN_SCOPE, pl.Categorical())
    return flows.with_columns(
        _column_or_null(flows, "flow_direction", DIRECTION).alias("direction"),
        pl.coalesce(gateway, unknown).alias("scope"),
        pl.coalesce(source, gateway, unknown).alias("source_scope"),
        pl.coalesce(destination, gateway, unknown).alias("destination_scope"),
    )


def _of_interface(flows: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """The direction is flow-direction, a field since version 5. Without it, the direction follows from which end has
    the interface's own address. That address is known from the inventory, or is the one that all records of the
    interface have in common. Where both ends are in all records (a single peer), the direction is null.
    """
    known = flows.with_columns(
        _column_or_null(flows, "flow_direction", DIRECTION).alias("direction"),
        _id_or_null(flows, "vpc_id").alias("scope"),
    )
    if known["direction"].null_count() or known["scope"].null_count():
        known = _from_interface(known, address_space)
    if known["scope"].null_count():
        known = known.with_columns(pl.col("scope").fill_null(pl.lit(UNKNOWN_SCOPE, pl.Categorical())))
    return known


def _column_or_null(flows: pl.DataFrame, column: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(column) if column in flows.columns else pl.lit(None, dtype)


def _id_or_null(flows: pl.DataFrame, column: str) -> pl.Expr:
    """The column, null where it is too long for an id: DynamoDB would reject it as a key."""
    if column not in flows.columns:
        return pl.lit(None, pl.Categorical())
    ids = flows[column].unique()
    is_long = ids.cast(pl.String).str.len_bytes() > MAX_ID_BYTES
    if not is_long.any():
        return pl.col(column)
    return pl.when(~pl.col(column).is_in(ids.filter(is_long))).then(column)


def _from_interface(flows: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """Fills what is missing from what is known of the interface."""
    joined = flows.hstack(address_space.known_interfaces.vpcs_and_addresses(flows["interface_id"]))
    if joined["interface_address"].null_count():
        joined = joined.join(
            _learned_addresses(flows, address_space), on="interface_id", how="left", maintain_order="left"
        )
        joined = joined.with_columns(pl.coalesce("interface_address", "learned_address")).drop("learned_address")
    own = pl.col("interface_address")
    is_source, is_destination = own == pl.col("srcaddr"), own == pl.col("dstaddr")
    derived = (
        pl.when(is_destination & ~is_source)
        .then(pl.lit("ingress", DIRECTION))
        .when(is_source & ~is_destination)
        .then(pl.lit("egress", DIRECTION))
    )
    return joined.with_columns(
        pl.coalesce("direction", derived).alias("direction"), pl.coalesce("scope", "interface_vpc_id").alias("scope")
    ).drop("interface_vpc_id", "interface_address")


def _learned_addresses(flows: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """The address that every record of an interface has at one end. Where both addresses are always the same, the one
    that is inside, when exactly one is.
    """
    first = flows.group_by("interface_id").agg(
        pl.col("srcaddr").first().alias("one"), pl.col("dstaddr").first().alias("other")
    )
    rows = flows.select("interface_id", "srcaddr", "dstaddr").join(first, on="interface_id", how="left")
    has = {end: (pl.col("srcaddr") == pl.col(end)) | (pl.col("dstaddr") == pl.col(end)) for end in ("one", "other")}
    always = rows.group_by("interface_id").agg(
        pl.col("one").first(), pl.col("other").first(), *(has[end].all().alias(f"always_{end}") for end in has)
    )
    always = always.with_columns(
        address_space.is_inside(always["one"]).alias("one_inside"),
        address_space.is_inside(always["other"]).alias("other_inside"),
    )
    is_one = pl.col("always_one") & (~pl.col("always_other") | (pl.col("one_inside") & ~pl.col("other_inside")))
    is_other = pl.col("always_other") & (~pl.col("always_one") | (pl.col("other_inside") & ~pl.col("one_inside")))
    learned = pl.when(is_one).then("one").when(is_other).then("other")
    return always.select("interface_id", learned.alias("learned_address"))
