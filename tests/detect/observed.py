"""Builders of detector input, with ordinary values for everything that a test does not set."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from flowsentry.contacts import contacts as contacts_of
from flowsentry.contacts.logins import SCHEMA
from flowsentry.detect.scans.source_evidence import answered_sources, evidence_of, with_source_scopes
from flowsentry.findings.drafts import Draft, named
from flowsentry.findings.evidence import History
from flowsentry.findings.finding import Finding
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Contacts, Logins, Settled
from flowsentry.in_memory import EvidenceInMemory
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from tests.builders import DAY, NOON, VPC, enriched

Row = dict[str, Any]
EXTERNAL, SERVER = "203.0.113.9", "10.0.0.9"
NO_OWNERS = AddressSpace.of(Inventory())
"""Only private networks are internal, and no address has a known owner."""
SESSION, TRY = LoginThresholds().min_session_packets, LoginThresholds().min_attempt_packets
NO_CONTACTS = contacts_of(enriched([]))


def login(initiator: str = EXTERNAL, responder: str = SERVER, port: int = 22, **values: Any) -> Row:
    """A connection to a login port; a session unless `values` say otherwise."""
    own = NO_OWNERS.is_inside(pl.Series([initiator, responder]))
    fields: Row = {"scope": VPC, "initiator_port": 45000, "day": DAY, "packets": SESSION, "first_seen": NOON}
    fields |= {"last_seen": NOON + 30, "initiator_is_inside": own[0], "responder_is_inside": own[1]}
    return {"initiator": initiator, "responder": responder, "responder_port": port} | fields | values


def attempts(count: int, *ends: Any, first_port: int = 40_000, **values: Any) -> list[Row]:
    """Login attempts, each in its own connection."""
    return [login(*ends, **{"packets": TRY, "initiator_port": first_port + each} | values) for each in range(count)]


def logins(rows: Iterable[Row]) -> Logins:
    """Logins as the contacts stage returns them; `is_whole` is null, as without tcp-flags, unless a row sets it."""
    known = pl.DataFrame(list(rows), SCHEMA, orient="row")
    return with_source_scopes(Settled(NO_CONTACTS, Logins(known))).logins


def contacts(lines: Iterable[str], **columns: Any) -> Contacts:
    """The contacts of these records, with the given `columns` replaced."""
    settled = contacts_of(enriched(lines))
    return Contacts(settled.with_columns(pl.lit(value).alias(name) for name, value in columns.items()))


def findings_of(drafts: Sequence[Draft], address_space: AddressSpace = NO_OWNERS) -> list[Finding]:
    return [each.finding for each in named(drafts, address_space)]


def histories(rows: Iterable[Row], store: EvidenceInMemory | None = None) -> list[History]:
    """The histories of the sources after a batch with these logins."""
    known, bounds = store or EvidenceInMemory(), LoginThresholds()
    settled = with_source_scopes(Settled(NO_CONTACTS, logins(rows)))
    return known.merge(evidence_of(settled, known.suspects(answered_sources(settled)), bounds))
