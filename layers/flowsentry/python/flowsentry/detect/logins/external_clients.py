"""Logins -> the login services that so many strangers use that they are not told one by one.

A Git or SFTP server is meant for many. What each of its clients does looks like a session of a stranger, and many short
fetches look like guessed passwords. So the strangers of a login service and day are counted, as evidence of the
service; above a bound they are one finding about it (see public_login_service.py), and of what they do there nothing
more is kept.

Wrong for a guesser at such a service, in or not: it is one among its clients, and only the server's own log tells them
apart.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from flowsentry.detect.logins.attempts import is_a_session
from flowsentry.findings.endpoints import host_in_words
from flowsentry.findings.evidence import (
    MAX_EXTERNAL_CLIENTS,
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
from flowsentry.inventory.address_space import AddressAt, AddressSpace
from flowsentry.inventory.named_services import NamedServices
from flowsentry.inventory.source_address import packed, unpacked

MAX_NEWEST = 10
"""Addresses of strangers that a finding lists, the newest first. More: longer alerts. Fewer: a network that many of
them are in is harder to recognise."""
MAX_SERVICES = 1_000
"""Login services of a batch whose strangers are counted; each is an item. More: a flood of sessions to very many hosts
costs more writes. Fewer: of very many hosts that strangers log in to at once, some stay one finding a stranger."""
_SERVICE = ("scope", "responder", "responder_port")
_SERVICE_DAY = (*_SERVICE, "day")
_IS_INBOUND = ~pl.col("initiator_is_inside") & pl.col("responder_is_inside")


class Service(NamedTuple):
    """A login service on a UTC day: an address within a scope, and a port."""

    scope: str
    responder: str
    port: int
    day: int

    @property
    def key(self) -> EvidenceKey:
        """Where its strangers are counted; no source is called so."""
        return EvidenceKey(self.scope, f"{host_in_words(self.responder, 0)}:{self.port}/tcp", self.day)


@dataclass(frozen=True, slots=True)
class BusyService:
    """A service that too many strangers use to tell of each. `number` is how many had a session on that day, exact
    below MAX_STRANGERS; `newest` are the addresses of some, empty where a batch shows tries alone; times are Unix
    seconds.
    """

    service: Service
    number: int
    newest: tuple[str, ...]
    first_seen: int
    last_seen: int


def exclude_public_services(settled: Settled, public: NamedServices, address_space: AddressSpace) -> Settled:
    """The same without logins from outside at services that are named as public."""
    if not public or settled.logins.is_empty():
        return settled
    services = settled.logins.filter(_IS_INBOUND).group_by(_SERVICE).agg(pl.col("last_seen").max())
    rows = services.cast({"scope": pl.String, "responder": pl.String}).rows()
    asked = [AddressAt(scope, address, at) for scope, address, _, at in rows]
    owners = [end.owner for end in address_space.ends_of(asked)] if asked and public.has_owners else [None] * len(asked)
    named = [public.cover(row[1], row[2], owner) for row, owner in zip(rows, owners, strict=True)]
    return _exclude(settled, services.filter(pl.Series(named, dtype=pl.Boolean)), _SERVICE)


def external_logins(logins: pl.DataFrame, address_space: AddressSpace) -> pl.DataFrame:
    """The logins from outside the trusted networks into our own."""
    outside = logins if logins.is_empty() else logins.filter(_IS_INBOUND)
    if outside.is_empty() or not address_space.trusted_networks:
        return outside
    addresses = outside.select(pl.col("initiator").unique()).to_series()
    trusted = [address_space.is_trusted(address) for address in addresses]
    return outside.filter(~pl.col("initiator").is_in(addresses.filter(pl.Series(trusted, dtype=pl.Boolean)).implode()))


def external_client_evidence(external_clients: pl.DataFrame, bounds: LoginThresholds) -> list[Evidence]:
    """For each service and day that had sessions of strangers, who they were; of more services than MAX_SERVICES those
    with the most strangers.
    """
    sessions = _sessions(external_clients, bounds)
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


def services_with_attempts_only(external_clients: pl.DataFrame, bounds: LoginThresholds) -> list[EvidenceKey]:
    """The services and days that strangers tried to log in to, and had no session in this batch."""
    tried = external_clients.filter(pl.col("packets") >= bounds.min_attempt_packets)
    others = tried.join(_sessions(external_clients, bounds), on=_SERVICE_DAY, how="anti")
    return [service.key for service, _ in _services(others, pl.len())]


def busy_services_in(
    external_clients: pl.DataFrame, histories: Iterable[History], bounds: LoginThresholds
) -> list[BusyService]:
    """The services of a batch that on one of the days remembered had more strangers than are told one by one.
    `histories` are those of the services.
    """
    known = {one.key: one for history in histories for one in history.days.values()}
    ordered = external_clients.sort(pl.col("last_seen"), pl.col("initiator").cast(pl.String), descending=[True, False])
    callers = pl.col("initiator").filter(is_a_session(bounds)).cast(pl.String)
    told = _services(ordered, callers.unique(maintain_order=True).head(MAX_NEWEST))
    busy_services = (_crowd(service, newest, known, bounds) for service, newest in told)
    return [crowd for crowd in busy_services if crowd]


def exclude_busy_services(settled: Settled, busy_services: Sequence[BusyService]) -> Settled:
    """The same without logins from outside at these services."""
    if not busy_services:
        return settled
    rows = [each.service for each in busy_services]
    schema = {name: settled.logins.schema[name] for name in _SERVICE_DAY}
    return _exclude(settled, pl.DataFrame(rows, schema, orient="row"), _SERVICE_DAY)


def _crowd(
    service: Service, callers: Sequence[str], known: Mapping[EvidenceKey, Evidence], bounds: LoginThresholds
) -> BusyService | None:
    """Whether the service has too many on a day that is remembered, and who they are on its own day."""
    days = [known.get(service.key._replace(day=day)) for day in range(service.day - MEMORY_DAYS, service.day + 1)]
    if all(day is None or len(day.external_clients) <= bounds.max_external_clients for day in days):
        return None
    today = days[-1]
    if today is None:
        return BusyService(service, 0, (), 0, 0)
    others = (unpacked(each) for each in sorted(today.external_clients)) if callers else ()
    newest = tuple(dict.fromkeys([*callers, *others]))[:MAX_NEWEST]
    return BusyService(service, _number(today), newest, today.first_seen, today.last_seen)


def _number(today: Evidence) -> int:
    """How many strangers: exact while the set is not full, then estimated, good to about an eighth: two digits."""
    external_clients = today.external_clients
    if len(external_clients) < MAX_EXTERNAL_CLIENTS:
        return len(external_clients)
    estimate = (MAX_EXTERNAL_CLIENTS - 1) * (1 << 64) / max_complete_rank(external_clients, MAX_EXTERNAL_CLIENTS)
    return int(float(f"{max(estimate, MAX_EXTERNAL_CLIENTS):.1e}"))


def _sessions(external_clients: pl.DataFrame, bounds: LoginThresholds) -> pl.DataFrame:
    """Those whose server was heard: for what was sent one way alone, which can be made up, nothing is kept quiet."""
    return external_clients.filter(is_a_session(bounds), pl.col("is_heard").fill_null(value=True))


def _services(rows: pl.DataFrame, *told: pl.Expr) -> Iterator[tuple]:  # type: ignore[type-arg]
    """Each service and day of the rows, in order, with what is told of it."""
    found = rows.group_by(_SERVICE_DAY).agg(*told).sort(_SERVICE_DAY)
    for scope, responder, port, day, *rest in found.cast({"scope": pl.String, "responder": pl.String}).iter_rows():
        yield Service(scope, responder, port, day), *rest


def _packed(sources: Iterable[str]) -> Iterator[bytes]:
    """The sources in few bytes, but for what is none."""
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
