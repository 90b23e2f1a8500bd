"""Each named query, as DuckDB takes it and as Athena does, answers from planted traffic what is known of it.

The answers are the same for every log format: what a format lacks, the inventory tells.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local.query.database import Answer, answer, executed
from local.query.files import files_at
from local.query.time_range import TimeRange
from stacks.analytics.named_query import Query
from stacks.analytics.queries import QUERIES
from tests.local.query.planted import CLIENT, DATABASE, DAY, FORMATS, SCANNER, WEB

GIVEN = {"address": WEB, "port": 22, "network": "198.51.100.0/24"}
ALWAYS = TimeRange()


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 1, 1, 12, minute, second)  # noqa: DTZ001 - as DuckDB and Athena give it: UTC without a zone


def dollars(size: int, usd_per_gb: float) -> Any:
    """AWS bills traffic by GB of 2^30 bytes."""
    return pytest.approx(size / 2**30 * usd_per_gb)


SENT = {
    WEB: {"source": WEB, "source_owner": "web-1", "bytes": 10_060, "packets": 23, "destinations": 3, "records": 3},
    DATABASE: {"source": DATABASE, "source_owner": "db-1", "bytes": 50_000, "packets": 20, "records": 1},
    CLIENT: {"source": CLIENT, "source_owner": None, "bytes": 700, "packets": 70, "destinations": 1, "records": 2},
    SCANNER: {"source": SCANNER, "bytes": 300, "packets": 5, "destinations": 2, "records": 5},
}
REFUSED_SCANNER = {
    "source": SCANNER,
    "rejects": 5,
    "packets": 5,
    "destinations": 2,
    "ports": 3,
    "first_seen": at(0),
    "last_seen": at(3, 30),
}
REFUSED_WEB = {"source": WEB, "source_owner": "web-1", "rejects": 1, "first_seen": at(4), "last_seen": at(4, 30)}
ON_SSH = [
    {"source": CLIENT, "accepted": 1, "rejected": 0, "packets": 40, "bytes": 400, "first_seen": at(0)},
    {"source": SCANNER, "accepted": 0, "rejected": 3, "packets": 3, "bytes": 180, "last_seen": at(2, 30)},
]
ANSWERS: Mapping[str, list[Mapping[str, Any]]] = {
    "top-talkers-by-bytes": [SENT[DATABASE], SENT[WEB], SENT[CLIENT], SENT[SCANNER]],
    "top-talkers-by-packets": [SENT[CLIENT], SENT[WEB], SENT[DATABASE], SENT[SCANNER]],
    "top-owners": [
        {"owner": "db-1", "kind": "rds database", "bytes": 50_000, "packets": 20, "addresses": 1, "records": 1},
        {"owner": "web-1", "kind": "instance", "bytes": 10_060, "packets": 23, "addresses": 1, "records": 3},
        {"owner": "unknown", "kind": None, "bytes": 1_000, "packets": 75, "addresses": 2, "records": 7},
    ],
    "top-pairs": [
        {"source": DATABASE, "destination": WEB, "destination_owner": "web-1", "bytes": 50_000, "packets": 20},
        {"source": WEB, "destination": CLIENT, "source_owner": "web-1", "bytes": 9_000, "packets": 12},
        {"source": WEB, "destination": DATABASE, "destination_owner": "db-1", "bytes": 1_000, "packets": 10},
        {"source": CLIENT, "destination": WEB, "source_owner": None, "bytes": 700, "packets": 70},
        {"source": SCANNER, "destination": WEB, "bytes": 180, "packets": 3},
        {"source": SCANNER, "destination": DATABASE, "bytes": 120, "packets": 2},
        {"source": WEB, "destination": "203.0.113.50", "bytes": 60, "packets": 1},
    ],
    "rejects-by-source": [REFUSED_SCANNER, REFUSED_WEB],
    "rejects-by-source-outside-network": [REFUSED_WEB],
    "rejects-by-protocol": [
        {"protocol": 6, "port": 22, "service": "ssh", "direction": "ingress", "rejects": 3, "sources": 1},
        {"protocol": 6, "port": 25, "service": "smtp", "direction": "egress", "rejects": 1, "destinations": 1},
        {"protocol": 6, "port": 3389, "service": "rdp", "direction": "ingress", "rejects": 1},
        {"protocol": 17, "port": 53, "service": "dns", "direction": "ingress", "rejects": 1, "packets": 1},
    ],
    "rejects-by-rule": [
        {"refused_layer": "security_group", "refused_by": "sg-web", "destination_owner": "web-1", "port": 22},
        {"refused_by": "sg-db", "destination_owner": "db-1", "port": 53, "rejects": 1, "last_seen": at(3, 30)},
        {"refused_by": "sg-db", "destination_owner": "db-1", "port": 3389, "rejects": 1},
        {"refused_by": "sg-web", "source_owner": "web-1", "destination_owner": None, "port": 25, "rejects": 1},
    ],
    "rejects-on-the-way-in": [
        {
            "srcaddr": SCANNER,
            "dstaddr": WEB,
            "dstport": 22,
            "rejects": 3,
            "refused_by": "sg-web",
            "last_seen": at(2, 30),
        },
        {"srcaddr": SCANNER, "dstaddr": DATABASE, "dstport": 53, "protocol": 17, "destination_owner": "db-1"},
        {"srcaddr": SCANNER, "dstaddr": DATABASE, "dstport": 3389, "protocol": 6, "rejects": 1},
    ],
    "remote-logins": [
        {"destination": WEB, "port": 22, "destination_owner": "web-1", **ON_SSH[0]},
        {"destination": WEB, "port": 22, "destination_owner": "web-1", **ON_SSH[1]},
        {"source": SCANNER, "destination": DATABASE, "port": 3389, "accepted": 0, "rejected": 1},
    ],
    "story-of-an-address": [
        {"began": at(0), "direction": "egress", "source": WEB, "destination": DATABASE, "interface_id": "eni-web-1"},
        {"direction": "ingress", "source": WEB, "destination": DATABASE, "interface_id": "eni-db-1", "bytes": 1_000},
        {"source": WEB, "destination": CLIENT, "srcport": 443, "dstport": 40_000, "bytes": 9_000},
        {"direction": "egress", "source": DATABASE, "source_owner": "db-1", "destination": WEB, "srcport": 5432},
        {"direction": "ingress", "source": DATABASE, "destination": WEB, "destination_owner": "web-1"},
        {"action": "REJECT", "source": SCANNER, "dstport": 22, "refused_by": "sg-web"},
        {"action": "ACCEPT", "source": CLIENT, "dstport": 22, "packets": 40, "refused_by": None},
        {"action": "ACCEPT", "source": CLIENT, "dstport": 443, "packets": 30, "protocol": 6},
        {"began": at(1), "action": "REJECT", "source": SCANNER},
        {"began": at(2), "action": "REJECT", "source": SCANNER},
        {"began": at(4), "action": "REJECT", "direction": "egress", "destination": "203.0.113.50", "dstport": 25},
    ],
    "who-connected": ON_SSH,
    "traffic-bill": [
        {"path": "inter_az", "owner": "db-1", "bytes": 50_000, "usd": dollars(50_000, 2 * 0.01)},
        {"path": "internet", "owner": "web-1", "bytes": 9_000, "usd": dollars(9_000, 0.09)},
        {"path": "inter_az", "owner": "web-1", "bytes": 1_000, "usd": dollars(1_000, 2 * 0.01)},
    ],
    "traffic-bill-by-day": [
        {"date": at(0).date(), "path": "inter_az", "bytes": 51_000, "usd": dollars(51_000, 2 * 0.01)},
        {"date": at(0).date(), "path": "internet", "bytes": 9_000, "usd": dollars(9_000, 0.09)},
    ],
    "pairs-across-zones": [
        {"source": DATABASE, "source_zone": "euw1-az2", "destination_zone": "euw1-az1", "bytes": 50_000},
        {"source": WEB, "source_owner": "web-1", "destination": DATABASE, "bytes": 1_000, "packets": 10},
    ],
}
"""The rows of each answer, in order; of each row the columns that are named."""

by_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
by_format = pytest.mark.parametrize("form", FORMATS)


def named(found: Answer, wanted: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows as dictionaries, each with the columns that the wanted row of its place has."""
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    columns = [*wanted, *[{} for _ in rows[len(wanted) :]]]
    return [{name: row[name] for name in wanted_row} for row, wanted_row in zip(rows, columns, strict=False)]


@by_format
@by_query
def test_a_query_answers_what_is_known(query: Query, form: str, folders: Mapping[str, Path]) -> None:
    found = answer(query, files_at([str(folders[form])], ALWAYS), ALWAYS, GIVEN)
    assert named(found, ANSWERS[query.name]) == ANSWERS[query.name]


@by_query
def test_the_text_for_athena_gives_the_same_answer(query: Query, folders: Mapping[str, Path]) -> None:
    files = files_at([str(folders["extended"])], ALWAYS)
    values = {"first_day": DAY, "last_day": DAY, **GIVEN}
    athena = executed(query.for_athena, [values[name] for name in query.parameters], query.table, files, ALWAYS)
    assert athena == answer(query, files, ALWAYS, GIVEN)


def test_addresses_of_the_packet_are_those_of_the_format_that_has_them(folders: Mapping[str, Path]) -> None:
    (query,) = [each for each in QUERIES if each.name == "rejects-on-the-way-in"]
    shown = {}
    for form in ("default", "shuffled"):
        found = answer(query, files_at([str(folders[form])], ALWAYS), ALWAYS, GIVEN)
        shown[form] = {dict(zip(found.columns, row, strict=True))["pkt_srcaddr"] for row in found.rows}
    assert shown == {"default": {None}, "shuffled": {SCANNER}}
