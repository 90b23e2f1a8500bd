"""Who sends most to whom, and who is rejected most: the busiest of a source, for a log line that dashboards read.

A flow that is logged twice counts once (see records/second_records.py).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import polars as pl

from flowsentry.frames import Conversation, EnrichedFlows, Passage, RejectedSource, RejectedTarget, Talkers
from flowsentry.records.code_names import traffic_path_in_words
from flowsentry.records.few_rows import rows_where
from flowsentry.records.second_records import is_second_record

MAX_ROWS = 100
"""Rows of a list that are kept of a chunk. More: more time to add up chunks. Fewer: who is busy in a whole object and
never among the busiest of a chunk is missing."""
FEW_RECORDS = 500
"""Up to this many records are added up one by one, more of them by polars. Higher: it takes longer one
by one, 3 ms for a thousand. Lower: for 40 records polars takes 2 ms, one by one takes 0.3 ms (November 2026)."""
WEIGHED_RECORDS = 10_000
"""From this many records of a chunk on, only those with at least the mean of bytes or packets count in conversations.
Higher: a million records take 40 ms more. Lower: in small sources, small records of busy conversations do not count."""
_ENDS, _AMOUNTS = ("source", "destination"), ("bytes", "packets")
_COLUMNS = (
    *(f"{end}_{name}" for end in _ENDS for name in ("address", "is_inside", "owner_name", "owner_id", "country")),
    *("srcport", "dstport", *_AMOUNTS, "is_rejected"),
)
_ADDRESSES = ("source_address", "destination_address")
_PASSAGE = ("source_is_inside", "destination_is_inside", "traffic_path")
NOBODY = "-"
"""What a record has in place of a missing address."""
Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)


class _Record(NamedTuple):
    """A record by the columns that count here, or a sum of records."""

    source: str | None
    source_is_inside: bool
    source_name: str | None
    source_id: str | None
    source_country: str | None
    destination: str | None
    destination_is_inside: bool
    destination_name: str | None
    destination_id: str | None
    destination_country: str | None
    srcport: int | None
    dstport: int | None
    bytes: int | None
    packets: int | None
    is_rejected: bool
    traffic_path: int | None
    is_second: bool

    @property
    def port(self) -> int:
        """The port of the service, most likely: clients use the higher ones."""
        return min(self.srcport or 0, self.dstport or 0)

    @property
    def direction(self) -> str:
        return _direction(self.source_is_inside, self.destination_is_inside)

    @property
    def path(self) -> str | None:
        return _path(self.traffic_path)

    @property
    def source_owner(self) -> str | None:
        return self.source_name or self.source_id

    @property
    def destination_owner(self) -> str | None:
        return self.destination_name or self.destination_id


def _direction(is_inside: bool, to_inside: bool) -> str:  # noqa: FBT001 - both ends of a record
    if is_inside:
        return "inside" if to_inside else "outbound"
    return "inbound" if to_inside else "outside"


def _path(traffic_path: int | None) -> str | None:
    return None if traffic_path is None else traffic_path_in_words(traffic_path)


def talkers(flows: EnrichedFlows) -> Talkers:
    """The busiest of one chunk."""
    path = "traffic_path" if "traffic_path" in flows.columns else pl.lit(None, pl.UInt8).alias("traffic_path")
    records = flows.select_seq(*_COLUMNS, path, is_second_record(flows.columns).alias("is_second"))
    return _of_few(records) if len(records) <= FEW_RECORDS else _of_many(records)


def add_up_talkers(parts: Sequence[Talkers]) -> Talkers:
    """The busiest of all chunks."""
    if len(parts) == 1:
        return parts[0]
    conversations = _grouped((row for part in parts for row in part.conversations), lambda row: row[:3])
    passages = _grouped((row for part in parts for row in part.passages), lambda row: row[:2])
    sources = _grouped((row for part in parts for row in part.rejected_sources), lambda row: row[:1])
    targets = _grouped((row for part in parts for row in part.rejected_targets), lambda row: row[:2])
    return Talkers(
        [rows[0]._replace(bytes=_sum(rows, "bytes"), packets=_sum(rows, "packets")) for rows in conversations],
        [rows[0]._replace(bytes=_sum(rows, "bytes"), packets=_sum(rows, "packets")) for rows in passages],
        [rows[0]._replace(flows=_sum(rows, "flows"), targets=max(row.targets for row in rows)) for rows in sources],
        [rows[0]._replace(flows=_sum(rows, "flows"), sources=max(row.sources for row in rows)) for rows in targets],
    )


def _grouped(rows: Iterable[Item], key: Callable[[Item], Key]) -> Iterable[list[Item]]:
    groups: defaultdict[Key, list[Item]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups.values()


def _sum(rows: Iterable[object], amount: str) -> int:
    return sum(getattr(row, amount) or 0 for row in rows)


def _of_few(records: pl.DataFrame) -> Talkers:
    once = [row for row in map(_Record._make, records.rows()) if not row.is_second]
    accepted = [row for row in once if not row.is_rejected]
    conversations = _grouped(accepted, lambda row: (row.source, row.destination, row.port))
    rejected = _rejections_of_few([row for row in once if row.is_rejected])
    return Talkers([_conversation(rows) for rows in conversations], _passages(accepted), *rejected)


def _rejections_of_few(rejected: Sequence[_Record]) -> tuple[list[RejectedSource], list[RejectedTarget]]:
    sources = _grouped(rejected, lambda row: row.source)
    targets = _grouped(rejected, lambda row: (row.destination, row.dstport))
    return (
        [_rejected_source(rows[0], len(rows), len({row.destination for row in rows})) for rows in sources],
        [_rejected_target(rows[0], len(rows), len({row.source for row in rows})) for rows in targets],
    )


def _conversation(rows: Sequence[_Record]) -> Conversation:
    row = rows[0]
    ends = (row.source_owner, row.source_country, row.destination_owner, row.destination_country)
    return Conversation(
        row.source or NOBODY, row.destination or NOBODY, row.port, *ends, _sum(rows, "bytes"), _sum(rows, "packets")
    )


def _passages(rows: Iterable[_Record]) -> list[Passage]:
    groups = _grouped(rows, lambda row: (row.direction, row.traffic_path))
    return [Passage(each[0].direction, each[0].path, _sum(each, "bytes"), _sum(each, "packets")) for each in groups]


def _rejected_source(row: _Record, flows: int, targets: int) -> RejectedSource:
    return RejectedSource(row.source or NOBODY, row.source_owner, row.source_country, flows, targets)


def _rejected_target(row: _Record, flows: int, sources: int) -> RejectedTarget:
    return RejectedTarget(row.destination or NOBODY, row.dstport or 0, row.destination_owner, flows, sources)


def _of_many(records: pl.DataFrame) -> Talkers:
    """The same from sums by polars."""
    numbered, is_one = records[_SUMMED].with_row_index("row"), ~records["is_second"] & ~records["is_rejected"]
    passed = rows_where(numbered, is_one)
    heavy = rows_where(numbered, is_one & _are_heavy(records)) if len(records) >= WEIGHED_RECORDS else passed
    rejected = rows_where(records, records["is_rejected"])
    few = len(rejected) <= MAX_ROWS
    return Talkers(
        _conversations(records, heavy),
        _passages_of_many(passed),
        *(_rejections_of_few(list(map(_Record._make, rejected.rows()))) if few else _rejections_of_many(rejected)),
    )


_SUMMED = [*_ADDRESSES, "srcport", "dstport", *_PASSAGE, *_AMOUNTS]


def _are_heavy(records: pl.DataFrame) -> pl.Series:
    """Whether each record has at least the mean of bytes or packets."""
    has_bytes, has_packets = (records[each] >= records[each].mean() for each in _AMOUNTS)
    return has_bytes | has_packets


def _conversations(records: pl.DataFrame, passed: pl.DataFrame) -> list[Conversation]:
    """The busiest conversations among those that passed, with the ends of the record that each begins with."""
    port = passed["srcport"].zip_with(passed["srcport"] <= passed["dstport"], passed["dstport"])
    sums = _busiest(_sums(passed.hstack([port.alias("port")]), *_ADDRESSES, "port"))
    first = records[_OF_CONVERSATION][sums["row"]]
    columns = [column.to_list() for column in (*first, *sums[["port", *_AMOUNTS]])]
    return [
        Conversation(
            one or NOBODY, other or NOBODY, port or 0, name or id_, country, to_name or to_id, to_country, *sent
        )
        for one, other, name, id_, country, to_name, to_id, to_country, port, *sent in zip(*columns, strict=True)
    ]


_OF_CONVERSATION = [*_ADDRESSES, *(f"{end}_{name}" for end in _ENDS for name in ("owner_name", "owner_id", "country"))]


def _busiest(sums: pl.DataFrame) -> pl.DataFrame:
    """The MAX_ROWS sums with the most bytes, and as many with the most packets."""
    if len(sums) <= MAX_ROWS:
        return sums
    rows = {row for each in _AMOUNTS for row in sums[each].arg_sort(descending=True).head(MAX_ROWS).to_list()}
    return sums[sorted(rows)]


def _passages_of_many(passed: pl.DataFrame) -> list[Passage]:
    columns = (column.to_list() for column in _sums(passed, *_PASSAGE)[[*_PASSAGE, *_AMOUNTS]])
    return [
        Passage(_direction(is_inside, to_inside), _path(path), *sent)
        for is_inside, to_inside, path, *sent in zip(*columns, strict=True)
    ]


def _rejections_of_many(rejected: pl.DataFrame) -> tuple[list[RejectedSource], list[RejectedTarget]]:
    sources = _rejections(rejected, "destination_address", "source_address")
    targets = _rejections(rejected, "source_address", "destination_address", "dstport")
    return (
        [_rejected_source(row, *numbers) for row, numbers in _numbered(rejected, sources)],
        [_rejected_target(row, *numbers) for row, numbers in _numbered(rejected, targets)],
    )


def _sums(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    return rows.group_by(by).agg(pl.col(_AMOUNTS).sum(), pl.col("row").first())


def _rejections(rejected: pl.DataFrame, others: str, *by: str) -> pl.DataFrame:
    """Flows, and the number of distinct `others`, of those that were rejected most."""
    sums = rejected.with_row_index("row").group_by(by)
    counts = sums.agg(pl.len().alias("flows"), pl.col(others).n_unique().alias("others"), pl.col("row").first())
    return counts.top_k(MAX_ROWS, by="flows")


def _numbered(rejected: pl.DataFrame, counts: pl.DataFrame) -> Iterator[tuple[_Record, tuple[int, int]]]:
    records = map(_Record._make, rejected[counts["row"]].iter_rows())
    return zip(records, counts.select("flows", "others").iter_rows(), strict=True)
