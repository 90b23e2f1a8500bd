"""Bytes that cost money, by five minutes, meter of AWS and owner.

The owner is who causes the charge, and is named on the inner side of a gateway: the host that uses a NAT gateway or an
interface endpoint in either direction, else the sender. What a NAT gateway sends out to the internet is the gateway's:
no record of that leg has the host.

A record may be charged on two meters, such as a NAT gateway's and between zones, and then counts on both.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.frames import ChargeSums, EnrichedFlows
from flowsentry.records.charged_paths import (
    BILLED_PATHS,
    BILLED_TO_EITHER_SIDE,
    CHARGED_AT_ONE_END,
    INTER_ZONE,
    UNKNOWN_PATH,
)

SECONDS_A_SUM = 300
"""Sums are by five minutes of the records, the period of the dashboards' graphs. Longer: fewer log lines, and graphs
with gaps. Shorter: a source has more sums than it needs."""
MAX_CHARGE_ROWS = 50_000
"""Sums of one source. More: more memory, for an object that covers a day of many owners. Fewer: of such an object, the
owners with the fewest bytes are not billed."""
MAX_UNMERGED_CHARGE_ROWS = 100_000
"""Sums that are held until those of the same time, meter and owner are merged. More: more memory. Fewer: the same sums
are merged more often."""
PATH = pl.Enum([*BILLED_PATHS, UNKNOWN_PATH])
_OWNER = ("owner_id", "owner_kind", "owner_name")
_KEY = ("time", "path", "owner_id")
_AMOUNTS = ("bytes", "bytes_at_one_end")
_SCHEMA: dict[str, pl.DataType] = {
    "time": pl.Int64(),
    "path": PATH,
    **dict.fromkeys(_OWNER, pl.Categorical()),
    **dict.fromkeys(_AMOUNTS, pl.Int64()),
}
_COLUMNS = [
    *("start", "charged_path", "crosses_zones", "direction", "is_rejected", "bytes"),
    *(f"{end}_{name}" for end in ("source", "destination") for name in _OWNER),
]
"""What the sums are made of: to filter the other columns too would take longer."""
NO_CHARGES = ChargeSums(pl.DataFrame(schema=_SCHEMA))
_TIME = (pl.col("start") // SECONDS_A_SUM * SECONDS_A_SUM).alias("time")
_IS_CHARGED_AT_ONE_END = pl.any_horizontal(
    pl.col(f"{end}_owner_kind") == kind for end in ("source", "destination") for kind in CHARGED_AT_ONE_END
).fill_null(value=False)
_USES_GATEWAY = pl.col("charged_path").is_in(BILLED_TO_EITHER_SIDE) & (pl.col("direction") == "egress")
_CAUSED_BY = [
    pl.when(_USES_GATEWAY).then(f"destination_{name}").otherwise(f"source_{name}").alias(name) for name in _OWNER
]
_SENT_BY = [pl.col(f"source_{name}").alias(name) for name in _OWNER]
_IS_UNKNOWN = pl.all_horizontal(
    pl.col("crosses_zones").is_null(), pl.col("charged_path").is_null(), ~pl.col("is_rejected"), pl.col("bytes") > 0
)
_NONE_AT_ONE_END = pl.lit(0, pl.Int64).alias("bytes_at_one_end")
_AT_ONE_END = pl.when(_IS_CHARGED_AT_ONE_END).then("bytes").otherwise(0).alias("bytes_at_one_end")


def measure_charges(flows: EnrichedFlows) -> ChargeSums:
    """A row for each five minutes (Unix s of the record's start, null without one), path and owner; those with the path
    `unknown` are bytes of which the records can't tell on which paths they are charged.
    """
    path, crosses = flows["charged_path"], flows["crosses_zones"]
    has_path, is_unsure = path.null_count() < len(flows), crosses.null_count() > 0
    if not (has_path or is_unsure or crosses.any()):
        return NO_CHARGES
    narrow, parts = flows[_COLUMNS], []
    if has_path:
        charged = narrow.filter(pl.col("charged_path").is_not_null())
        parts.append(_rows(charged, pl.col("charged_path").cast(PATH), _CAUSED_BY, _NONE_AT_ONE_END))
    if crosses.any():
        parts.append(_rows(narrow.filter("crosses_zones"), _constant(INTER_ZONE), _CAUSED_BY, _AT_ONE_END))
    if is_unsure:
        parts.append(_rows(narrow.filter(_IS_UNKNOWN), _constant(UNKNOWN_PATH), _SENT_BY, _NONE_AT_ONE_END))
    parts = [part for part in parts if len(part)]
    return _summed(pl.concat(parts)) if parts else NO_CHARGES


def _constant(path: str) -> pl.Expr:
    return pl.lit(path, PATH)


def _rows(flows: pl.DataFrame, path: pl.Expr, owner: list[pl.Expr], at_one_end: pl.Expr) -> pl.DataFrame:
    return flows.select_seq(_TIME, path.alias("path"), *owner, "bytes", at_one_end)


def _summed(rows: pl.DataFrame) -> ChargeSums:
    """The rows with the same time, path and owner added up, with the columns of _SCHEMA in its order."""
    return ChargeSums(rows.group_by(_KEY).agg(pl.col("owner_kind", "owner_name").first(), pl.col(_AMOUNTS).sum()))


def merged_charges(parts: Sequence[ChargeSums]) -> list[ChargeSums]:
    """The same sums; merged into one frame where there are more than MAX_UNMERGED_CHARGE_ROWS."""
    held = [part for part in parts if len(part)]
    return [_summed(pl.concat(held))] if sum(map(len, held)) > MAX_UNMERGED_CHARGE_ROWS else held


def add_up_charges(parts: Sequence[ChargeSums]) -> ChargeSums:
    """The sums of all parts, in order of time and path, those with the most bytes first. Beyond MAX_CHARGE_ROWS, the
    rows with the fewest bytes are left out.
    """
    held = [part for part in parts if len(part)]
    if not held:
        return NO_CHARGES
    whole = _summed(pl.concat(held)) if len(held) > 1 else held[0]
    if len(whole) > MAX_CHARGE_ROWS:
        whole = ChargeSums(whole.sort("bytes", descending=True).head(MAX_CHARGE_ROWS))
    owner_id = pl.col("owner_id").cast(pl.String)
    return ChargeSums(whole.sort("time", "path", "bytes", owner_id, descending=[False, False, True, False]))
