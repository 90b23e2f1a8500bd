"""The addresses at the other ends, by class: the busiest ones, and how many there are, in bounded memory.

Beyond the bound a sample by hash is kept: addresses whose hash is below a limit, which is halved until they fit, so
that the sample is fair, and parts merge in any order. The busiest addresses of each class are kept beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from flowsentry.rule_usage.classes import CLASS

MAX_PEERS = 400_000
"""Rows of (class, address), some 60 bytes each. More: more memory. Fewer: the number of peers of a busy rule is an
estimate sooner."""
BUSIEST = 16
"""Addresses of a class that are kept whatever their hash, by bytes. More: more memory. Fewer: in a sample, the busiest
peers are less certain."""
HASHES = 1 << 64


@dataclass(frozen=True, slots=True)
class Peers:
    """A row for each class and `address`, with `records` and `bytes`. `share` of all addresses are in the sample."""

    rows: pl.DataFrame
    share: float = 1.0


def merged_peers(parts: Sequence[pl.DataFrame], share: float = 1.0) -> Peers:
    """The peers of several parts, thinned to MAX_PEERS rows where there are more; `share` is the least of the parts."""
    rows = pl.concat(parts).group_by(*CLASS, "address").agg(pl.col("records", "bytes").sum())
    while len(rows) > MAX_PEERS and share > 1 / MAX_PEERS:
        share /= 2
        rows = rows.filter(
            is_sampled(share) | (pl.col("bytes").rank("ordinal", descending=True).over(CLASS) <= BUSIEST)
        )
    return Peers(rows, share)


def is_sampled(share: float) -> pl.Expr:
    """Whether an address is in the sample of this share: by the hash of its text, the same in every process."""
    return (
        pl.col("address").cast(pl.String).hash(seed=0) < int(share * (HASHES - 1)) if share < 1 else pl.lit(value=True)
    )
