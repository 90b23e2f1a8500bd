"""Rows of members -> the few of them that evidence keeps in clear: IPv6 endpoints with their address, and from which
addresses of its /64 a source called.
"""

from collections.abc import Iterator, Mapping

import polars as pl

from flowsentry.findings.endpoint_addresses import in_clear
from flowsentry.findings.endpoints import HASHED, rank_of
from flowsentry.findings.evidence import IN_CLEAR, SET_SIZES, EvidenceKey, bottom
from flowsentry.inventory.source_address import interface_id_of

Sets = dict[str, frozenset[bytes]]
_KEY = ("source_scope", "source", "day")
_MOST = max(SET_SIZES[name] for name in IN_CLEAR.values())


def sets_in_clear(rows: pl.DataFrame) -> Mapping[EvidenceKey, Sets]:
    """By source and day, the sets of evidence that say addresses; nothing where all is IPv4. `rows` have a `member`
    each, in which `set` it is, and its `initiator` and `responder`.
    """
    found: dict[EvidenceKey, Sets] = {}
    for key, name, members in (*_responders(rows), *_initiators(rows)):
        found.setdefault(key, {})[name] = bottom(members, SET_SIZES[name])
    return found


def _responders(rows: pl.DataFrame) -> Iterator[tuple[EvidenceKey, str, list[bytes]]]:
    hashed = rows.filter(pl.col("member") >= HASHED)
    if hashed.is_empty():
        return
    name = pl.col("set").replace_strict(IN_CLEAR, return_dtype=pl.String)
    smallest = (
        hashed.select(*_KEY, name.alias("name"), "member", pl.col("responder").cast(pl.String))
        .unique([*_KEY, "name", "member"])
        .sort(rank_of(pl.col("member")))
        .group_by(*_KEY, "name")
        .agg(pl.col("member", "responder").head(_MOST))
    )
    for *key, clear, members, addresses in smallest.cast(dict.fromkeys(_KEY[:2], pl.String)).iter_rows():
        told = (in_clear(member, address) for member, address in zip(members, addresses, strict=True))
        yield EvidenceKey(*key), clear, [each for each in told if each is not None]


def _initiators(rows: pl.DataFrame) -> Iterator[tuple[EvidenceKey, str, list[bytes]]]:
    networks = rows.filter(pl.col("source") != pl.col("initiator"))
    if networks.is_empty():
        return
    called = networks.group_by(_KEY).agg(pl.col("initiator").unique().cast(pl.String))
    for *key, addresses in called.cast(dict.fromkeys(_KEY[:2], pl.String)).iter_rows():
        yield EvidenceKey(*key), "source_ids", [interface_id_of(address) for address in addresses]
