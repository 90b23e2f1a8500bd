"""What to look for → the query that finds it: in CloudWatch Logs Insights, and in Athena over the enriched flows."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from flowsentry.emit.investigation import Sought, is_interface
from flowsentry.inventory.source_address import is_network, spellings_of

MAX_INSIGHTS_ROWS = 1_000
MAX_ATHENA_ROWS = 200
DELIVERY_SECONDS = 3_600
"""An enriched object is kept under the day of its newest record: one that begins before midnight may be under the next
day."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ADDRESSES = "srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr"


def insights_query(sought: Sought) -> str:
    """A query over the text of records, so that it fits every log format: fields are words between spaces."""
    words = [*sought.ends, *(["SKIPDATA"] if is_interface(sought.ends[0]) else [])]
    filters = [_is_there([word]) for word in words]
    filters += [_is_there(list(map(str, sought.ports)))] if sought.ports else []
    lines = ["fields @timestamp, @message", *filters, "sort @timestamp", f"limit {MAX_INSIGHTS_ROWS}"]
    return "\n| ".join(lines)


def athena_query(sought: Sought, table: str) -> str:
    """A query over the enriched flows; empty for a table whose name is none."""
    parts = table.split(".")
    if not all(_NAME.fullmatch(part) for part in parts):
        return ""
    return "\n".join(
        (
            'SELECT from_unixtime("start") AS began, action, coalesce(pkt_srcaddr, srcaddr) AS source, srcport,',
            "  source_owner_name, coalesce(pkt_dstaddr, dstaddr) AS destination, dstport, destination_owner_name,",
            "  protocol, packets, bytes, refused_by, refused_rule, interface_id",
            f"FROM {'.'.join(_quoted(part) for part in parts)}",
            f"WHERE {_condition(sought)}",
            'ORDER BY "start"',
            f"LIMIT {MAX_ATHENA_ROWS}",
        )
    )


def _is_there(words: Sequence[str]) -> str:
    """Whether a record has one of the words as a field."""
    patterns = [each for word in words for each in _patterns(word)]
    either = patterns[0] if len(patterns) == 1 else f"({'|'.join(patterns)})"
    return f"filter @message like /(^| ){either}( |$)/"


def _patterns(word: str) -> Sequence[str]:
    """Expressions one of which a word fits: of a /64, all of its addresses."""
    return spellings_of(word) if is_network(word) else [word.replace(".", r"\.")]


def _condition(sought: Sought) -> str:
    delivered = datetime.fromtimestamp(sought.last + DELIVERY_SECONDS, UTC)
    conditions = [
        f"day BETWEEN '{sought.first_moment:%Y-%m-%d}' AND '{delivered:%Y-%m-%d}'",
        f'"start" BETWEEN {sought.first} AND {sought.last}',
        *map(_has, sought.ends),
    ]
    if sought.ports:
        ports = ", ".join(map(str, sought.ports))
        conditions.append(f"(srcport IN ({ports}) OR dstport IN ({ports}))")
    return "\n  AND ".join(conditions)


def _has(end: str) -> str:
    if is_interface(end):
        return f"{'interface_id' if end.startswith('eni-') else 'tgw_attachment_id'} = '{end}'"
    if is_network(end):
        return f"any_match(ARRAY[{_ADDRESSES}], each -> regexp_like(each, '^({'|'.join(spellings_of(end))})$'))"
    return f"'{end}' IN ({_ADDRESSES})"


def _quoted(name: str) -> str:
    return f'"{name}"'
