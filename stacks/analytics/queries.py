"""The named queries: what people ask of their traffic, each once, for Athena and for `flowsentry query`."""

from stacks.analytics.bill_queries import bill_queries
from stacks.analytics.named_query import Query
from stacks.prices.own_prices import TrafficPrices

TALKERS = """
SELECT {source} AS source, max(source_owner_name) AS source_owner, max(source_owner_kind) AS source_kind,
  sum(bytes) AS bytes, sum(packets) AS packets, count(DISTINCT {destination}) AS destinations, count(*) AS records
FROM enriched_flows
WHERE {during}
  AND {once}
GROUP BY 1
"""
REJECTS_BY_SOURCE = """
SELECT {source} AS source, max(source_owner_name) AS source_owner, max(source_country) AS country,
  max(source_network) AS network, count(*) AS rejects, sum(packets) AS packets,
  count(DISTINCT {destination}) AS destinations, count(DISTINCT dstport) AS ports,
  from_unixtime(min("start")) AS first_seen, from_unixtime(max("end")) AS last_seen
FROM enriched_flows
WHERE {during}
  AND action = 'REJECT'
"""
CONNECTIONS = """
  greatest(count_if(action = 'ACCEPT' AND direction = 'ingress'),
    count_if(action = 'ACCEPT' AND direction IS DISTINCT FROM 'ingress')) AS accepted,
  count_if(action = 'REJECT') AS rejected,
  {packets_at_one_end} AS packets,
  {bytes_at_one_end} AS bytes,
  from_unixtime(min("start")) AS first_seen, from_unixtime(max("end")) AS last_seen
FROM enriched_flows
WHERE {during}
  AND {of_interfaces}
"""
OUTSIDE_NETWORK = "  AND NOT coalesce(contains(:network, TRY_CAST({source} AS ipaddress)), false)\n"
"""https://trino.io/docs/current/functions/ipaddress.html"""
BY_REJECTS = "GROUP BY 1\nORDER BY rejects DESC, source\nLIMIT 100"

TRAFFIC_QUERIES: tuple[Query, ...] = (
    Query(
        "top-talkers-by-bytes",
        "Which sources sent the most bytes?",
        TALKERS + "ORDER BY bytes DESC, source\nLIMIT 100",
    ),
    Query(
        "top-talkers-by-packets",
        "Which sources sent the most packets?",
        TALKERS + "ORDER BY packets DESC, source\nLIMIT 100",
    ),
    Query(
        "top-owners",
        "Which owners sent the most bytes?",
        """
SELECT coalesce(source_owner_name, source_owner_id, 'unknown') AS owner, source_owner_kind AS kind,
  sum(bytes) AS bytes, sum(packets) AS packets, count(DISTINCT {source}) AS addresses, count(*) AS records
FROM enriched_flows
WHERE {during}
  AND {once}
GROUP BY 1, 2
ORDER BY bytes DESC, owner, kind
LIMIT 100""",
    ),
    Query(
        "top-pairs",
        "Which pairs of addresses exchanged the most bytes?",
        """
SELECT {source} AS source, {destination} AS destination, max(source_owner_name) AS source_owner,
  max(destination_owner_name) AS destination_owner,
  {bytes_at_one_end} AS bytes,
  {packets_at_one_end} AS packets
FROM enriched_flows
WHERE {during}
  AND {of_interfaces}
GROUP BY 1, 2
ORDER BY bytes DESC, source, destination
LIMIT 100""",
    ),
    Query(
        "rejects-by-source",
        "Which sources were rejected most often?",
        REJECTS_BY_SOURCE + BY_REJECTS,
    ),
    Query(
        "rejects-by-source-outside-network",
        "Which sources outside a given network were rejected most often?",
        REJECTS_BY_SOURCE + OUTSIDE_NETWORK + BY_REJECTS,
    ),
    Query(
        "rejects-by-protocol",
        "Which protocols and ports were rejected most often?",
        """
SELECT protocol, dstport AS port, max(service) AS service, direction, count(*) AS rejects, sum(packets) AS packets,
  count(DISTINCT {source}) AS sources, count(DISTINCT {destination}) AS destinations
FROM enriched_flows
WHERE {during}
  AND action = 'REJECT'
GROUP BY 1, 2, 4
ORDER BY rejects DESC, protocol, port, direction
LIMIT 100""",
    ),
    Query(
        "rejects-by-rule",
        "Which rules rejected the most, and whose traffic?",
        """
SELECT refused_layer, refused_by, refused_rule, source_owner_name AS source_owner,
  destination_owner_name AS destination_owner, dstport AS port, count(*) AS rejects,
  from_unixtime(max("end")) AS last_seen
FROM enriched_flows
WHERE {during}
  AND action = 'REJECT'
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY rejects DESC, refused_by, refused_rule, source_owner, destination_owner, port
LIMIT 100""",
    ),
    Query(
        "rejects-on-the-way-in",
        "Which packets were rejected on their way in, by addresses of the interface and of the packet?",
        """
SELECT srcaddr, pkt_srcaddr, dstaddr, pkt_dstaddr, dstport, protocol, max(source_owner_name) AS source_owner,
  max(destination_owner_name) AS destination_owner, max(source_country) AS country, max(refused_by) AS refused_by,
  max(refused_rule) AS refused_rule, count(*) AS rejects, from_unixtime(max("end")) AS last_seen
FROM enriched_flows
WHERE {during}
  AND action = 'REJECT'
  AND direction = 'ingress'
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY rejects DESC, srcaddr, pkt_srcaddr, dstaddr, pkt_dstaddr, dstport, protocol
LIMIT 100""",
    ),
    Query(
        "remote-logins",
        "Who connected, or tried to connect, by SSH and RDP?",
        """
SELECT {source} AS source, {destination} AS destination, dstport AS port, max(source_owner_name) AS source_owner,
  max(destination_owner_name) AS destination_owner, max(source_country) AS country,"""
        + CONNECTIONS
        + """  AND protocol = 6
  AND dstport IN (22, 3389)
GROUP BY 1, 2, 3
ORDER BY packets DESC, source, destination, port
LIMIT 100""",
    ),
    Query(
        "story-of-an-address",
        "What did an address send and receive, in order of time?",
        """
SELECT from_unixtime("start") AS began, action, direction, {source} AS source, srcport,
  source_owner_name AS source_owner, {destination} AS destination, dstport,
  destination_owner_name AS destination_owner, protocol, tcp_flags, packets, bytes, refused_by, refused_rule,
  interface_id
FROM enriched_flows
WHERE {during}
  AND :address IN (srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr)
ORDER BY "start", source, destination, srcport, dstport, direction
LIMIT 1000""",
    ),
    Query(
        "who-connected",
        "Who connected to an address and port?",
        """
SELECT {source} AS source, max(source_owner_name) AS source_owner, max(source_country) AS country,"""
        + CONNECTIONS
        + """  AND :address IN (dstaddr, pkt_dstaddr)
  AND dstport = :port
GROUP BY 1
ORDER BY packets DESC, source
LIMIT 100""",
    ),
)


def named_queries(prices: TrafficPrices) -> tuple[Query, ...]:
    """All queries, in the order of the documentation; those about money with these prices. A query that is added has
    its answer in tests/local/query.
    """
    return TRAFFIC_QUERIES + bill_queries(prices)


QUERIES = named_queries(TrafficPrices())
"""With the list prices of us-east-1."""
