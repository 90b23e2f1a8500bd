"""Scan view: what one source tried, as a grid of hosts and ports over time."""

from typing import Any

from starlette.routing import Route

from local.console.console_data import ConsoleData
from local.console.flows.finding_links import SCANS, in_short
from local.console.flows.scan_grid import busiest_sources, scan_grid
from local.console.flows.stored_records import completed
from local.console.query import Query, QueryError
from local.console.routing import get


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/scan/sources", sources, data), get("/api/scan", scan, data)]


def sources(data: ConsoleData, query: Query) -> Any:
    """The 100 sources that tried most hosts and ports from `start` to `end` (Unix seconds), as `sources`: `source`,
    `owner`, `is_inside`, `targets`, `hosts`, `ports`, `flows`, `refused_flows`, `first_seen`, `last_seen`, and the
    `findings` about their scans.
    """
    found = busiest_sources(completed(data.flows()), query.span)
    of_source = _findings(data)
    return {"sources": [{**each, "findings": of_source.get(each["source"], [])} for each in found]}


def scan(data: ConsoleData, query: Query) -> Any:
    """What `source` (an address, or the /64 of an outside IPv6 address) tried from `start` to `end` (Unix seconds), at
    most 100 hosts and 100 ports, those that answered and the most tried ones; `left_out` counts the others.

    `hosts` and `ports` in order; `cells` with the numbers of `host` and `port`, the `outcome` (`answered`, `refused`
    by the host, `rejected` by a rule, `unanswered`, `doubtful`), `first_seen`, `last_seen`; `totals` of all endpoints
    by outcome; `steps` of time with the `endpoints` that were first tried in each; and the `findings` about its scans.
    """
    source = query.text("source").strip()
    if not source:
        raise QueryError("source is missing: an address, such as 10.0.3.7")
    grid = scan_grid(completed(data.flows()), source, query.span)
    return {**grid, "findings": _findings(data).get(source, [])}


def _findings(data: ConsoleData) -> dict[str, list[dict[str, Any]]]:
    """The findings about scans, by their source."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for alert in data.alerts():
        if alert.finding.kind in SCANS:
            by_source.setdefault(alert.finding.subject, []).append(in_short(alert.finding))
    return by_source
