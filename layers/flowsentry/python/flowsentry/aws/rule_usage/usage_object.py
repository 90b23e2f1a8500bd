"""Usage <-> bytes: the object that Athena reads, one for each day, and the unfinished state of a day."""

import io
import json
import zipfile
from collections import Counter
from typing import NamedTuple

import polars as pl

from flowsentry.rule_usage.usage import PEER_SUMS, RULE_SUMS, Usage

UNFINISHED_FORMAT = 1
"""Version of the unfinished state: another one is started anew."""
_RULES, _PEERS, _STATE = "rules.parquet", "peers.parquet", "state.json"


class Unfinished(NamedTuple):
    """The usage of the objects up to the key `cursor`."""

    usage: Usage
    cursor: str


def packed_report(usage: Usage) -> bytes:
    """What is reported of each rule, as Parquet."""
    return _parquet(usage.reported())


def packed(unfinished: Unfinished) -> bytes:
    """The state of a day that is not finished."""
    usage = unfinished.usage
    state = {"format": UNFINISHED_FORMAT, "cursor": unfinished.cursor, "share": usage.share, "counts": usage.counts}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as folder:
        folder.writestr(_RULES, _parquet(usage.rules))
        folder.writestr(_PEERS, _parquet(usage.peers))
        folder.writestr(_STATE, json.dumps(state))
    return content.getvalue()


def unpacked(data: bytes) -> Unfinished | None:
    """The state that `packed` wrote; None for one of another version, or anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as folder:
            state = json.loads(folder.read(_STATE))
            if state["format"] != UNFINISHED_FORMAT:
                return None
            rules = pl.read_parquet(folder.read(_RULES)).match_to_schema(RULE_SUMS)
            peers = pl.read_parquet(folder.read(_PEERS)).match_to_schema(PEER_SUMS)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, pl.exceptions.PolarsError):
        return None
    return Unfinished(Usage(rules, peers, float(state["share"]), Counter(state["counts"])), str(state["cursor"]))


def _parquet(rows: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    rows.write_parquet(content, compression="zstd")
    return content.getvalue()
