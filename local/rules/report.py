"""What `flowsentry rules` prints: each rule with what it carried, and why a rule without traffic may still be used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from flowsentry.emit.plain_text import plain
from flowsentry.rule_usage import Usage
from local.rules.observation import Observation

Row = Mapping[str, Any]
MAX_LETTERS = 200
"""Of a name or a description. Longer: a line that cannot be read. Shorter: names are cut."""
UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


@dataclass(frozen=True)
class Report:
    """The usage of some logs, of which `days` are asked for."""

    observation: Observation
    usage: Usage
    days: int

    def rows(self, *, is_unused_only: bool) -> list[Row]:
        """The rules with their columns, `is_unused` and `doubts`."""
        rows = [dict(row) for row in self.usage.reported().iter_rows(named=True)]
        judged: list[Row] = [row | {"is_unused": is_unused(row), "doubts": list(self.doubts(row))} for row in rows]
        return [row for row in judged if row["is_unused"]] if is_unused_only else judged

    def doubts(self, row: Row) -> Iterator[str]:
        """Why a rule without traffic may be used all the same; for one with traffic, nothing."""
        if row["records"]:
            return
        if row["possible_records"]:
            yield f"{row['possible_records']:,} records may have been allowed by it: the records can't tell"
        if round(self.observation.days, 1) < self.days:
            yield f"the logs cover {_days(self.observation.days)}, fewer than {self.days} days"
        if not row["is_resolved"]:
            yield f"the entries of {row['peer']} are not known"
        if not row["interfaces"]:
            yield "no interface has it, so nothing can be seen of it"
        elif (missing := row["interfaces"] - row["interfaces_seen"]) > 0:
            yield f"{missing} of its {row['interfaces']} interfaces have no accepted records"
        logged = row["interfaces_logged"]
        if logged is not None and logged < row["interfaces"]:
            yield f"{row['interfaces'] - logged} of its interfaces have no flow log of accepted traffic"

    def lines(self, *, is_unused_only: bool) -> Iterator[str]:
        """The rules by their security groups and network ACLs."""
        rows = self.rows(is_unused_only=is_unused_only)
        for (resource_id, name, vpc_id), some in groupby(
            rows, lambda row: (row["resource_id"], row["resource_name"], row["vpc_id"])
        ):
            yield plain(" ".join(each for each in (resource_id, name, f"({vpc_id})") if each), MAX_LETTERS)
            for row in some:
                yield f"  {_rule(row)}: {_use(row)}"
                yield from (f"      but {doubt}" for doubt in row["doubts"])

    def summary(self) -> Iterator[str]:
        """What was read, and what it can't show."""
        seen, counts = self.observation, self.usage.counts
        yield f"read {seen.reading.sources:,} files: {counts['accepted']:,} accepted records in {_days(seen.days)}"
        taken_at = seen.inventory.rules.taken_at
        if taken_at:
            yield f"judged by the rules of {_moment(taken_at)}; rules that were changed before count as they are now"
        for name, meaning in UNJUDGED.items():
            if counts[name]:
                yield f"{counts[name]:,} accepted records {meaning}"
        yield from seen.reading.gaps()
        yield "closing a rule whose `alone` is 0 refuses nothing that was seen here, if no other rule is closed with it"


UNJUDGED = {
    "without_security_group": "are of interfaces without security groups",
    "unknown_interface": "are of interfaces that the inventory does not have, or of no interface",
    "unknown_direction": "do not show their direction",
    "no_known_rule": "are allowed by no rule of the inventory: rules have changed, or the connections are older",
}


def is_unused(row: Row) -> bool:
    """Whether no record shows, or may show, that the rule carried traffic."""
    return not row["records"] and not row["possible_records"]


def _rule(row: Row) -> str:
    """`inbound allow tcp/443 from 0.0.0.0/0 (sgr-0abc, "web")`."""
    preposition = "from" if row["direction"] == "inbound" else "to"
    words = f"{row['direction']} {row['action']} {row['traffic']} {preposition} {row['peer']}"
    about = ", ".join(each for each in (row["rule_id"], row["description"]) if each)
    return plain(f"{words} ({about})" if about else words, MAX_LETTERS)


def _use(row: Row) -> str:
    if not row["records"]:
        return "no traffic" if is_unused(row) else "perhaps no traffic"
    verb = "rejected" if row["action"] == "deny" else "records"
    peers = f"{'about ' if row['peers_is_estimate'] else ''}{row['peers']:,} peers"
    return (
        f"{row['records']:,} {verb}, {_size(row['bytes'])}, alone {row['alone_records']:,}, "
        f"last {_moment(row['last_seen'])}, {peers}: {_busiest(row['busiest_peers'])}"
    )


def _busiest(text: str) -> str:
    """`10.0.0.9 (12 kB), …` of `10.0.0.9 12345, …`."""
    pairs = (each.rpartition(" ") for each in text.split(", "))
    return ", ".join(f"{address} ({_size(int(size))})" for address, _, size in pairs)


def _size(number: int) -> str:
    for unit, size in UNITS:
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} B"


def _days(days: float) -> str:
    return f"{days:.1f} days" if days >= 1 else f"{days * 24:.1f} hours"


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
