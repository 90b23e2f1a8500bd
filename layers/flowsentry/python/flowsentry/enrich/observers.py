"""What is known, for the traffic bill, of the interface that logged each record."""

from typing import Self

import polars as pl

from flowsentry.charge_facts import KINDS, NAT_GATEWAY
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.owner_kinds import KIND_OF_TYPE
from flowsentry.value import Value

PUBLIC_ENDS = ("source_is_public", "destination_is_public")
"""Whether an end is a public address of our own. Only where addresses of this kind were seen."""


class ObservedFlows(Value, frozen=True):
    """The enriched flows, and of the interface that logged each: its `kind` (KINDS), `zone` and whether it
    `has_public_address`; null if unknown. `sent` and `received` are what passed in each direction, null where the
    direction is unknown; `passed` is all that was not rejected.
    """

    flows: pl.DataFrame
    kind: pl.Series
    zone: pl.Series
    has_public_address: pl.Series
    passed: pl.Series
    sent: pl.Series
    received: pl.Series
    never: pl.Series

    @classmethod
    def of(cls, flows: pl.DataFrame, address_space: AddressSpace) -> Self:
        """From the inventory, else from the fields interface-type and resource-id; the zone from az-id first."""
        known = address_space.charge_facts.of_interfaces(flows["interface_id"])
        passed, is_egress = ~flows["is_rejected"], flows["direction"] == "egress"
        return cls(
            flows,
            _kind(flows, known["kind"]),
            _first_known(flows["az_id"], known["zone"]) if _has_values("az_id", flows) else known["zone"],
            known["is_public"],
            passed,
            passed & is_egress,
            passed & ~is_egress,
            pl.Series([False]).new_from_index(0, len(flows)),
        )

    def is_of(self, kind: str) -> pl.Series:
        """Whether the interface that logged each record is of this kind; null or false if that is unknown."""
        return self.kind == kind if self.kind.null_count() < len(self.kind) else self.never

    def is_public(self, end: str) -> pl.Series:
        """Whether an end is a public address of our own."""
        return self.flows[f"{end}_is_public"] if f"{end}_is_public" in self.flows.columns else self.never

    def is_inside_privately(self, end: str) -> pl.Series:
        """Whether an end is inside, and not by a public address of our own."""
        return self.flows[f"{end}_is_inside"] & ~self.is_public(end)


def without(values: pl.Series, unknown: pl.Series) -> pl.Series:
    """The values, null where they are unknown."""
    if not unknown.any():
        return values
    is_unknown = unknown.fill_null(value=False) if unknown.null_count() else unknown
    return values.zip_with(~is_unknown, pl.Series([None], dtype=values.dtype))


def _kind(flows: pl.DataFrame, known: pl.Series) -> pl.Series:
    if _has_values("interface_type", flows):
        types = flows["interface_type"].cast(pl.String)
        kinds = types.replace_strict(KIND_OF_TYPE, default=None, return_dtype=pl.String)
        known = _first_known(known, kinds.cast(KINDS, strict=False))
    if _has_values("resource_id", flows):
        is_gateway = flows["resource_id"].cast(pl.String).str.starts_with("nat-").fill_null(value=False)
        known = pl.Series([NAT_GATEWAY], dtype=KINDS).zip_with(is_gateway, known)
    return known


def _first_known(values: pl.Series, others: pl.Series) -> pl.Series:
    return values.zip_with(values.is_not_null(), others) if values.null_count() else values


def _has_values(column: str, flows: pl.DataFrame) -> bool:
    return column in flows.columns and flows[column].null_count() < len(flows)
