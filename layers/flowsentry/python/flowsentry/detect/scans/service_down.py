"""A service of ours that answered in the days before answers its clients no more.

Why it matters: clients that fail are often the first to notice; and while it lasts, who calls it looks like somebody
who searches for open ports, and is not taken for one.
Innocent look-alikes: a host that was stopped on purpose, pods that were replaced while a client still had their
addresses, desktops at night: that is why it waits for the digest, and is resolved by itself when the service answers
again. A stranger who is not answered tells nothing: only those count that the service may have answered before. Wrong
for a service that answers so rarely that others were answered and it is not known yet; it is resolved with the next
answer.
ATT&CK: none. Something is broken, or gone.
"""

from collections.abc import Sequence

import polars as pl

from flowsentry.detect.host_pairs import TCP, Host, Row, display_name, port_in_words
from flowsentry.findings.endpoints import MEMBER_BYTES
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, Severity, finding_id
from flowsentry.findings.known_services import Outage, Service, Services
from flowsentry.findings.thresholds import ServiceThresholds
from flowsentry.inventory.address_space import AddressAt, AddressSpace
from flowsentry.inventory.named_services import NamedServices

SEVERITY, NAMED_SEVERITY = Severity.LOW, Severity.MEDIUM
MAX_SERVICES_PER_BATCH = 200
"""Services of one batch that are told, those with most clients first. More: when a network fails, the digest is about
nothing else. Fewer: of many that are gone some are not told until a later batch."""
MIN_SECONDS_AFTER_ANSWER = 60
"""Between the last answer and the first failure. Less: the times of a record may be 60 s off, so a client that fails
just before another is answered seems to fail after it. More: short outages are not told.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html"""
MIN_CLIENTS_OF_BUSY_SERVICE = 3
"""Initiators that a service must fail when its clients are so many that a stranger can't be told from them. More: its
outage is told later. Fewer: one stranger whom the host itself shuts out is told as an outage."""
_SERVICE = ("scope", "member", "responder", "responder_port")


def services_down(
    known_failures: pl.DataFrame | None, services: Services, thresholds: ServiceThresholds
) -> pl.DataFrame:
    """A row for each service inside whose clients it does not answer: `scope`, `member`, `responder`, `responder_port`,
    `clients`, `packets` that they sent in vain, `first_seen`, `last_seen`, `last_answer` (Unix s), `since` (of an
    outage that is kept already, when it began).
    """
    if known_failures is None:
        return pl.DataFrame()
    apart_seconds = MIN_SECONDS_AFTER_ANSWER + services.lag_seconds
    is_later = pl.col("last_answer") + apart_seconds <= pl.col("first_seen")
    is_unanswered = pl.col("is_client") & pl.col("responder_is_inside") & is_later
    down = (
        known_failures.filter(is_unanswered)
        .group_by(_SERVICE)
        .agg(
            pl.col("initiator").n_unique().alias("clients"),
            pl.col("opened_packets").sum().alias("packets"),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
            pl.col("last_answer").max(),
            pl.col("has_too_many_clients").any(),
        )
        .filter(pl.col("clients") >= thresholds.min_clients, pl.col("packets") >= thresholds.min_packets)
        .filter((pl.col("clients") >= MIN_CLIENTS_OF_BUSY_SERVICE) | ~pl.col("has_too_many_clients"))
        .with_columns(pl.col("scope", "responder").cast(pl.String))
        .sort("clients", "scope", "member", descending=[True, False, False])
        .head(MAX_SERVICES_PER_BATCH)
    )
    began = [services.down_since.get(_service(row), row["first_seen"]) for row in down.iter_rows(named=True)]
    return down.with_columns(pl.Series("since", began, dtype=pl.Int64))


def outages_in(down: pl.DataFrame) -> list[Outage]:
    """The outages to be kept."""
    return [Outage(_service(row), row["since"]) for row in down.iter_rows(named=True)]


def service_down(down: pl.DataFrame, address_space: AddressSpace) -> list[Finding]:
    """A finding for each service that is down: one for each outage."""
    rows = list(down.iter_rows(named=True))
    asked = [AddressAt(row["scope"], row["responder"], row["last_answer"]) for row in rows]
    ends = address_space.ends_of(asked) if asked else []
    parties = [Host(row["responder"], *end) for row, end in zip(rows, ends, strict=True)]
    return [_finding(row, party, address_space.important_services) for row, party in zip(rows, parties, strict=True)]


def finding_ids(outages: Sequence[Outage]) -> list[str]:
    """The ids of the findings about these outages."""
    return [finding_id(*_identity(each.service), str(each.since // SECONDS_A_DAY)) for each in outages]


def _finding(row: Row, party: Host, named: NamedServices) -> Finding:
    outage = Outage(_service(row), row["since"])
    is_named = named.cover(party.address, row["responder_port"], party.owner)
    end = {"responder_port": row["responder_port"], "protocol": TCP}
    clients = f"{row['clients']:,} {'client' if row['clients'] == 1 else 'clients'}"
    return Finding(
        id=finding_ids([outage])[0],
        thread=finding_id(*_identity(outage.service)),
        kind="service_down",
        severity=NAMED_SEVERITY if is_named else SEVERITY,
        title=f"{display_name(party.address, party.owner)} stopped answering {clients} on {port_in_words(end)}",
        subject=party.address,
        scope=row["scope"],
        first_seen=row["since"],
        last_seen=row["last_seen"],
        endpoints=1,
        details={
            "responder": party.address,
            "responder_port": row["responder_port"],
            "protocol": "tcp",
            "clients": row["clients"],
            "packets": row["packets"],
            "last_answer": row["last_answer"],
            "interface_ids": [party.interface.interface_id] if party.interface else [],
            "subject_owner": party.as_details,
            "responder_owner": party.as_details,
            "technique": None,
        },
    )


def _service(row: Row) -> Service:
    return Service(row["scope"], row["member"].to_bytes(MEMBER_BYTES))


def _identity(service: Service) -> tuple[str, str, str]:
    return "service_down", service.scope, service.endpoint.hex()
