"""EnrichedFlows -> Usage: which rules of security groups and which entries of network ACLs carried traffic.

Counted are accepted records, once for each rule that would have allowed them by the rules of one snapshot. Reading a
record costs the same whatever the number of rules: chunks become classes of records that all rules treat alike (see
classes.py), and only classes are compared with rules.
"""

from collections import Counter

import polars as pl

from flowsentry.frames import EnrichedFlows
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.rule_usage.acl_matches import acl_matches
from flowsentry.rule_usage.classes import CLASS, SUMS, Part, added_up, classes_of
from flowsentry.rule_usage.group_matches import group_matches
from flowsentry.rule_usage.peers import Peers, merged_peers
from flowsentry.rule_usage.rule_interfaces import with_interfaces
from flowsentry.rule_usage.rule_table import IDENTITY, RuleTable
from flowsentry.rule_usage.usage import PEER_SUMS, RULE_SUMS, Usage, added

__all__ = ["RuleUsage", "Usage", "added"]

MAX_UNMERGED_ROWS = 500_000
"""Rows of classes and peers that are held until they are added up. More: more memory. Fewer: the same are added up more
often."""


class RuleUsage:
    """Adds up the records of a time in which the rules did not change, in any order. Memory follows the number of
    classes and of peers, which is bounded (see peers.py).

    `since` and `until` (Unix s) are the times of the first and the last snapshot with these rules.
    """

    def __init__(self, address_space: AddressSpace, since: int = 0, until: int = 0) -> None:
        self._address_space, self._since, self._until = address_space, since, until
        self._table = RuleTable.of(address_space.inventory.rules)
        self._classes: list[pl.DataFrame] = []
        self._peers: list[pl.DataFrame] = []
        self._seen: list[pl.DataFrame] = []
        self._share, self._rows = 1.0, 0
        self._counts: Counter[str] = Counter()

    def add(self, flows: EnrichedFlows) -> None:
        """Adds the records of a chunk. A connection is told by its own records of the same chunk only."""
        self._counts["accepted"] += int((~flows["is_rejected"]).sum())
        part = classes_of(flows, self._address_space, self._table.boundaries)
        self._keep(part)
        if self._rows > MAX_UNMERGED_ROWS:
            self._merge()

    def usage(self) -> Usage:
        """What each rule carried, the rules without any traffic too. More records may be added afterwards."""
        if not self._classes:
            return Usage(_with_sums(self._described(), None), counts=Counter(self._counts))
        peers = self._merge()
        classes = self._classes[0].with_row_index("class")
        by_group = group_matches(classes, self._table)
        matches = _counted(classes, by_group, acl_matches(classes, self._table))
        return Usage(
            _with_sums(self._described(), _sums(classes, matches)),
            self._peers_by_rule(classes, matches, peers),
            self._share,
            self._counts + _without_rule(classes, by_group),
        )

    def _keep(self, part: Part) -> None:
        self._classes.append(part.classes)
        self._peers.append(part.peers)
        self._seen.append(part.interfaces)
        self._rows += len(part.classes) + len(part.peers)
        self._counts.update({name: count for name, count in part.unjudged.items() if count})

    def _merge(self) -> Peers:
        peers = merged_peers(self._peers, self._share)
        self._classes, self._peers, self._share = [added_up(self._classes)], [peers.rows], peers.share
        self._seen = [pl.concat(self._seen).group_by("interface_id").agg(pl.col("records").sum())]
        self._rows = 0
        return peers

    def _described(self) -> pl.DataFrame:
        seen = pl.concat(self._seen)["interface_id"] if self._seen else pl.Series(dtype=pl.Categorical)
        return with_interfaces(self._table, self._address_space.inventory, seen).with_columns(
            pl.lit(self._since, pl.Int64).alias("in_force_from"), pl.lit(self._until, pl.Int64).alias("in_force_until")
        )

    def _peers_by_rule(self, classes: pl.DataFrame, matches: pl.DataFrame, peers: Peers) -> pl.DataFrame:
        certain = matches.filter("is_certain").select("class", "rule")
        numbered = peers.rows.join(classes.select(*CLASS, "class"), on=CLASS, nulls_equal=True)
        by_rule = numbered.join(certain, on="class").group_by("rule", "address").agg(pl.col("records", "bytes").sum())
        named = by_rule.join(self._table.described.select("rule", *IDENTITY), on="rule")
        return named.with_columns(pl.col("address").cast(pl.String)).select(list(PEER_SUMS))


def _counted(classes: pl.DataFrame, by_group: pl.DataFrame, by_acl: pl.DataFrame) -> pl.DataFrame:
    """The matches that count: of rules of groups with what was accepted, and of ACL entries with that and with what
    they rejected. What a group refused on its way out never reached the ACL.
    """
    accepted = classes.filter(~pl.col("is_rejected"))
    may_leave = classes.filter(~(pl.col("is_rejected") & pl.col("is_egress")) | (pl.col("near_groups") == ""))
    reaches = pl.concat([may_leave["class"], by_group["class"]]).unique().to_frame()
    return pl.concat([by_group.join(accepted, on="class", how="semi"), by_acl.join(reaches, on="class", how="semi")])


def _without_rule(classes: pl.DataFrame, by_group: pl.DataFrame) -> Counter[str]:
    """The accepted records that count for no rule of a security group, by reason."""
    accepted, has_groups = classes.filter(~pl.col("is_rejected")), pl.col("near_groups") != ""
    unmatched = accepted.filter(has_groups).join(by_group, on="class", how="anti")
    without_group = accepted.filter(~has_groups)
    return +Counter(
        {
            "without_security_group": int(without_group["records"].sum()),
            "no_known_rule": int(unmatched["records"].sum()),
        }
    )


def _sums(classes: pl.DataFrame, matches: pl.DataFrame) -> pl.DataFrame:
    """What each rule carried."""
    certain, alone = pl.col("is_certain"), pl.col("is_alone")
    matched = matches.join(classes.select("class", *SUMS, "first_seen", "last_seen"), on="class")
    return matched.group_by("rule").agg(
        pl.col(SUMS).filter(certain).sum(),
        pl.col("records").filter(alone).sum().alias("alone_records"),
        pl.col("records").filter(~certain).sum().alias("possible_records"),
        pl.col("first_seen").filter(certain).min(),
        pl.col("last_seen").filter(certain).max(),
    )


def _with_sums(rules: pl.DataFrame, sums: pl.DataFrame | None) -> pl.DataFrame:
    """The rules with RULE_SUMS; zero where they carried nothing."""
    if sums is not None:
        rules = rules.join(sums, on="rule", how="left")
    counted = ("records", "packets", "bytes", "alone_records", "possible_records")
    given = [
        (pl.col(name) if name in rules.columns else pl.lit(None, type_)).cast(type_).alias(name)
        for name, type_ in RULE_SUMS.items()
    ]
    return rules.select(given).with_columns(pl.col(counted).fill_null(0))
