"""What a record says of its own making: that it tells of traffic, or that there was none."""

import polars as pl

from flowsentry.frames import Records
from flowsentry.records.fields import LOG_STATUS

_NOTIFICATION = ("srcaddr", "dstaddr", "packets")
"""A format with none of these is too poor to say by its gaps that there was nothing."""
_TRAFFIC = (*_NOTIFICATION, "pkt_srcaddr", "pkt_dstaddr", "srcport", "dstport", "protocol", "bytes", "action")


def with_log_status(records: Records) -> Records:
    """The records, with NODATA as `log_status` of those that have no value in any field of traffic: formats without
    log-status have no other word for it. SKIPDATA stays.
    """
    traffic = [name for name in _TRAFFIC if name in records.columns]
    if not any(name in traffic for name in _NOTIFICATION) or not all(records[name].null_count() for name in traffic):
        return records
    status = pl.col("log_status") if "log_status" in records.columns else pl.lit(None, LOG_STATUS)
    is_told = status.is_in(["NODATA", "SKIPDATA"]).fill_null(value=False)
    has_nothing = records.select(pl.all_horizontal(pl.col(traffic).is_null()) & ~is_told).to_series()
    if not has_nothing.any():
        return records
    told = pl.when(has_nothing).then(pl.lit("NODATA", LOG_STATUS)).otherwise(status)
    return Records(records.with_columns(told.alias("log_status")))
