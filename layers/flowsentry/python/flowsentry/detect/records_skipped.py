"""AWS left out flow log records of an interface (SKIPDATA): what passed there in that hour is not known.

Why it matters: one such record stands for any number of flows, so a scan through this interface may be missing here and
in whatever else is made of these logs. Nobody can act on it at night, and what is left out does not come later: it is a
line in the digest.
Innocent look-alikes: NODATA, which says that there was no traffic, and is only counted. That records are skipped is
nobody's fault and no sign of an attack: AWS names a limit or an error of its own as the cause
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
ATT&CK: none. AWS leaves records out by itself; who switches flow logs off shows in CloudTrail.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.frames import CaptureGaps
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.scopes import UNKNOWN_SCOPE

SEVERITY = Severity.BACKGROUND
MAX_INTERFACES = 500
"""Interfaces and hours of a batch that are told one by one; each takes some 5 ms. More: a batch with very many takes
longer. Fewer: of very many, the others are a number."""


def records_skipped(capture_gaps: CaptureGaps, address_space: AddressSpace) -> list[Finding]:
    """A finding for each interface and hour (UTC) of which records were left out.

    An interface has one VPC for life, which a record may lack (metadata is best effort): so it is no part of the id.
    """
    skipped = capture_gaps.filter(pl.col("skipdata") > 0, pl.col("interface").is_not_null())
    if len(skipped) > MAX_INTERFACES:
        skipped = skipped.sort("skipdata", "interface", descending=[True, False])
    interface = pl.col("interface").cast(pl.String)
    others = skipped[MAX_INTERFACES:].with_columns(
        interface.alias("initiator"),
        interface.alias("responder"),
        pl.col("scope").fill_null(UNKNOWN_SCOPE),
        (pl.col("hour") // SECONDS_A_DAY).alias("day"),
    )
    told = [_finding(row, address_space) for row in skipped[:MAX_INTERFACES].iter_rows(named=True)]
    return [*told, *summary_findings("records_skipped", SEVERITY, others, address_space)]


def _finding(row: Mapping[str, Any], address_space: AddressSpace) -> Finding:
    interface, hour = row["interface"], row["hour"]
    known = address_space.interface_of(interface, row["last_seen"])
    name = f"{known.owner_name} ({interface})" if known and known.owner_name != interface else interface
    return Finding(
        id=finding_id("records_skipped", interface, str(hour)),
        thread=finding_id("records_skipped", interface),
        kind="records_skipped",
        severity=SEVERITY,
        title=f"{name}: AWS left out flow log records of the hour from {_hour_in_words(hour)}",
        subject=interface,
        scope=row["scope"] or (known.vpc_id if known else UNKNOWN_SCOPE),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        details={
            "hour": hour,
            "records": row["skipdata"],
            "subject_owner": known.owner if known else None,
            "technique": None,
        },
    )


def _hour_in_words(hour: int) -> str:
    return f"{datetime.fromtimestamp(hour, UTC):%Y-%m-%d %H:%M} UTC"
