"""Infers the log status NODATA of records whose format lacks log-status.

A module of its own, since parse and capture_gaps both need it and neither stage may import the other.
"""

import polars as pl

from flowsentry.frames import Records
from flowsentry.records.fields import LOG_STATUS

_DECISIVE = ("srcaddr", "dstaddr", "packets")
"""A format needs at least one of these fields before empty fields can mean that there was no traffic."""
_TRAFFIC = (*_DECISIVE, "pkt_srcaddr", "pkt_dstaddr", "srcport", "dstport", "protocol", "bytes", "action")


def with_inferred_nodata(records: Records) -> Records:
    """The records; `log_status` is NODATA if no traffic field has a value, which is the only sign of it in a format
    without log-status. SKIPDATA stays.
    """
    traffic = [name for name in _TRAFFIC if name in records.columns]
    if not any(name in traffic for name in _DECISIVE) or not all(records[name].null_count() for name in traffic):
        return records
    status = pl.col("log_status") if "log_status" in records.columns else pl.lit(None, LOG_STATUS)
    is_known = status.is_in(["NODATA", "SKIPDATA"]).fill_null(value=False)
    is_empty = records.select(pl.all_horizontal(pl.col(traffic).is_null()) & ~is_known).to_series()
    if not is_empty.any():
        return records
    inferred = pl.when(is_empty).then(pl.lit("NODATA", LOG_STATUS)).otherwise(status)
    return Records(records.with_columns(inferred.alias("log_status")))
