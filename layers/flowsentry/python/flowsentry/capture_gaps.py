"""Capture gaps: interfaces without traffic (NODATA) or with records that AWS left out (SKIPDATA), by the hour."""

from collections.abc import Sequence

import polars as pl

from flowsentry.frames import CaptureGaps, Records
from flowsentry.records.log_status import with_inferred_nodata

SECONDS_AN_HOUR = 3_600
MAX_ROWS = 10_000
"""Rows, one an interface and hour, that are kept for one source, those with most skipped records first; the others are
summed up in one. More: more memory, and when AWS skips records everywhere, as many findings to put, at some 5 ms each.
Fewer: in such an hour of a large network, not every interface is named."""

_NAMED_BY = ("interface_id", "tgw_attachment_id", "tgw_id", "resource_id")
"""Fields that identify what logged a record: the interface; for a transit gateway the attachment, else the gateway; for
a regional NAT gateway, which has no interface, the gateway."""
_SCOPES = ("vpc_id", "tgw_id")
_TIMES = ("start", "end")
_USED = {"log_status", *_NAMED_BY, *_SCOPES, *_TIMES}
_KEY = ("interface", "hour")
_COUNTS = ("nodata", "skipdata")
_NONE = CaptureGaps(
    pl.DataFrame(
        schema=dict.fromkeys(("interface", "scope"), pl.String)
        | dict.fromkeys(("hour", *_COUNTS, "first_seen", "last_seen"), pl.Int64)
    )
)


def capture_gaps_in(records: Records) -> CaptureGaps:
    """The counts of NODATA and SKIPDATA records by interface and hour (of the record's start); mostly no rows. Every
    such record is counted, also one without interface or time.
    """
    rows = with_inferred_nodata(records)
    if "log_status" not in rows.columns:
        return _NONE
    status = rows["log_status"]
    is_gap = (status == "NODATA") | (status == "SKIPDATA")
    if not is_gap.any():
        return _NONE
    present = [name for name in rows.columns if name in _USED]
    return add_up([CaptureGaps(rows.select(present).filter(is_gap).select(_columns(present)))])


def _columns(present: Sequence[str]) -> list[pl.Expr]:
    start, end = (_first_of(names, present, pl.Int64()) for names in (_TIMES, _TIMES[::-1]))
    is_skipped = pl.col("log_status") == "SKIPDATA"
    return [
        _first_of(_NAMED_BY, present, pl.String()).alias("interface"),
        _first_of(_SCOPES, present, pl.String()).alias("scope"),
        (start // SECONDS_AN_HOUR * SECONDS_AN_HOUR).alias("hour"),
        (~is_skipped).cast(pl.Int64).alias("nodata"),
        is_skipped.cast(pl.Int64).alias("skipdata"),
        pl.when(is_skipped).then(start).alias("first_seen"),
        pl.when(is_skipped).then(end).alias("last_seen"),
    ]


def _first_of(names: Sequence[str], present: Sequence[str], dtype: pl.DataType) -> pl.Expr:
    """The first of these columns that has a value; null where the format has none of them."""
    return pl.coalesce(*(pl.col(name).cast(dtype) for name in names if name in present), pl.lit(None, dtype))


def add_up(parts: Sequence[CaptureGaps]) -> CaptureGaps:
    """The capture gaps of all parts added up, those with most skipped records first. The sums stay right for any number
    of rows.
    """
    if not any(map(len, parts)):
        return _NONE
    rows = pl.concat([_NONE, *parts]).group_by(_KEY)
    sums = rows.agg(pl.col(_COUNTS).sum(), pl.col("first_seen").min(), pl.col("scope", "last_seen").max())
    is_named = pl.col("interface").is_not_null() & pl.col("hour").is_not_null()
    named = sums.filter(is_named).sort("skipdata", "nodata", *_KEY, descending=[True, True, False, False])
    others = pl.concat([sums.filter(~is_named), named[MAX_ROWS:]]).select(pl.col(_COUNTS).sum())
    rest = others.filter(pl.sum_horizontal(_COUNTS) > 0)
    return CaptureGaps(pl.concat([_NONE, named.head(MAX_ROWS), rest], how="diagonal"))


def skipped_by_interface(capture_gaps: CaptureGaps) -> dict[str, int]:
    """The number of SKIPDATA records of each interface that has any, the highest first."""
    skipped = capture_gaps.filter(pl.col("skipdata") > 0, pl.col("interface").is_not_null())
    sums = skipped.group_by("interface").agg(pl.col("skipdata").sum())
    return dict(sums.sort("skipdata", "interface", descending=[True, False]).iter_rows())


def last_hour_end(capture_gaps: CaptureGaps) -> int | None:
    """The Unix second at which the last hour with a NODATA or SKIPDATA record ends; None without one."""
    last = capture_gaps["hour"].max()
    return last + SECONDS_AN_HOUR if isinstance(last, int) else None


def interfaces_without_data(capture_gaps: CaptureGaps) -> set[str]:
    """The interfaces that have a NODATA record."""
    return set(capture_gaps.filter(pl.col("nodata") > 0)["interface"].drop_nulls())
