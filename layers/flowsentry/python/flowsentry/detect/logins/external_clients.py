"""Login services with so many external clients that their sessions are reported once, not one by one.

A public Git or SFTP server has many external clients. Each of them looks like a session of an intruder, and many short
fetches look like password guessing. The external clients of a login service and day are therefore counted, as evidence
of the service. Above a threshold the service gets one finding (see public_login_service.py), and no more is kept of
what its external clients do there.

Wrong for a source that guesses passwords at such a service, with or without success: flow logs cannot distinguish it
from the other clients; only the server's own log can.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from flowsentry.detect.logins.attempts import is_a_session
from flowsentry.findings.bounds import MAX_EXTERNAL_CLIENTS
from flowsentry.findings.endpoints import host_in_words
from flowsentry.findings.evidence import (
    MEMORY_DAYS,
    SET_SIZES,
    Evidence,
    EvidenceKey,
    History,
    bottom,
    max_complete_rank,
)
from flowsentry.findings.thresholds import LoginThresholds
from flowsentry.frames import Logins, Settled
from flowsentry.inventory.address_space import AddressQuery, AddressSpace
from flowsentry.inventory.named_services import NamedServices
from flowsentry.inventory.source_address import packed, unpacked
from flowsentry.records.few_rows import are_among, rows_where
from flowsentry.value import Value

MAX_NEWEST = 10
"""Addresses of external clients that a finding lists, the newest first. More: longer alerts. Fewer: a network that many
clients share is harder to recognise."""
MAX_SERVICES = 1_000
"""Login services of a batch whose external clients are counted; each needs an item. More: a flood of sessions to very
many hosts costs more writes. Fewer: if external clients log in to very many hosts at once, some of the hosts still get
one finding for each client."""
_SERVICE = ("scope", "responder", "responder_port")
_SERVICE_DAY = (*_SERVICE, "day")
_IS_INBOUND = ~pl.col("initiator_is_inside") & pl.col("responder_is_inside")


class LoginService(NamedTuple):
    """A login service on a UTC day: an address within a scope, and a port."""

    scope: str
    responder: str
    port: int
    day: int

    @property
    def key(self) -> EvidenceKey:
        """The key of the evidence with its external clients; it differs from the key of any source."""
        return EvidenceKey(self.scope, f"{host_in_words(self.responder, 0)}:{self.port}/tcp", self.day)


class BusyService(Value, frozen=True):
    """A login service with more external clients than are reported one by one. `number` is the number of clients with a
    session on that day, exact below MAX_EXTERNAL_CLIENTS. `newest` are addresses of some clients; empty if the batch
    contains only attempts. Times are Unix seconds.
    """

    service: LoginService
    number: int
    newest: tuple[str, ...]
    first_seen: int
    last_seen: int


def exclude_public_services(settled: Settled, public: NamedServices, address_space: AddressSpace) -> Settled:
    """The batch without external logins to services that are configured as public."""
    if not public or settled.logins.is_empty():
        return settled
    used = settled.logins.filter(_IS_INBOUND).group_by(_SERVICE).agg(pl.col("last_seen").max())
    rows = used.cast({"scope": pl.String, "responder": pl.String}).rows()
    asked = [AddressQuery(scope, address, at) for scope, address, _, at in rows]
    owners = (
        [end.owner for end in address_space.owners_of(asked)] if asked and public.has_owners else [None] * len(asked)
    )
    is_public = [public.cover(row[1], row[2], owner) for row, owner in zip(rows, owners, strict=True)]
    return _exclude(settled, used.filter(pl.Series(is_public, dtype=pl.Boolean)), _SERVICE)


def external_logins(logins: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """The logins to internal hosts from external addresses that are not trusted."""
    outside = rows_where(logins, ~logins["initiator_is_inside"] & logins["responder_is_inside"])
    if outside.is_empty() or not address_space.trusted_networks:
        return outside
    addresses = outside.select(pl.col("initiator").unique()).to_series()
    trusted = [address_space.is_trusted(address) for address in addresses]
    return outside.filter(~pl.col("initiator").is_in(addresses.filter(pl.Series(trusted, dtype=pl.Boolean)).implode()))


def external_client_evidence(logins: pl.DataFrame, thresholds: LoginThresholds) -> list[Evidence]:
    """Evidence with the external clients that had a session, for each service and day; of more than MAX_SERVICES
    services, those with the most clients.
    """
    sessions = _sessions(logins, thresholds)
    if sessions.is_empty():
        return []
    if len(sessions) > MAX_SERVICES:
        sessions = _most_used(sessions)
    seen = (pl.col("first_seen").min(), pl.col("last_seen").max())
    services = _services(sessions, pl.col("source").cast(pl.String).unique(), *seen)
    return [
        Evidence(
            service.key,
            external_clients=bottom(_packed(sources), SET_SIZES["external_clients"]),
            first_seen=first_seen,
            last_seen=last_seen,
            is_inside=True,
        )
        for service, sources, first_seen, last_seen in services
    ]


def _most_used(sessions: pl.DataFrame) -> pl.DataFrame:
    services = sessions.group_by(_SERVICE_DAY).agg(pl.col("source").n_unique().alias("external_clients"))
    texts = services.with_columns(pl.col("scope", "responder").cast(pl.String))
    order = texts.with_row_index("row").sort("external_clients", *_SERVICE_DAY, descending=[True, *[False] * 4])["row"]
    return sessions.join(services[order.head(MAX_SERVICES)], on=_SERVICE_DAY, how="semi")


def services_with_attempts_only(logins: pl.DataFrame, thresholds: LoginThresholds) -> list[EvidenceKey]:
    """The services and days with external login attempts but no external session in this batch."""
    tried = rows_where(logins, logins["packets"] >= thresholds.min_attempt_packets)
    if tried.is_empty():
        return []
    others = rows_where(tried, ~are_among(tried, _sessions(logins, thresholds), _SERVICE_DAY))
    return [service.key for service, _ in _services(others, pl.len())] if len(others) else []


def busy_services_in(
    logins: pl.DataFrame, histories: Iterable[History], thresholds: LoginThresholds
) -> list[BusyService]:
    """The login services of a batch that had more than `max_external_clients` on the same day or one of the MEMORY_DAYS
    before it. `histories` are those of the services.
    """
    known = {one.key: one for history in histories for one in history.days.values()}
    if not any(_has_many_clients(one, thresholds) for one in known.values()):
        return []
    ordered = logins.sort(pl.col("last_seen"), pl.col("initiator").cast(pl.String), descending=[True, False])
    clients = pl.col("initiator").filter(is_a_session(thresholds)).cast(pl.String)
    services = _services(ordered, clients.unique(maintain_order=True).head(MAX_NEWEST))
    busy_services = (_busy_service(service, newest, known, thresholds) for service, newest in services)
    return [each for each in busy_services if each]


def exclude_busy_services(settled: Settled, busy_services: Sequence[BusyService]) -> Settled:
    """The batch without external logins to these services."""
    if not busy_services:
        return settled
    rows = [each.service for each in busy_services]
    schema = {name: settled.logins.schema[name] for name in _SERVICE_DAY}
    return _exclude(settled, pl.DataFrame(rows, schema, orient="row"), _SERVICE_DAY)


def _busy_service(
    service: LoginService, clients: Sequence[str], known: Mapping[EvidenceKey, Evidence], thresholds: LoginThresholds
) -> BusyService | None:
    """The service with its clients of that day; None if it had too few clients on all days that count."""
    days = [known.get(service.key._replace(day=day)) for day in range(service.day - MEMORY_DAYS, service.day + 1)]
    if not any(day and _has_many_clients(day, thresholds) for day in days):
        return None
    today = days[-1]
    if today is None:
        return BusyService(service, 0, (), 0, 0)
    others = (unpacked(each) for each in sorted(today.external_clients)) if clients else ()
    newest = tuple(dict.fromkeys([*clients, *others]))[:MAX_NEWEST]
    return BusyService(service, _number(today), newest, today.first_seen, today.last_seen)


def _has_many_clients(day: Evidence, thresholds: LoginThresholds) -> bool:
    return len(day.external_clients) > thresholds.max_external_clients


def _number(today: Evidence) -> int:
    """The number of external clients: exact while the set is not full, then an estimate with an error of about an
    eighth, rounded to two digits.
    """
    clients = today.external_clients
    if len(clients) < MAX_EXTERNAL_CLIENTS:
        return len(clients)
    estimate = (MAX_EXTERNAL_CLIENTS - 1) * (1 << 64) / max_complete_rank(clients, MAX_EXTERNAL_CLIENTS)
    return int(float(f"{max(estimate, MAX_EXTERNAL_CLIENTS):.1e}"))


def _sessions(logins: pl.DataFrame, thresholds: LoginThresholds) -> pl.DataFrame:
    """The sessions with packets of the server: packets in one direction can be spoofed and must hide no findings."""
    return logins.filter(is_a_session(thresholds), pl.col("server_replied").fill_null(value=True))


def _services(rows: pl.DataFrame, *columns: pl.Expr) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Each service and day of the rows, in order, with the values of the columns."""
    found = rows.group_by(_SERVICE_DAY).agg(*columns).sort(_SERVICE_DAY)
    for scope, responder, port, day, *rest in found.cast({"scope": pl.String, "responder": pl.String}).iter_rows():
        yield LoginService(scope, responder, port, day), *rest


def _packed(sources: Iterable[str]) -> Iterator[bytes]:
    """The sources as bytes; invalid sources are skipped."""
    for source in sources:
        try:
            yield packed(source)
        except ValueError:
            continue


def _exclude(settled: Settled, services: pl.DataFrame, by: Sequence[str]) -> Settled:
    if services.is_empty():
        return settled
    into = pl.struct(*by).is_in(services.select(pl.struct(*by)).to_series().implode())
    return Settled(settled.contacts, Logins(settled.logins.filter(~(_IS_INBOUND & into))))
