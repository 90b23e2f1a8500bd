"""Usage: what each rule carried, and whose; sums of several parts of a day, and of several days."""

from collections import Counter
from collections.abc import Sequence

import polars as pl
from msgspec import field

from flowsentry.rule_usage.peers import BUSIEST, added_peers, is_sampled
from flowsentry.rule_usage.rule_table import IDENTITY
from flowsentry.value import Value

ABOUT = ("resource_name", "vpc_id", "description")
SUMMED = ("records", "packets", "bytes", "alone_records", "possible_records")
OF_INTERFACES = ("interfaces", "interfaces_logged", "interfaces_seen")
RULE_SUMS = pl.Schema(
    {
        **IDENTITY,
        **dict.fromkeys(ABOUT, pl.String()),
        "is_resolved": pl.Boolean(),
        **dict.fromkeys((*OF_INTERFACES, *SUMMED), pl.Int64()),
        **dict.fromkeys(("first_seen", "last_seen", "in_force_from", "in_force_until"), pl.Int64()),
    }
)
"""A row for each rule. `records`, `packets` and `bytes` are what it allowed (an ACL entry that denies: what it
rejected); of these `alone_records` would have been refused without it, because no other rule allows them.
`possible_records` are those that it may have allowed, where the record can't tell: an ICMP type, a prefix list that is
not known, an address that may be in a referenced group, a connection that either end may have opened. `first_seen` and
`last_seen` are the times of `records`. `interfaces` have the rule; `interfaces_logged` of them have a flow log of
accepted traffic (null where that is not known), `interfaces_seen` had accepted records. The rule was in force from the
snapshot at `in_force_from` until the one at `in_force_until`. Times are Unix seconds."""
REPORTED = pl.Schema(
    {**RULE_SUMS, "peers": pl.Int64(), "busiest_peers": pl.String(), "peers_is_estimate": pl.Boolean()}
)
"""What is reported of a rule: `peers`, how many addresses were at the other end of its traffic (whether that
`is_estimate`), and `busiest_peers`, such as `10.0.0.9 12345` (address and bytes) with commas between."""
PEER_SUMS = pl.Schema({**IDENTITY, "address": pl.String(), "records": pl.Int64(), "bytes": pl.Int64()})
"""A row for each rule and address at the other end of its traffic: for inbound rules the sources, for outbound rules
the destinations."""
BUSIEST_NAMED = 5
"""Peers that a rule is reported with. More: longer rows. Fewer: the one that must be asked may be missing."""


class Usage(Value, frozen=True):
    """`rules` with RULE_SUMS, `peers` with PEER_SUMS (a sample of `share` of the addresses beside the busiest), and
    `counts` of accepted records: `accepted`, and those without a rule of a security group by reason.
    """

    rules: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RULE_SUMS))
    peers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PEER_SUMS))
    share: float = 1.0
    counts: Counter[str] = field(default_factory=Counter)

    def reported(self) -> pl.DataFrame:
        """The rows of REPORTED, in the order of IDENTITY."""
        key = list(IDENTITY)
        busiest = self.peers.sort("bytes", "address", descending=[True, False]).group_by(key, maintain_order=True)
        named = pl.concat_str("address", pl.col("bytes").cast(pl.String), separator=" ")
        sampled = pl.col("address").filter(is_sampled(self.share)).len() / self.share
        totals = busiest.agg(
            pl.max_horizontal(pl.len(), sampled.round()).cast(pl.Int64).alias("peers"),
            named.head(BUSIEST_NAMED).str.join(", ").alias("busiest_peers"),
        )
        is_estimate = (pl.col("peers") > BUSIEST) & (self.share < 1)
        return (
            self.rules.join(totals, on=key, how="left")
            .with_columns(pl.col("peers").fill_null(0), pl.col("busiest_peers").fill_null(""))
            .with_columns(is_estimate.alias("peers_is_estimate"))
            .select(list(REPORTED))
            .sort(key)
        )


def added(usages: Sequence[Usage]) -> Usage:
    """The usage of several parts that have no record in common, in any order: of a day, or of several days."""
    share = min((each.share for each in usages), default=1.0)
    counts: Counter[str] = Counter()
    for each in usages:
        counts.update(each.counts)
    rows = pl.concat([pl.DataFrame(schema=RULE_SUMS), *(each.rules for each in usages)])
    rows = rows.sort("in_force_until", maintain_order=True)
    summed = rows.group_by(list(IDENTITY), maintain_order=True).agg(
        pl.col(ABOUT).last(),
        pl.col("is_resolved").min(),
        pl.col(OF_INTERFACES).max(),
        pl.col(SUMMED).sum(),
        pl.col("first_seen", "in_force_from").min(),
        pl.col("last_seen", "in_force_until").max(),
    )
    peers, share = added_peers(
        [pl.DataFrame(schema=PEER_SUMS), *(each.peers for each in usages)], list(IDENTITY), share
    )
    return Usage(summed.select(list(RULE_SUMS)), peers.select(list(PEER_SUMS)), share, counts)
