"""The traffic bill: what `flowsentry bill` computes."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import Route

from flowsentry.records.charged_paths import BILLED_PATHS
from local.bill.bill import Bill, Charged, note_on_prices, notes_of
from local.console.console_data import ConsoleData
from local.console.query import Query
from local.console.routing import get
from local.console.stored_rows import coverage_within, flows_for_bill, rows_within
from stacks.prices.meter import AS_OF, DAYS_A_MONTH
from stacks.prices.own_prices import TrafficPrices
from stacks.prices.traffic import quotes
from stacks.settings.reading import read_section


def routes(data: ConsoleData) -> list[Route]:
    """The routes of this page."""
    return [get("/api/bill", bill, data)]


def bill(data: ConsoleData, query: Query) -> Any:
    """What the traffic costs, as `flowsentry bill` prints it, of all records or those that began from `start` to `end`:
    `rows` (`path`, `owner`, `kind`, `id`, `bytes`, `dollars`), the most dollars first and at most `limit`; the others
    as one row in `others`; `paths`, the sums by path; `days` covered by records with traffic; `dollars` for these days,
    `dollars_a_day`, `dollars_a_month`; `logged_bytes`, `unknown_bytes` (of no known path); `region` and `as_of` of the
    list prices; `unverified` paths; `notes` on what the records can't tell.
    """
    prices = read_section(TrafficPrices, "prices", dict(data.settings().get("prices") or {}))
    rows = rows_within(data.flows(), query.given_span)
    computed = Bill(quotes(prices.region, prices.own), coverage_within(data.coverage(), rows, query.given_span))
    for flows in flows_for_bill(rows):
        computed.add(flows)
    charged = computed.charged
    listed, others = charged[: query.limit], charged[query.limit :]
    return {
        "rows": [row._asdict() for row in listed],
        "others": _sum_of("", others) | {"rows": len(others)},
        "paths": [_sum_of(path, of_path) for path in BILLED_PATHS if (of_path := _on(path, charged))],
        **_amounts(computed),
        "records": len(rows),
        "region": prices.region,
        "as_of": AS_OF,
        "unverified": [path for path in BILLED_PATHS if not computed.quotes[path].is_verified and _on(path, charged)],
        "notes": [*notes_of(computed), *note_on_prices(prices.region)],
    }


def _amounts(computed: Bill) -> dict[str, float]:
    return {
        "logged_bytes": computed.bytes,
        "unknown_bytes": computed.unknown_bytes,
        "days": round(computed.days, 4),
        "dollars": computed.dollars(computed.days),
        "dollars_a_day": computed.dollars(1),
        "dollars_a_month": computed.dollars(DAYS_A_MONTH),
        "days_a_month": DAYS_A_MONTH,
    }


def _on(path: str, charged: Sequence[Charged]) -> list[Charged]:
    return [row for row in charged if row.path == path]


def _sum_of(path: str, rows: Sequence[Charged]) -> dict[str, Any]:
    return {"path": path, "bytes": sum(row.bytes for row in rows), "dollars": sum(row.dollars for row in rows)}
