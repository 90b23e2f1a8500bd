"""Peers, the addresses at the other ends of a rule's traffic: the busiest, and how many there are, in bounded memory.

Beyond the bound a sample by hash is kept beside the busiest addresses of each rule: those whose hash is below a limit.
So the sample is fair, and parts merge in any order.
"""

import math
from collections.abc import Sequence

import polars as pl

MAX_PEERS = 400_000
"""Rows of (rule, address), some 40 bytes each. More: more memory. Fewer: the number of peers of a busy rule is an
estimate sooner."""
BUSIEST = 16
"""Addresses of a rule that are kept whatever their hash, by bytes. More: more memory. Fewer: beyond the bound, the
busiest peers are less certain."""
HASHES = 1 << 64


def added_peers(parts: Sequence[pl.DataFrame], key: Sequence[str], share: float) -> tuple[pl.DataFrame, float]:
    """The peers of these parts, added up by `key` (that of a rule) and `address`, with `records` and `bytes`; and the
    share of all addresses that is in the sample, at most `share`, the least of the parts.
    """
    rows = pl.concat(parts).group_by(*key, "address").agg(pl.col("records", "bytes").sum())
    if len(rows) > MAX_PEERS:
        share *= 0.5 ** math.ceil(math.log2(len(rows) / MAX_PEERS))
    if share == 1:
        return rows, share
    is_busy = pl.col("bytes").rank("ordinal", descending=True).over(key) <= BUSIEST
    return rows.filter(is_sampled(share) | is_busy), share


def is_sampled(share: float) -> pl.Expr:
    """Whether an address is in the sample of this share: by the hash of its text, the same in every process."""
    if share == 1:
        return pl.lit(value=True)
    return pl.col("address").cast(pl.String).hash(seed=0) < int(share * (HASHES - 1))
