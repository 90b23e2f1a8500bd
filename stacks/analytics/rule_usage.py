"""The table of rule usage, with a row for each rule and day, and its named queries."""

import polars as pl

from flowsentry.rule_usage.usage import REPORTED
from stacks.analytics.named_query import Query

RULE_USAGE = "rule_usage"
"""The table of rule usage."""
_TYPES = {pl.String(): "string", pl.Int64(): "bigint", pl.Boolean(): "boolean"}
RULE_USAGE_COLUMNS: dict[str, str] = {name: _TYPES[type_] for name, type_ in REPORTED.items()}
"""The columns of the objects, with their types in Athena."""
_RULE = "layer, resource_id, rule_id, direction, action, traffic, peer"

RULE_USAGE_QUERIES: tuple[Query, ...] = (
    Query(
        "unused-rules",
        "Which rules that are in force carried no traffic on any of these days?",
        """
WITH asked AS (
  SELECT * FROM rule_usage WHERE {during}
)
SELECT {rule}, max_by(resource_name, day) AS resource_name, max_by(description, day) AS description,
  max_by(vpc_id, day) AS vpc_id, count(DISTINCT day) AS days_in_force,
  (SELECT count(DISTINCT day) FROM asked) AS days_asked, max(interfaces) AS interfaces,
  max(interfaces_logged) AS interfaces_logged, max(interfaces_seen) AS interfaces_seen,
  bool_and(is_resolved) AS is_resolved
FROM asked
GROUP BY {rule}
HAVING sum(records) = 0
  AND sum(possible_records) = 0
  AND max(day) = (SELECT max(day) FROM asked)
ORDER BY resource_id, direction, rule_id, traffic, peer""".replace("{rule}", _RULE),
        RULE_USAGE,
    ),
    Query(
        "rules-by-usage",
        "What did each rule carry, and for whom?",
        """
SELECT {rule}, max_by(resource_name, day) AS resource_name, max_by(description, day) AS description,
  sum(records) AS records, sum(bytes) AS bytes, sum(alone_records) AS alone_records,
  sum(possible_records) AS possible_records, count_if(records > 0) AS days_used, count(*) AS days_in_force,
  from_unixtime(min(first_seen)) AS first_seen, from_unixtime(max(last_seen)) AS last_seen,
  max(peers) AS most_peers_a_day, max_by(busiest_peers, bytes) AS busiest_peers
FROM rule_usage
WHERE {during}
GROUP BY {rule}
ORDER BY records, resource_id, direction, rule_id, traffic, peer
LIMIT 1000""".replace("{rule}", _RULE),
        RULE_USAGE,
    ),
)
"""Closing a rule whose alone_records and possible_records are 0 refuses nothing that was seen on these days."""
