"""An internal service that answered in the last days no longer answers its clients.

Why it matters: failing clients are often the first sign of an outage. While it lasts, the clients look like sources
that search for open ports, but are not classified as scanners.
Innocent look-alikes: a host that was stopped on purpose, pods that were replaced while a client still used their
addresses, desktops at night. Therefore it is a line in the digest, and is resolved automatically when the service
answers again. A new source without an answer shows nothing: only clients that the service may have answered before
count. Wrong for a service that answers so rarely that its answers to others have not arrived yet; it is resolved with
the next answer.
ATT&CK: none. Something is broken, or was removed.
"""

from collections.abc import Sequence
from functools import partial

import polars as pl

from flowsentry.detect.host_pairs import Host, Row, display_name, port_in_words
from flowsentry.findings.drafts import Draft, Owners
from flowsentry.findings.endpoints import MEMBER_BYTES
from flowsentry.findings.evidence import SECONDS_A_DAY
from flowsentry.findings.finding import Finding, finding_id
from flowsentry.findings.kinds import KINDS
from flowsentry.findings.known_services import Outage, Service, Services
from flowsentry.findings.thresholds import ServiceThresholds
from flowsentry.inventory.address_space import AddressQuery
from flowsentry.inventory.named_services import NamedServices
from flowsentry.records.code_names import TCP, protocol_name

KIND = KINDS["service_down"]
MAX_SERVICES_PER_BATCH = 200
"""Services that one batch reports, those with the most clients first. More: when a network fails, the digest lists
nothing else. Fewer: if many services are down, some are not reported until a later batch."""
MIN_SECONDS_AFTER_ANSWER = 60
"""Seconds between the last answer and the first failure. Fewer: the times of a record may be up to 60 s off, so a
client that fails just before another one is answered seems to fail after it. More: short outages are not reported.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html"""
MIN_CLIENTS_OF_BUSY_SERVICE = 3
"""Initiators without an answer that make an outage of a service with too many clients to identify them. More: the
outage is reported later. Fewer: one new source that the host itself blocks is reported as an outage."""
_SERVICE = ("scope", "member", "responder", "responder_port")


def services_down(
    known_failures: pl.DataFrame | None, services: Services, thresholds: ServiceThresholds
) -> pl.DataFrame:
    """A row for each internal service that does not answer its clients: `scope`, `member`, `responder`,
    `responder_port`, number of `clients`, number of their unanswered `packets`, `first_seen`, `last_seen`,
    `last_answer` (Unix seconds), and `since`: when the outage began, if it is recorded already, else `first_seen`.
    """
    if known_failures is None:
        return pl.DataFrame()
    gap_seconds = MIN_SECONDS_AFTER_ANSWER + services.lag_seconds
    is_later = pl.col("last_answer") + gap_seconds <= pl.col("first_seen")
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
    """The outages to record."""
    return [Outage(_service(row), row["since"]) for row in down.iter_rows(named=True)]


def service_down(down: pl.DataFrame, important: NamedServices) -> list[Draft]:
    """A finding for each outage."""
    return [_draft(row, important) for row in down.iter_rows(named=True)]


def finding_ids(outages: Sequence[Outage]) -> list[str]:
    """The ids of the findings about these outages."""
    return [finding_id(*_identity(each.service), str(each.since // SECONDS_A_DAY)) for each in outages]


def _draft(row: Row, important: NamedServices) -> Draft:
    (id_,) = finding_ids([Outage(_service(row), row["since"])])
    end = AddressQuery(row["scope"], row["responder"], row["last_answer"])
    severity = KIND.severity("important service" if important else "other service")
    return Draft(id_, severity, row["last_seen"], (end,), partial(_finding, id_, row, important))


def _finding(id_: str, row: Row, important: NamedServices, owners: Owners) -> Finding:
    host = Host(row["responder"], *owners[0])
    is_important = important.cover(host.address, row["responder_port"], host.owner)
    end = {"responder_port": row["responder_port"], "protocol": TCP}
    clients = f"{row['clients']:,} {'client' if row['clients'] == 1 else 'clients'}"
    return Finding(
        id=id_,
        thread=finding_id(*_identity(_service(row))),
        kind=KIND.name,
        severity=KIND.severity("important service" if is_important else "other service"),
        title=f"{display_name(host.address, host.owner)} stopped answering {clients} on {port_in_words(end)}",
        subject=host.address,
        scope=row["scope"],
        first_seen=row["since"],
        last_seen=row["last_seen"],
        endpoints=1,
        details={
            "responder": host.address,
            "responder_port": row["responder_port"],
            "protocol": protocol_name(TCP),
            "clients": row["clients"],
            "packets": row["packets"],
            "last_answer": row["last_answer"],
            "interface_ids": [host.interface.interface_id] if host.interface else [],
            "subject_owner": host.as_details,
            "responder_owner": host.as_details,
            "technique": KIND.technique(),
        },
    )


def _service(row: Row) -> Service:
    return Service(row["scope"], row["member"].to_bytes(MEMBER_BYTES))


def _identity(service: Service) -> tuple[str, str, str]:
    return "service_down", service.scope, service.endpoint.hex()
