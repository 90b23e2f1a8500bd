"""Maps other spellings of field names to AWS's: with `_`, in upper case, without separators, or an alias."""

from collections.abc import Iterable
from functools import lru_cache

from flowsentry.records.fields import BY_NAME

ALIASES: dict[str, str] = {
    "account": "account-id",
    "sourceaddress": "srcaddr",
    "destinationaddress": "dstaddr",
    "sourceport": "srcport",
    "destinationport": "dstport",
    "numpackets": "packets",
    "numbytes": "bytes",
    "starttime": "start",
    "endtime": "end",
}
"""Other field names in AWS's documentation, without separators: the columns of Athena's first table for flow logs, and
the fields that CloudWatch Logs Insights discovers. Athena's partitions (`dt`, `day`) are no fields.

https://github.com/awsdocs/amazon-athena-user-guide/blob/main/doc_source/vpc-flow-logs.md,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""
_BY_SPELLING: dict[str, str] = {name.replace("-", ""): name for name in BY_NAME} | ALIASES


def _plain(spelling: str) -> str:
    return spelling.lower().replace("_", "-")


def _squashed(name: str) -> str:
    return name.replace("-", "")


@lru_cache(maxsize=1_024)
def name_of(spelling: str) -> str:
    """AWS's field name for a header name, column name or key: with `_` or in upper case (as Athena, Spark and Snowflake
    write it), without separators (`interfaceId`, as CloudWatch Logs Insights), or an alias (ALIASES).
    """
    plain = _plain(spelling)
    return plain if plain in BY_NAME else _BY_SPELLING.get(_squashed(plain), plain)


def names_of(spellings: Iterable[str]) -> tuple[str, ...]:
    """AWS's field names for these names, in order. An alias counts only if no other name already is that field: of
    `start` and `start_time`, the second is a separate field.
    """
    given = tuple(spellings)
    taken = set(map(_plain, given))
    return tuple(_untaken(spelling, taken) for spelling in given)


def _untaken(spelling: str, taken: set[str]) -> str:
    plain, name = _plain(spelling), name_of(spelling)
    if plain == name or name in taken:
        return plain
    taken.add(name)
    return name
