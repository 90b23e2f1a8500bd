"""The named queries about bytes that cost money, with AWS's list prices in their text.

Each byte of a meter is on one record (`charged_path`, `crosses_zones`), so that sums count it once. A record with both
counts on both meters. The owner is who causes the charge: the host that uses a NAT gateway or an interface endpoint in
either direction, else the sender, as in the metrics and in `flowsentry bill`.
"""

from decimal import Decimal

from flowsentry.records.charged_paths import (
    BILLED_TO_EITHER_SIDE,
    CHARGED_AT_ONE_END,
    INTER_ZONE,
    UNKNOWN_PATH,
)
from stacks.analytics.named_query import Query
from stacks.prices.meter import AS_OF, BYTES_IN_GB
from stacks.prices.own_prices import TrafficPrices
from stacks.prices.traffic import quotes


def _in_sql(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _prices(prices: TrafficPrices) -> str:
    """The price of a GB by path, for a byte that passes once; none for bytes whose path is not known."""
    known = quotes(prices.region, prices.own)
    rows = [f"('{path}', {Decimal(str(quote.usd)):f}E0)" for path, quote in known.items()]
    values = ",\n    ".join([*rows, f"('{UNKNOWN_PATH}', CAST(NULL AS double))"])
    return f"""-- Dollars a GB: list prices of {prices.region} of {AS_OF}, first tier, and those of the settings.
WITH prices (path, usd_per_gb) AS (
  VALUES
    {values}
)"""


USD = f"""sum(bytes * CASE WHEN path = '{INTER_ZONE}' AND
    (source_owner_kind IN ({_in_sql(CHARGED_AT_ONE_END)}) OR destination_owner_kind IN ({_in_sql(CHARGED_AT_ONE_END)}))
    THEN 0.5E0 ELSE 1E0 END) / {BYTES_IN_GB}E0 * max(usd_per_gb) AS usd"""
"""Services for whose traffic between zones only the other end pays count half."""
CHARGED = f"""
FROM enriched_flows
JOIN prices ON path = charged_path
  OR (path = '{INTER_ZONE}' AND crosses_zones)
  OR (path = '{UNKNOWN_PATH}' AND charged_path IS NULL AND crosses_zones IS NULL
    AND coalesce(action, 'ACCEPT') <> 'REJECT' AND bytes > 0)
WHERE {{during}}
"""
USER = f"""CASE WHEN charged_path IN ({_in_sql(BILLED_TO_EITHER_SIDE)}) AND direction = 'egress'
    THEN coalesce(destination_owner_name, destination_owner_id, 'unknown')
    ELSE coalesce(source_owner_name, source_owner_id, 'unknown') END"""

DATE = 'CAST(from_unixtime("start") AS date)'
PAIRS_ACROSS_ZONES = Query(
    "pairs-across-zones",
    "Which pairs sent the most bytes that are charged between Availability Zones?",
    """
SELECT {source} AS source, {destination} AS destination, max(source_owner_name) AS source_owner,
  max(destination_owner_name) AS destination_owner, max(source_owner_az_id) AS source_zone,
  max(destination_owner_az_id) AS destination_zone, sum(bytes) AS bytes, sum(packets) AS packets
FROM enriched_flows
WHERE {during}
  AND crosses_zones
GROUP BY 1, 2
ORDER BY bytes DESC, source, destination
LIMIT 100""",
)


def bill_queries(prices: TrafficPrices) -> tuple[Query, ...]:
    """The queries with these prices in their text."""
    listed = _prices(prices)
    return (
        Query(
            "traffic-bill",
            "Which owners caused which traffic charges, at list prices?",
            f"{listed}\nSELECT path, {USER} AS owner,\n  sum(bytes) AS bytes, {USD}{CHARGED}"
            "GROUP BY 1, 2\nORDER BY usd DESC, path, owner\nLIMIT 1000",
        ),
        Query(
            "traffic-bill-by-day",
            "What did traffic cost on each day, by path, at list prices?",
            f"{listed}\nSELECT {DATE} AS date, path, sum(bytes) AS bytes, {USD}{CHARGED}"
            "GROUP BY 1, 2\nORDER BY 1, 2\nLIMIT 1000",
        ),
        PAIRS_ACROSS_ZONES,
    )
