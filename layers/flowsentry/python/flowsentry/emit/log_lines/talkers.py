"""The line that names the busiest talkers of a source, for the dashboard Traffic."""

from collections.abc import Iterable, Mapping
from heapq import nlargest
from typing import TypeVar

from flowsentry.emit.log_lines.report import Report, known, line_of
from flowsentry.frames import Conversation, Passage, RejectedSource, RejectedTarget, Talkers

MANY_RECORDS, TIMES_MORE = 10_000, 10
"""From this many records on, a line names ten times as many. Lower: longer lines for payloads. Higher: of a large
object, fewer talkers are named."""
MAX_BYTES = 200_000
"""Of a line: names of characters that JSON escapes are six times as long as others, and a longer line names half as
many. More: CloudWatch Logs cuts a log event, which is then no JSON. Fewer: with such names, fewer talkers are named.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""
MAX_PASSAGES = 40
"""There are four directions and eight paths."""
Rejected = TypeVar("Rejected", RejectedSource, RejectedTarget)
Row = Conversation | Passage | RejectedSource | RejectedTarget


def talkers_line(talkers: Talkers, records: int, most: int) -> str:
    """A line with 80 to 250 bytes for each talker; empty where nothing passed or was rejected.

    It names `most` conversations by bytes and as many by packets, sources of rejected flows, and targets of them.
    """
    named = most * TIMES_MORE if records >= MANY_RECORDS else most
    lists: Mapping[str, Iterable[Row]] = {
        "conversations": _busiest(talkers.conversations, named),
        "passages": _largest(talkers.passages),
        "rejected_sources": _most_rejected(talkers.rejected_sources, named),
        "rejected_targets": _most_rejected(talkers.rejected_targets, named),
    }
    rows = {name: [known(row._asdict()) for row in rows] for name, rows in lists.items()}
    filled = {name: each for name, each in rows.items() if each}
    line = line_of(Report.TALKERS, filled) if filled else ""
    return line if len(line) <= MAX_BYTES else talkers_line(talkers, records, most // 2)


def _busiest(conversations: Iterable[Conversation], most: int) -> list[Conversation]:
    """The `most` with the most bytes, then those of the `most` with the most packets that are not among them."""
    rows = list(conversations)
    by_bytes = nlargest(most, rows, key=lambda row: (row.bytes, row.packets))
    by_packets = nlargest(most, rows, key=lambda row: (row.packets, row.bytes))
    return list(dict.fromkeys([*by_bytes, *by_packets]))


def _largest(passages: Iterable[Passage]) -> list[Passage]:
    return nlargest(MAX_PASSAGES, passages, key=lambda row: row.bytes)


def _most_rejected(rows: Iterable[Rejected], most: int) -> list[Rejected]:
    return nlargest(most, rows, key=lambda row: row.flows)
