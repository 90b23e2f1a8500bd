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
from flowsentry.rule_usage.peers import added_peers
from flowsentry.rule_usage.rule_interfaces import with_interfaces
from flowsentry.rule_usage.rule_table import IDENTITY, RuleTable
from flowsentry.rule_usage.usage import PEER_SUMS, RULE_SUMS, SUMMED, Usage, added

__all__ = ["RuleUsage", "Usage", "added"]

MAX_CLASSES = 500_000
"""Rows of classes and of their peers that are held until they are compared with rules. More: more memory. Fewer: the
same classes are compared more often."""


class RuleUsage:
    """Adds up the records of a time in which the rules did not change, in any order. Memory follows the number of rules
    and of their peers, which is bounded (see peers.py), and not the number of records.

    `since` and `until` (Unix s) are the times of the first and the last snapshot with these rules.
    """

    def __init__(self, address_space: AddressSpace, since: int = 0, until: int = 0) -> None:
        self._address_space, self._since, self._until = address_space, since, until
        self._table = RuleTable.of(address_space.inventory.rules)
        self._parts: list[Part] = []
        self._sums, self._peers = pl.DataFrame(schema=_SUMS), pl.DataFrame(schema=_PEERS)
        self._seen = pl.DataFrame(schema={"interface_id": pl.Categorical()})
        self._share, self._rows = 1.0, 0
        self._counts: Counter[str] = Counter()

    def add(self, flows: EnrichedFlows) -> None:
        """Adds the records of a chunk. A connection is told by its own records of the same chunk only."""
        self._counts["accepted"] += int((~flows["is_rejected"]).sum())
        part = classes_of(flows, self._address_space, self._table)
        self._parts.append(part)
        self._rows += len(part.peers)
        if self._rows > MAX_CLASSES:
            self._compare()

    def usage(self) -> Usage:
        """What each rule carried, the rules without any traffic too. More records may be added afterwards."""
        self._compare()
        inventory = self._address_space.inventory
        rules = with_interfaces(self._table, inventory, self._seen["interface_id"]).join(
            self._sums, on="rule", how="left"
        )
        times = {"in_force_from": self._since, "in_force_until": self._until}
        known = rules.with_columns(
            *(pl.lit(at, pl.Int64).alias(name) for name, at in times.items()), pl.col(SUMMED).fill_null(0)
        )
        named = self._peers.join(self._table.described.select("rule", *IDENTITY), on="rule")
        peers = named.with_columns(pl.col("address").cast(pl.String)).select(list(PEER_SUMS))
        return Usage(known.select(list(RULE_SUMS)), peers, self._share, Counter(self._counts))

    def _compare(self) -> None:
        """Compares the classes that were held with the rules, and holds the sums of rules instead."""
        if not self._parts:
            return
        parts, self._parts, self._rows = self._parts, [], 0
        for part in parts:
            self._counts += Counter(part.unjudged)
        classes = added_up([part.classes for part in parts]).with_row_index("class")
        by_group = group_matches(classes, self._table)
        matches = _counted(classes, by_group, acl_matches(classes, self._table))
        self._counts += _without_rule(classes, by_group)
        self._sums = _added_sums([self._sums, _sums(classes, matches)])
        self._peers, self._share = added_peers([self._peers, _peers(classes, matches, parts)], ["rule"], self._share)
        self._seen = pl.concat([self._seen, *(part.interfaces for part in parts)]).unique()


_SUMS = pl.Schema(
    {"rule": pl.UInt32(), **dict.fromkeys((*SUMMED, "first_seen", "last_seen"), pl.Int64())},
)
_PEERS = pl.Schema({"rule": pl.UInt32(), "address": pl.Categorical(), "records": pl.Int64(), "bytes": pl.Int64()})


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
    sums = matched.group_by("rule").agg(
        pl.col(SUMS).filter(certain).sum(),
        pl.col("records").filter(alone).sum().alias("alone_records"),
        pl.col("records").filter(~certain).sum().alias("possible_records"),
        pl.col("first_seen").filter(certain).min(),
        pl.col("last_seen").filter(certain).max(),
    )
    return sums.select(list(_SUMS))


def _added_sums(parts: list[pl.DataFrame]) -> pl.DataFrame:
    times = (pl.col("first_seen").min(), pl.col("last_seen").max())
    return pl.concat(parts).group_by("rule").agg(pl.col(SUMMED).sum(), *times)


def _peers(classes: pl.DataFrame, matches: pl.DataFrame, parts: list[Part]) -> pl.DataFrame:
    """The far addresses of each rule's traffic."""
    certain = matches.filter("is_certain").select("class", "rule")
    by_class = pl.concat([part.peers for part in parts]).join(
        classes.select(*CLASS, "class"), on=CLASS, nulls_equal=True
    )
    by_rule = by_class.join(certain, on="class").group_by("rule", "address").agg(pl.col("records", "bytes").sum())
    return by_rule.select(list(_PEERS))
