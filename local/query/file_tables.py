"""Tables of Athena whose objects `flowsentry query` reads as files: their columns, and how their files are known."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowsentry.emit.enriched_columns import ENRICHED_COLUMNS
from stacks.analytics.named_query import ENRICHED_FLOWS
from stacks.analytics.rule_usage import RULE_USAGE, RULE_USAGE_COLUMNS


@dataclass(frozen=True)
class FileTable:
    """`columns` with their types in Athena; `needed` are those that every file of the table has, and other files lack.
    `has_start`: whether rows have the time at which they started; otherwise only the folder of a file tells its day.
    """

    content: str
    columns: Mapping[str, str]
    needed: tuple[str, ...]
    has_start: bool = False


FILE_TABLES: Mapping[str, FileTable] = {
    ENRICHED_FLOWS: FileTable(
        "enriched Parquet", ENRICHED_COLUMNS, ("start", "direction", "source_is_inside"), has_start=True
    ),
    RULE_USAGE: FileTable("Parquet of rule usage", RULE_USAGE_COLUMNS, ("rule_id", "alone_records")),
}
"""By the name of the table."""
