"""Rule usage: which rules carried the traffic, as `flowsentry rules` computes it."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from starlette.routing import Route

from flowsentry.emit.plain_text import plain
from flowsentry.inventory.address_space import AddressOwner, AddressQuery, AddressSpace
from flowsentry.rule_usage import RuleUsage, Usage
from local.console.console_data import ConsoleData
from local.console.query import Query
from local.console.routing import get
from local.console.stored_rows import coverage_within, flows_for_rules, rows_within
from local.reading.log_reading import LogReading
from local.rules.command import DAYS
from local.rules.observation import Observation
from local.rules.report import UNJUDGED, Report, Row

MAX_DAYS = 400
SHOWN = ("all", "unused", "used")
_SEARCHED = ("resource_id", "resource_name", "vpc_id", "rule_id", "traffic", "peer", "description", "busiest_peers")


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/rules", rules, data)]


def rules(data: ConsoleData, query: Query) -> Any:
    """What each rule of security groups and network ACLs allowed (a denying entry: refused) of all records, or of those
    that began from `start` to `end`. `rows` are those of `flowsentry rules --json`, each with its `busiest` peers
    (`address`, `bytes`, `owner`), filtered by `show` (all, unused, used) and `text`, at most `limit` of `matching`;
    `rules` and `unused` count all. `days` (default 30) is how long a rule
    should be watched before it is called unused. `accepted` records were read, of which `notes` say what no rule can be
    told. `taken_at` is the Unix second of the snapshot.
    """
    inventory, rows = data.inventory(), rows_within(data.flows(), query.given_span)
    space = AddressSpace.of(inventory)
    usage = _usage(space, rows)
    reading = LogReading(coverage=coverage_within(data.coverage(), rows, query.given_span))
    report = Report(Observation(inventory, reading), usage, query.number("days", 1, MAX_DAYS, DAYS))
    reported = report.rows(is_unused_only=False)
    matching = _matching(reported, query.choice("show", SHOWN, "all"), query.text("text").casefold())
    return {
        "rows": _with_peers(matching[: query.limit], space),
        "matching": len(matching),
        "rules": len(reported),
        "unused": sum(row["is_unused"] for row in reported),
        "accepted": usage.counts["accepted"],
        "taken_at": inventory.rules.taken_at,
        "notes": list(_notes(usage)),
    }


def _usage(space: AddressSpace, rows: pl.DataFrame) -> Usage:
    taken_at = space.inventory.rules.taken_at
    usage = RuleUsage(space, taken_at, taken_at)
    for flows in flows_for_rules(rows):
        usage.add(flows)
    return usage.usage()


def _with_peers(rows: Sequence[Row], space: AddressSpace) -> list[dict[str, Any]]:
    """The rows with their busiest peers and the owners that these had when the rule was last used."""
    peers = [list(_peers_in(row["busiest_peers"])) for row in rows]
    asked = [
        AddressQuery(row["vpc_id"], address, row["last_seen"] or 0)
        for row, some in zip(rows, peers, strict=True)
        for address, _ in some
    ]
    owners = iter(space.owners_of(asked) if asked else ())
    return [
        {**row, "busiest": [_peer(address, size, next(owners)) for address, size in some]}
        for row, some in zip(rows, peers, strict=True)
    ]


def _peers_in(text: str) -> Iterator[tuple[str, int]]:
    """The addresses and bytes of `10.0.0.9 12345, …`."""
    for each in text.split(", ") if text else ():
        address, _, size = each.rpartition(" ")
        yield address, int(size)


def _peer(address: str, size: int, found: AddressOwner) -> dict[str, Any]:
    owner = plain(found.owner.owner_name or found.owner.owner_id) if found.owner else ""
    return {"address": address, "bytes": size, "owner": owner}


def _matching(rows: Sequence[Row], show: str, text: str) -> list[Row]:
    wanted = [row for row in rows if show == "all" or row["is_unused"] == (show == "unused")]
    return [row for row in wanted if any(text in str(row[name]).casefold() for name in _SEARCHED)]


def _notes(usage: Usage) -> Iterator[str]:
    for name, meaning in UNJUDGED.items():
        if usage.counts[name]:
            yield f"{usage.counts[name]:,} accepted records {meaning}"
    yield "closing a rule whose `alone` is 0 refuses nothing that was seen here, if no other rule is closed with it"
