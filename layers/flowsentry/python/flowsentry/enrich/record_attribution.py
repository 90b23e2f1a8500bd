"""Owners from the fields of the record itself, where the inventory knows none, or only an older one.

AWS fills these fields with best effort, but at the time of the flow.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import polars as pl

from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.owner_kinds import AWS_SERVICE, KIND_OF_TYPE, UNKNOWN

_KIND, _ID, _NAME = "owner_kind", "owner_id", "owner_name"
SHARED_RANGES = ("EC2",)
"""Ranges of AWS whose addresses customers use: an owner of such an address is not AWS."""


ENDS = {"source": ("srcaddr", "egress"), "destination": ("dstaddr", "ingress")}
"""For each end, the column of its address, and the direction in which it is the interface that logged the record."""
OwnEnds = dict[str, pl.Series]
"""For each end, whether it is the interface that logged the record, rather than a host whose traffic that forwards."""


def own_ends(flows: pl.DataFrame) -> OwnEnds:
    """Which ends are the interface that logged the record: its address is also the packet's."""
    return {
        end: (flows["direction"] == direction) & (flows[f"{end}_address"] == flows[column])
        for end, (column, direction) in ENDS.items()
    }


class _Attribution(NamedTuple):
    """The owner of an end by a field of the record: the rows that have it, and kind, id and name of the owner."""

    rows: pl.Series
    kind: pl.Expr
    id: pl.Expr
    name: pl.Expr


def with_record_attribution(flows: pl.DataFrame, own: OwnEnds | None, address_space: AddressSpace) -> pl.DataFrame:
    """The flows, with the owner that the record names (instance-id, the ecs fields, interface-type, resource-id) at the
    end that logged it, where the inventory knows none, or where the interface belongs to another instance now; and with
    the AWS service at the other end, where its address is in a range of one.
    """
    named = flows
    for end in ENDS:
        for attribution in _attributions_of(end, flows, None if own is None else own[end]):
            named = _filled(named, end, attribution, address_space)
    return named.drop("instance_name") if "instance_name" in named.columns else named


def _attributions_of(end: str, flows: pl.DataFrame, is_own: pl.Series | None) -> Iterator[_Attribution]:
    if is_own is not None:
        yield from (
            attribution_of(end, flows, is_own)
            for field, attribution_of in _ATTRIBUTION_BY_FIELD.items()
            if _has_values(field, flows)
        )
    service = f"pkt_{'src' if end == 'source' else 'dst'}_aws_service"
    if _has_values(service, flows):
        name = pl.col(service)
        is_aws = flows.select(name.is_not_null() & ~name.cast(pl.String).is_in(SHARED_RANGES)).to_series()
        yield _Attribution(is_aws & flows[f"{end}_{_KIND}"].is_null(), _constant(AWS_SERVICE), name, name)


def _has_values(column: str, flows: pl.DataFrame) -> bool:
    return column in flows.columns and flows[column].null_count() < len(flows)


def _instance(end: str, flows: pl.DataFrame, is_own: pl.Series) -> _Attribution:
    kind, instance = flows[f"{end}_{_KIND}"], flows["instance_id"]
    is_other = is_own & instance.is_not_null() & flows[f"{end}_{_ID}"].ne_missing(instance)
    rows = is_other & (_is_unowned(kind) | (kind == "instance")) if is_other.any() else is_other
    names = [
        name for name in ("instance_name", "instance_tag", "instance_id") if name in {*flows.columns, "instance_name"}
    ]
    return _Attribution(rows, _constant("instance"), pl.col("instance_id"), pl.coalesce(names))


def _ecs_task(end: str, flows: pl.DataFrame, is_own: pl.Series) -> _Attribution:
    names = [name for name in ("ecs_service_name", "ecs_task_id", "ecs_task_arn") if name in flows.columns]
    rows = is_own & flows["ecs_task_arn"].is_not_null() & _is_unowned(flows[f"{end}_{_KIND}"])
    return _Attribution(rows, _constant("ecs task"), pl.col("ecs_task_arn"), pl.coalesce(names))


def _by_type(end: str, flows: pl.DataFrame, is_own: pl.Series) -> _Attribution:
    types = flows["interface_type"].cast(pl.String)
    attribution = types.replace_strict(KIND_OF_TYPE, default=None, return_dtype=pl.String).cast(pl.Categorical)
    rows = is_own & attribution.is_not_null() & _is_unowned(flows[f"{end}_{_KIND}"])
    return _Attribution(rows, pl.lit(attribution), pl.col("interface_id"), pl.col("interface_id"))


def _regional_gateway(end: str, flows: pl.DataFrame, is_own: pl.Series) -> _Attribution:
    is_gateway = flows["resource_id"].cast(pl.String).str.starts_with("nat-")
    gateway = pl.col("resource_id")
    return _Attribution(
        is_own & is_gateway & _is_unowned(flows[f"{end}_{_KIND}"]), _constant("nat gateway"), gateway, gateway
    )


_ATTRIBUTION_BY_FIELD = {
    "instance_id": _instance,
    "ecs_task_arn": _ecs_task,
    "interface_type": _by_type,
    "resource_id": _regional_gateway,
}
"""The fields that name an owner, with the function that reads each."""


def _is_unowned(kind: pl.Series) -> pl.Series:
    return kind.is_null() | (kind == UNKNOWN)


@cache
def _constant(kind: str) -> pl.Expr:
    return pl.lit(kind, pl.Categorical())


def _filled(flows: pl.DataFrame, end: str, attribution: _Attribution, address_space: AddressSpace) -> pl.DataFrame:
    rows = attribution.rows.fill_null(value=False)
    if not rows.any():
        return flows
    if "instance_id" in flows.columns and "instance_name" not in flows.columns:
        flows = flows.hstack([_instance_names(flows["instance_id"], address_space)])
    columns = {_KIND: attribution.kind, _ID: attribution.id, _NAME: attribution.name}
    return flows.with_columns(
        pl.when(rows).then(value).otherwise(pl.col(f"{end}_{name}")).alias(f"{end}_{name}")
        for name, value in columns.items()
    )


def _instance_names(instance_ids: pl.Series, address_space: AddressSpace) -> pl.Series:
    """The name of each instance in the inventory."""
    names = pl.DataFrame({_ID: instance_ids}).join(
        address_space.instance_names, on=_ID, how="left", maintain_order="left"
    )
    return names["owner_name"].alias("instance_name")
