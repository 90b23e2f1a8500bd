"""Known services: which endpoints answered, so that an outage is not taken for a scan."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import Route

from flowsentry.emit.plain_text import plain
from flowsentry.findings.endpoints import Endpoint, endpoint_of
from flowsentry.inventory.address_space import AddressOwner, AddressQuery, AddressSpace
from flowsentry.inventory.inventory import SECONDS_A_DAY
from flowsentry.records.code_names import protocol_name
from local.console.console_data import ConsoleData
from local.console.known_services import KnownService
from local.console.query import Query
from local.console.routing import get

SHOWN = ("all", "inside", "outside", "down")
_SEARCHED = ("address", "port", "scope", "owner", "owner_id", "owner_kind")


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/known-services", known_services, data)]


def known_services(data: ConsoleData, query: Query) -> Any:
    """The endpoints that answered in the remembered days, those that are down first. `rows`, filtered by `show` (all,
    inside, outside, down) and `text`, at most `limit` of `matching`: `address` (or the hash of an IPv6 address),
    `port`, `protocol`, `scope`, `owner`, `owner_kind`, `owner_id`, `is_inside`, `days` (UTC) on which it answered,
    `first_day`, `last_seen` (Unix s), `clients` (an estimate; `has_more_clients`: at least so many), `down_since`
    (Unix s, or null). `services`, `inside` and `down` count all.
    """
    rows = _rows(data.known_services().services(), AddressSpace.of(data.inventory()))
    show, text = query.choice("show", SHOWN, "all"), query.text("text").casefold()
    matching = [row for row in rows if _is_shown(row, show) and _has(row, text)]
    return {
        "rows": matching[: query.limit],
        "matching": len(matching),
        "services": len(rows),
        "inside": sum(row["is_inside"] for row in rows),
        "down": sum(row["down_since"] is not None for row in rows),
    }


def _rows(services: Sequence[KnownService], space: AddressSpace) -> list[dict[str, Any]]:
    ends = [endpoint_of(each.service.endpoint) for each in services]
    asked = [
        AddressQuery(each.service.scope, end.address or "", each.answers.last_seen)
        for each, end in zip(services, ends, strict=True)
    ]
    owners = space.owners_of(asked) if asked else []
    return [_row(*each, space) for each in zip(services, ends, owners, strict=True)]


def _row(known: KnownService, end: Endpoint, found: AddressOwner, space: AddressSpace) -> dict[str, Any]:
    owner = found.owner
    return {
        "address": end.address or f"IPv6 host {end.host:08x}",
        "port": end.port,
        "protocol": protocol_name(end.protocol),
        "scope": known.service.scope,
        "owner": plain(owner.owner_name or owner.owner_id) if owner else "",
        "owner_kind": plain(owner.owner_kind) if owner else "",
        "owner_id": plain(owner.owner_id) if owner else "",
        "is_inside": space.contains(end.address) if end.address else end.is_inside,
        "first_day": known.days[0] * SECONDS_A_DAY,
        "days": len(known.days),
        "last_seen": known.answers.last_seen,
        "clients": known.clients,
        "has_more_clients": known.has_more_clients,
        "down_since": known.down_since,
    }


def _is_shown(row: dict[str, Any], show: str) -> bool:
    shown = {"inside": row["is_inside"], "outside": not row["is_inside"], "down": row["down_since"] is not None}
    return bool(shown.get(show, True))


def _has(row: dict[str, Any], text: str) -> bool:
    return any(text in str(row[name]).casefold() for name in _SEARCHED)
