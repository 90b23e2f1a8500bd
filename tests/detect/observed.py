"""What detectors are given, invented: what a test does not name is ordinary."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from flowsentry.contacts import contacts as contacts_of
from flowsentry.contacts.logins import SCHEMA
from flowsentry.detect.scans.source_evidence import answered_sources, evidence_of, with_source_scopes
from flowsentry.findings.evidence import History
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Contacts, Logins, Settled
from flowsentry.in_memory import EvidenceInMemory
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from tests.builders import DAY, NOON, VPC, enriched

Row = dict[str, Any]
STRANGER, SERVER = "203.0.113.9", "10.0.0.9"
NOBODY = AddressSpace.of(Inventory())
"""Ours are the private networks alone, and nobody is known to have an address."""
SESSION, TRY = LoginThresholds().min_session_packets, LoginThresholds().min_attempt_packets
NO_CONTACTS = contacts_of(enriched([]))


def login(initiator: str = STRANGER, responder: str = SERVER, port: int = 22, **values: Any) -> Row:
    """One connection to a login port, a session but for `values`."""
    own = NOBODY.is_inside(pl.Series([initiator, responder]))
    told: Row = {"scope": VPC, "initiator_port": 45000, "day": DAY, "packets": SESSION, "first_seen": NOON}
    told |= {"last_seen": NOON + 30, "initiator_is_inside": own[0], "responder_is_inside": own[1]}
    return {"initiator": initiator, "responder": responder, "responder_port": port} | told | values


def tries(count: int, *ends: Any, first_port: int = 40_000, **values: Any) -> list[Row]:
    """As many tries, one connection each."""
    return [login(*ends, **{"packets": TRY, "initiator_port": first_port + each} | values) for each in range(count)]


def logins(rows: Iterable[Row]) -> Logins:
    """As contacts hands them on; `is_whole` is null, as without tcp-flags, where no row says it."""
    known = pl.DataFrame(list(rows), SCHEMA, orient="row")
    return with_source_scopes(Settled(NO_CONTACTS, Logins(known))).logins


def contacts(lines: Iterable[str], **columns: Any) -> Contacts:
    """The contacts of these records, with `columns` in their place."""
    settled = contacts_of(enriched(lines))
    return Contacts(settled.with_columns(pl.lit(value).alias(name) for name, value in columns.items()))


def histories(rows: Iterable[Row], store: EvidenceInMemory | None = None) -> list[History]:
    """What is known of the sources after a batch with these logins."""
    known, bounds = store or EvidenceInMemory(), LoginThresholds()
    settled = with_source_scopes(Settled(NO_CONTACTS, logins(rows)))
    return known.merge(evidence_of(settled, known.suspects(answered_sources(settled)), bounds))
