"""Rule usage: which rules carried the traffic in the time range, as `flowsentry rules` computes it."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from starlette.routing import Route

from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
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
    """What each rule of security groups and network ACLs allowed (a denying entry: refused) of the records that began
    from `start` to `end`. `rows` are those of `flowsentry rules --json`, filtered by `show` (all, unused, used) and
    `text`, at most `limit` of `matching`; `rules` and `unused` count all. `days` (default 30) is how long a rule
    should be watched before it is called unused. `accepted` records were read, of which `notes` say what no rule can be
    told. `taken_at` is the Unix second of the snapshot.
    """
    inventory, rows = data.inventory(), rows_within(data.flows(), query.span)
    usage = _usage(inventory, rows)
    reading = LogReading(coverage=coverage_within(data.coverage(), rows, query.span))
    report = Report(Observation(inventory, reading), usage, query.number("days", 1, MAX_DAYS, DAYS))
    reported = report.rows(is_unused_only=False)
    matching = _matching(reported, query.choice("show", SHOWN, "all"), query.text("text").casefold())
    return {
        "rows": matching[: query.limit],
        "matching": len(matching),
        "rules": len(reported),
        "unused": sum(row["is_unused"] for row in reported),
        "accepted": usage.counts["accepted"],
        "taken_at": inventory.rules.taken_at,
        "notes": list(_notes(usage)),
    }


def _usage(inventory: Inventory, rows: pl.DataFrame) -> Usage:
    taken_at = inventory.rules.taken_at
    usage = RuleUsage(AddressSpace.of(inventory), taken_at, taken_at)
    for flows in flows_for_rules(rows):
        usage.add(flows)
    return usage.usage()


def _matching(rows: Sequence[Row], show: str, text: str) -> list[Row]:
    wanted = [row for row in rows if show == "all" or row["is_unused"] == (show == "unused")]
    return [row for row in wanted if any(text in str(row[name]).casefold() for name in _SEARCHED)]


def _notes(usage: Usage) -> Iterator[str]:
    for name, meaning in UNJUDGED.items():
        if usage.counts[name]:
            yield f"{usage.counts[name]:,} accepted records {meaning}"
    yield "closing a rule whose `alone` is 0 refuses nothing that was seen here, if no other rule is closed with it"
