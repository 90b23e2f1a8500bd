"""How others spell the names of fields: with `_`, in upper case, without what joins the words, or by another name."""

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
"""Other names of fields in AWS's documentation, without what joins their words: the columns of Athena's first table for
flow logs, and what CloudWatch Logs Insights discovers. Its partitions (`dt`, `day`) are no fields.

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
    """AWS's name of a field, in a header, of a column or as a key, that may be spelled with `_` or in upper case, as
    Athena, Spark and Snowflake do, without what joins its words (`interfaceId`, as CloudWatch Logs Insights does), or
    by another name that AWS's documentation has for it (ALIASES).
    """
    plain = _plain(spelling)
    return plain if plain in BY_NAME else _BY_SPELLING.get(_squashed(plain), plain)


def names_of(spellings: Iterable[str]) -> tuple[str, ...]:
    """AWS's names of fields that stand beside one another, in order. Another name counts only where no other of them is
    that field already: of `start` and `start_time`, the second is a field of its own.
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
