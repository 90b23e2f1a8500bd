"""Traffic map: who talks to whom, by owner."""

from typing import Any

from starlette.routing import Route

from flowsentry.inventory.firewall_rules import ALL
from local.console.console_data import ConsoleData
from local.console.flows.owner_map import FlowFilter, owner_map, owner_sums
from local.console.flows.packet_parameters import port_in, protocol_in
from local.console.flows.stored_records import completed
from local.console.query import Query
from local.console.routing import get

ACTIONS = {"all": None, "accepted": False, "refused": True}


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/traffic-map", traffic_map, data)]


def traffic_map(data: ConsoleData, query: Query) -> Any:
    """Who talked to whom from `start` to `end` (Unix seconds), at most 24 owners a side and 200 edges, which
    `left_out` counts. Filters: `owner` (part of a name, or a whole id, address or country), `port` (of the called
    one), `protocol` (a name or number), `action` (`all`, `accepted`, `refused`).

    `nodes`: `side` (`caller`, `called`), `kind`, `id`, `name`, `bytes`, `refused_flows`. `edges`: the numbers of the
    nodes `caller` and `called`, `action`, `flows`, `packets`, `bytes`, the busiest `ports`, and `all_ports`, how many
    there are. `totals` of all flows by action, and `choices` for the filters.
    """
    protocol = protocol_in(query)
    wanted = FlowFilter(
        *query.span,
        owner=query.text("owner").strip(),
        port=port_in(query),
        protocol=None if protocol == ALL else protocol,
        is_refused=ACTIONS[query.choice("action", [*ACTIONS], "all")],
    )
    return owner_map(owner_sums(completed(data.flows()), wanted))
