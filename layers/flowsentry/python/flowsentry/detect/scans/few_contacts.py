"""The evidence, the answers and the sources of a batch with few contacts, row by row.

A plan of polars takes a tenth of a millisecond however few its rows are, and a row takes some microseconds here. These
functions return what source_evidence.py and outages.py return for the same contacts, as a law in
tests/detect/scans/test_few_contacts.py states; those call them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import starmap
from typing import Any

import polars as pl

from flowsentry.detect.logins.attempts import member_of_login, sets_of_login
from flowsentry.findings.endpoints import (
    HASHED,
    MEMBER_BYTES,
    SLOT_SECONDS,
    SLOTS_PER_DAY,
    member_of,
    with_address,
)
from flowsentry.findings.evidence import ADDRESS_SETS, DATED_SETS, Evidence, EvidenceKey
from flowsentry.findings.known_services import Answer, Service, client_bit
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Settled
from flowsentry.inventory.source_address import PUBLIC, interface_id_of
from flowsentry.records.code_names import TCP, UDP
from flowsentry.records.few_rows import rows_where, values_of

MAX_FEW_CONTACTS = 600
"""Contacts of a batch up to which they are judged row by row. More: a row costs more than its share of a plan. Fewer:
more batches pay for plans. Answers take as long as with plans at some 700 contacts (November 2026)."""
MAINTENANCE_PORTS = (53, 80, 123, 443)
"""Ports that every operating system uses by itself: DNS, updates, NTP. Outbound connections to them that a rule rejects
are no failures: time servers and content delivery networks have many addresses, and a host without egress is no
scanner. More ports: more outbound scans that rules block are missed. Fewer: hosts without egress are reported as
scanners."""
FAILED_OUTCOMES = ("unanswered", "refused", "doubtful")
"""Outcomes of failed contacts; only doubtful ones may have been rejected by a rule."""

Contact = dict[str, Any]


def are_few(contacts: pl.DataFrame) -> bool:
    """Whether the contacts are judged row by row."""
    return len(contacts) <= MAX_FEW_CONTACTS


def answers_of_few(contacts: pl.DataFrame) -> list[Answer]:
    """The answers over TCP: one for each service and day."""
    is_answer = (contacts["outcome"] == "answered") & (contacts["protocol"] == TCP)
    clients: dict[tuple[Any, ...], list[tuple[str, int]]] = defaultdict(list)
    answered = contacts[_OF_ANSWERS] if is_answer.all() else rows_where(contacts[_OF_ANSWERS], is_answer)
    services, initiators, times = values_of(answered, _SERVICE), answered["initiator"], answered["last_seen"]
    for service, initiator, last_seen in zip(services, initiators.to_list(), times.to_list(), strict=True):
        clients[service].append((initiator, last_seen))
    answers: dict[tuple[Service, int], Answer] = {}
    for answer in starmap(_answer, clients.items()):
        known = answers.get((answer.service, answer.day))
        answers[answer.service, answer.day] = answer if known is None else _merged(known, answer)
    return list(answers.values())


_SERVICE = ["scope", "responder", "responder_port", "responder_is_inside", "day"]
_OF_ANSWERS = [*_SERVICE, "initiator", "last_seen"]


def _answer(service: tuple[Any, ...], clients: Sequence[tuple[str, int]]) -> Answer:
    scope, responder, port, is_inside, day = service
    member = member_of(TCP, responder, port, is_inside=is_inside).to_bytes(MEMBER_BYTES)
    sketch, latest = 0, 0
    for initiator, last_seen in clients:
        sketch |= 1 << client_bit(initiator, member)
        latest = max(latest, last_seen)
    return Answer(Service(scope, member), day, latest, sketch, is_inside)


def _merged(one: Answer, other: Answer) -> Answer:
    return one._replace(
        last_seen=max(one.last_seen, other.last_seen),
        clients=one.clients | other.clients,
        is_inside=one.is_inside or other.is_inside,
    )


def answered_sources_of_few(contacts: pl.DataFrame, logins: pl.DataFrame) -> list[EvidenceKey]:
    """The sources without failed contacts."""
    failing = {_key(row) for row in _failures(contacts)}
    seen = dict.fromkeys(key for each in (contacts, logins) for key in values_of(each, _KEY))
    return [EvidenceKey(*key) for key in seen if key not in failing]


def _failures(contacts: pl.DataFrame) -> list[Contact]:
    """The failed contacts that count for scans."""
    is_failure = contacts["outcome"] != "answered"
    if not is_failure.any():
        return []
    return [row for row in rows_where(_narrow(contacts), is_failure).rows(named=True) if counts_for_scans(row)]


def _narrow(contacts: pl.DataFrame) -> pl.DataFrame:
    """The contacts with the columns that count here: a named row has an entry for each."""
    return contacts[[name for name in _NEEDED if name in contacts.columns]]


_NEEDED = [
    *("source_scope", "source", "day", "outcome", "protocol", "reply_refused_at", "rejected_packets", "answers_others"),
    *("initiator", "initiator_is_inside", "responder", "responder_port", "responder_is_inside"),
    *("first_seen", "last_seen", "min_initiator_port", "max_initiator_port"),
]


_KEY = ["source_scope", "source", "day"]


def evidence_of_few(settled: Settled, suspects: Collection[EvidenceKey], bounds: LoginThresholds) -> list[Evidence]:
    """The evidence of each source and day, for sources with failed contacts or login attempts, and for suspects."""
    contacts, logins = settled
    tries = [row | {"sets": sets} for row in logins.rows(named=True) if (sets := sets_of_login(row, bounds))]
    suspicious = (*_failures(contacts), *(row for row in tries if "attempts" in row["sets"]))
    watched = {key[:2] for key in (*map(_key, suspicious), *suspects)}
    is_watched = [source in watched for source in values_of(contacts, _KEY[:2])]
    of_watched = rows_where(_narrow(contacts), pl.Series(is_watched, dtype=pl.Boolean)).rows(named=True)
    rows: dict[EvidenceKey, list[Contact]] = defaultdict(list)
    for row in (*filter(counts_for_scans, of_watched), *(row for row in tries if _key(row)[:2] in watched)):
        rows[_key(row)].append(row)
    return [_evidence(key, of_key) for key, of_key in rows.items()]


def counts_for_scans(row: Contact) -> bool:
    """Whether the contact counts for or against a scan: scan_failures.py has the same for columns."""
    is_outbound = row["initiator_is_inside"] and not row["responder_is_inside"]
    is_maintenance = row["protocol"] in (TCP, UDP) and row["responder_port"] in MAINTENANCE_PORTS
    has_denied_reply = row["outcome"] == "unanswered" and row["reply_refused_at"] is not None
    return not (row["outcome"] == "rejected" and is_outbound and is_maintenance) and not has_denied_reply


def _evidence(key: EvidenceKey, rows: list[Contact]) -> Evidence:
    sets: dict[str, set[bytes]] = defaultdict(set)
    for row in rows:
        for name, member in _members(row):
            sets[name].add(member)
    ports = {row[name] for row in rows if row.get("outcome") == "doubtful" for name in _PORTS}
    return Evidence(
        key,
        **{name: frozenset(members) for name, members in sets.items()},
        source_ports=frozenset(ports - {None}),
        first_seen=min(row["first_seen"] for row in rows),
        last_seen=max(row["last_seen"] for row in rows),
        is_inside=any(row["initiator_is_inside"] for row in rows),
    ).within_bounds()


_PORTS = ("min_initiator_port", "max_initiator_port")


def _members(row: Contact) -> Iterator[tuple[str, bytes]]:
    """The members that a contact or login adds to its source's evidence, each with the name of its set."""
    value, names = _member_of_contact(row) if "outcome" in row else (member_of_login(row), row["sets"])
    addressed = with_address(value, row["responder"]) if value >= HASHED else None
    for name in names:
        yield name, value.to_bytes(MEMBER_BYTES) + (_slot(row) if name in DATED_SETS else b"")
        if addressed is not None:
            yield ADDRESS_SETS[name], addressed
    if row["source"] != row["initiator"]:
        yield "source_ids", interface_id_of(row["initiator"])


def _member_of_contact(row: Contact) -> tuple[int, list[str]]:
    """An answer over UDP counts as one over TCP: see contacts/replies.py."""
    name = row["outcome"] if row["outcome"] in ("answered", "doubtful") else "failed"
    protocol = TCP if name == "answered" and row["protocol"] == UDP else row["protocol"]
    is_inside = row["responder_is_inside"]
    return member_of(protocol, row["responder"], row["responder_port"], is_inside=is_inside), [name]


def _slot(row: Contact) -> bytes:
    """The time slot of the day in which the contact last failed; empty where no outage can explain it."""
    is_dated = is_service_failure(row) and row["source_scope"] != PUBLIC and not row.get("answers_others", False)
    slot = row["last_seen"] // SLOT_SECONDS - row["day"] * SLOTS_PER_DAY
    return bytes([min(max(slot, 0), SLOTS_PER_DAY - 1)]) if is_dated else b""


def is_service_failure(row: Contact) -> bool:
    """Whether a contact over TCP failed and was not rejected by a rule."""
    is_refused_by_rule = (row["rejected_packets"] or 0) > 0
    return row["outcome"] in FAILED_OUTCOMES and row["protocol"] == TCP and not is_refused_by_rule


def _key(row: Contact) -> EvidenceKey:
    return EvidenceKey(row["source_scope"], row["source"], row["day"])
