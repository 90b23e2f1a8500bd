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
    direction = (
        flows["flow_direction"] if "flow_direction" in flows.columns else _NO_DIRECTION.new_from_index(0, len(flows))
    )
    scope = (
        flows.select(_id_or_null(flows, "vpc_id")).to_series()
        if "vpc_id" in flows.columns
        else _NO_ID.new_from_index(0, len(flows))
    )
    if direction.null_count() or scope.null_count():
        interface = address_space.known_interfaces.vpcs_and_addresses(flows["interface_id"])
        direction = _first_known(direction, _derived(flows, interface["interface_address"], address_space))
        scope = _first_known(scope, interface["interface_vpc_id"])
    scope = _first_known(scope, _UNKNOWN.new_from_index(0, len(flows)))
    others = flows[[name for name in flows.columns if name not in ("direction", "scope")]]
    return others.hstack([direction.alias("direction"), scope.alias("scope")])


_NO_ID, _UNKNOWN = (pl.Series([value], dtype=pl.Categorical()) for value in (None, UNKNOWN_SCOPE))
_INGRESS, _EGRESS, _NO_DIRECTION = (pl.Series([value], dtype=DIRECTION) for value in ("ingress", "egress", None))


def _first_known(values: pl.Series, others: pl.Series) -> pl.Series:
    unknown = values.null_count()
    if unknown == len(values):
        return others
    return values.zip_with(values.is_not_null(), others) if unknown else values


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


def _derived(flows: pl.DataFrame, own: pl.Series, address_space: AddressSpace) -> pl.Series:
    """The direction by the interface's own address: that of the inventory, else the one that its records share."""
    if own.null_count():
        learned = _learned_addresses(flows, address_space)
        own = _first_known(
            own,
            flows[["interface_id"]].join(learned, on="interface_id", how="left", maintain_order="left")[
                "learned_address"
            ],
        )
    is_source, is_destination = own == flows["srcaddr"], own == flows["dstaddr"]
    outbound = _EGRESS.zip_with(is_source & ~is_destination, _NO_DIRECTION.new_from_index(0, len(flows)))
    return _INGRESS.zip_with(is_destination & ~is_source, outbound)


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
