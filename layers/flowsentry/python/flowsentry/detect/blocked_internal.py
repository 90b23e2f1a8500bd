"""Own host refused by a rule on the way to own host: something that should work probably does not.

Why it matters: a security group or network ACL that forgot a path is an outage somebody has not found yet; the same
record may be a host that tries doors, so it is told either way.
Innocent look-alikes: late packets of a closed connection, which are REJECT too (they carry no SYN, so they are no
contact); a scan, which is told as a scan; a single stray packet, which is below the bound.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl

from flowsentry.findings import Finding, Severity, finding_id
from flowsentry.frames import Contacts
from flowsentry.meanings import protocol_name
from flowsentry.ownership import Interface
from flowsentry.services import SERVICES
from flowsentry.territory import Territory
from flowsentry.thresholds import BlockedThresholds

_TCP_OR_UDP = (6, 17)


def blocked_internal(
    contacts: Contacts, condemned: Collection[tuple[str, str]], territory: Territory, bounds: BlockedThresholds
) -> list[Finding]:
    """A finding for each (initiator, responder, port) inside that a rule refused: once a day."""
    refused = contacts.filter(
        pl.col("outcome") == "rejected",
        pl.col("initiator_is_inside") & pl.col("responder_is_inside"),
        pl.col("protocol").is_in(_TCP_OR_UDP),
        pl.col("rejected_packets") >= bounds.min_packets,
    )
    blocked = refused.filter(pl.len().over("scope", "initiator") <= bounds.max_endpoints_a_source)
    rows = blocked.sort("first_seen", "initiator", "responder", "responder_port").iter_rows(named=True)
    return list(_findings(rows, condemned, territory))


def _findings(
    rows: Iterator[Mapping[str, Any]], condemned: Collection[tuple[str, str]], territory: Territory
) -> Iterator[Finding]:
    for row in rows:
        if (row["scope"], row["initiator"]) not in condemned:
            yield _finding(row, territory)


def _finding(row: Mapping[str, Any], territory: Territory) -> Finding:
    scope, initiator, responder, port = (row[name] for name in ("scope", "initiator", "responder", "responder_port"))
    owners = [territory.owner_of(scope, address, row["last_seen"]) for address in (initiator, responder)]
    protocol = protocol_name(row["protocol"])
    service = f" ({SERVICES[port]})" if port in SERVICES else ""
    names = [_named(address, owner) for address, owner in zip((initiator, responder), owners, strict=True)]
    return Finding(
        id=finding_id("blocked_internal", scope, initiator, responder, str(port), protocol, str(row["day"])),
        thread=finding_id("blocked_internal", scope, initiator, responder, str(port), protocol),
        kind="blocked_internal",
        severity=Severity.MEDIUM,
        title=f"{names[0]} is blocked from {names[1]}: port {port}/{protocol}{service}",
        subject=initiator,
        scope=scope,
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        endpoints=1,
        details={
            "responder": responder,
            "responder_port": port,
            "protocol": protocol,
            "packets": row["rejected_packets"],
            "interface_ids": [row["refused_at"]] if row["refused_at"] else [],
            "reject_reason": row["reject_reason"],
            "subject_owner": owners[0].owner if owners[0] else None,
            "responder_owner": owners[1].owner if owners[1] else None,
            "technique": None,
        },
    )


def _named(address: str, owner: Interface | None) -> str:
    return f"{owner.owner_name} ({address})" if owner else address
