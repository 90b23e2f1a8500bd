"""Which contacts count for or against a scan, on columns; few_contacts has the same for rows."""

from collections.abc import Sequence
from functools import cache

import polars as pl

from flowsentry.detect.scans.few_contacts import MAINTENANCE_PORTS
from flowsentry.records.code_names import TCP, UDP


def scan_failures(contacts: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of the failed contacts that count for scans. They are filtered once: by far the most contacts are
    answered, and a copy of all is what would take most memory in a large object.
    """
    return contacts.filter((pl.col("outcome") != "answered") & counts_for_scans()).select(columns)


@cache
def counts_for_scans() -> pl.Expr:
    """Whether contacts count for or against a scan: all except rejected outbound contacts on maintenance ports, and
    contacts whose replies a network ACL denied, which is no failure of the initiator.
    """
    is_outbound = pl.col("initiator_is_inside") & ~pl.col("responder_is_inside")
    is_maintenance = pl.col("protocol").is_in([TCP, UDP]) & pl.col("responder_port").is_in(MAINTENANCE_PORTS)
    has_denied_reply = (pl.col("outcome") == "unanswered") & pl.col("reply_refused_at").is_not_null()
    return ~((pl.col("outcome") == "rejected") & is_outbound & is_maintenance) & ~has_denied_reply
