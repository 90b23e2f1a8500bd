"""AWS skipped flow log records of an interface (SKIPDATA): the traffic of the interface in that hour is incomplete.

Why it matters: one SKIPDATA record stands for any number of flows, so a scan through this interface may be missing here
and in everything else that uses these logs. Skipped records are not delivered later and need no urgent action, so this
is a line in the digest.
Innocent look-alikes: NODATA, which means that there was no traffic, and is only counted. Skipped records are no sign of
an attack: AWS names an internal capacity constraint or an internal error as the cause
(https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
ATT&CK: none. AWS skips the records; CloudTrail shows who disables flow logs.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl

from flowsentry.detect.flood import summary_findings
from flowsentry.findings.drafts import Draft, Owners
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.frames import CaptureGaps
from flowsentry.inventory.address_space import AddressQuery
from flowsentry.inventory.assignment_index import INTERFACE
from flowsentry.inventory.source_address import UNKNOWN_SCOPE

KIND = KINDS["records_skipped"]
MAX_INTERFACES = 500
"""Findings of a batch, one for each interface and hour; a line of the digest each. More: a batch with very many skipped
records takes longer. Fewer: the others are only counted, in one finding."""


def records_skipped(capture_gaps: CaptureGaps) -> list[Draft]:
    """A finding for each interface and hour (UTC) with skipped records.

    An interface never changes its VPC, but a record may lack the VPC (metadata is best effort), so the VPC is not part
    of the id.
    """
    if capture_gaps.is_empty():
        return []
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
    drafts = [_draft(row) for row in skipped[:MAX_INTERFACES].iter_rows(named=True)]
    return [*drafts, *summary_findings(KIND.name, KIND.severity(), others)]


def _draft(row: Mapping[str, Any]) -> Draft:
    interface, at = row["interface"], row["last_seen"]
    id_ = finding_id("records_skipped", interface, str(row["hour"]))
    return Draft(id_, KIND.severity(), at, (AddressQuery(INTERFACE, interface, at),), partial(_finding, id_, row))


def _finding(id_: str, row: Mapping[str, Any], owners: Owners) -> Finding:
    interface, hour, (end,) = row["interface"], row["hour"], owners
    known = end.interface
    name = f"{known.owner_name} ({interface})" if known and known.owner_name != interface else interface
    return Finding(
        id=id_,
        thread=finding_id("records_skipped", interface),
        kind=KIND.name,
        severity=KIND.severity(),
        title=f"{name}: AWS skipped flow log records in the hour from {_hour_in_words(hour)}",
        subject=interface,
        scope=row["scope"] or (known.vpc_id if known else UNKNOWN_SCOPE),
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        details={
            "hour": hour,
            "records": row["skipdata"],
            "subject_owner": known.owner if known else None,
            "technique": KIND.technique(),
        },
    )


def _hour_in_words(hour: int) -> str:
    return f"{datetime.fromtimestamp(hour, UTC):%Y-%m-%d %H:%M} UTC"
