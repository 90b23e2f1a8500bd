"""The report of a replay as plain values, which its text, its JSON and its page show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from flowsentry.records.code_names import protocol_name
from local.bill.bill import Bill, Charged, notes_of
from local.report.bounded_sums import BoundedSums
from local.report.flow_sums import Sums
from local.report.found import FindingSums, Listed, Section
from stacks.prices.meter import AS_OF, DAYS_A_MONTH

MAX_ROWS = 50
"""Rows of each table. More: a page that nobody reads to its end. Fewer: small ones are only in the total."""


class Reading(NamedTuple):
    """What was read: `first` and `last` are the Unix seconds that the records cover, None without any."""

    files: int
    not_read: int
    lines: Mapping[str, int]
    rejected: Mapping[str, int]
    first: int | None
    last: int | None
    days: float


class Talker(NamedTuple):
    """An owner, or an address whose owner is not known. `bytes` are those sent and received."""

    who: str
    name: str | None
    kind: str | None
    bytes: int
    sent: int
    received: int
    refused: int


class RefusedPort(NamedTuple):
    """Rejected flows to a port. `protocol` is a name."""

    protocol: str
    port: int | None
    flows: int


class RefusedBy(NamedTuple):
    """Rejected flows of a rule; all three are null for those of which the rule is not known."""

    layer: str | None
    by: str | None
    rule: str | None
    flows: int


class Hour(NamedTuple):
    """An hour: `hour` is its Unix second."""

    hour: int
    bytes: int
    flows: int
    refused: int


class Charges(NamedTuple):
    """What AWS charges for the traffic, at list prices of a Region. `paths` are dollars and bytes by path."""

    region: str
    as_of: str
    dollars: float
    dollars_a_day: float
    dollars_a_month: float
    bytes: int
    unknown_bytes: int
    paths: Sequence[tuple[str, int, float]]
    owners: Sequence[Charged]


class Findings(NamedTuple):
    """Findings of a section: how many of each severity, and the most severe ones."""

    section: Section
    counts: Mapping[str, int]
    listed: Sequence[Listed]

    @property
    def more(self) -> int:
        """Findings that are counted and not listed."""
        return sum(self.counts.values()) - len(self.listed)


@dataclass(frozen=True)
class Report:
    """Everything that a replay adds up to. The lists are the largest first, `hours` in order of time; `left_out` are
    the sums of talkers and refusals that were too many to be told apart.
    """

    reading: Reading
    findings: Sequence[Findings]
    suppressed: int
    bytes: int
    flows: int
    refused: int
    talkers: Sequence[Talker]
    refused_ports: Sequence[RefusedPort]
    refused_by: Sequence[RefusedBy]
    hours: Sequence[Hour]
    charges: Charges
    left_out: Mapping[str, Mapping[str, int]]
    notes: Sequence[str] = ()

    @property
    def found(self) -> int:
        """All findings that are not suppressed."""
        return sum(sum(each.counts.values()) for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        values = asdict(self)
        values["findings"] = {
            each.section: {"counts": dict(each.counts), "listed": [row._asdict() for row in each.listed]}
            for each in self.findings
        }
        for name in ("talkers", "refused_ports", "refused_by", "hours"):
            values[name] = [row._asdict() for row in getattr(self, name)]
        values["reading"] = self.reading._asdict()
        paths = [{"path": path, "bytes": size, "dollars": dollars} for path, size, dollars in self.charges.paths]
        owners = [row._asdict() for row in self.charges.owners]
        values["charges"] = self.charges._asdict() | {"paths": paths, "owners": owners}
        return values


def report_of(reading: Reading, sums: Sums, found: FindingSums, region: str, notes: Sequence[str] = ()) -> Report:
    """The report of what was read, summed up and found."""
    hours = sorted(Hour(int(row["hour"]), row["bytes"], row["flows"], row["refused"]) for row in sums.hours.values)
    refusals = sums.refusals.values
    total = {name: sum(getattr(each, name) for each in hours) for name in ("bytes", "flows", "refused")}
    return Report(
        reading=reading,
        findings=[Findings(each, found.counts[each], found.of(each)) for each in Section],
        suppressed=found.suppressed,
        **{name: amount + sums.hours.left_out.get(name, 0) for name, amount in total.items()},
        talkers=[Talker(**row) for row in sums.talkers.values[:MAX_ROWS]],
        refused_ports=_by_port(refusals),
        refused_by=_by_rule(refusals),
        hours=hours,
        charges=charges_of(sums.bill, region),
        left_out={"talkers": _left_out(sums.talkers), "refusals": _left_out(sums.refusals)},
        notes=[*notes, *notes_of(sums.bill)],
    )


def charges_of(bill: Bill, region: str) -> Charges:
    """The bill of the traffic."""
    rows = bill.charged
    paths = {path: [row for row in rows if row.path == path] for path in dict.fromkeys(row.path for row in rows)}
    return Charges(
        region=region,
        as_of=AS_OF,
        dollars=bill.dollars(bill.days),
        dollars_a_day=bill.dollars(1),
        dollars_a_month=bill.dollars(DAYS_A_MONTH),
        bytes=bill.bytes,
        unknown_bytes=bill.unknown_bytes,
        paths=[(path, sum(row.bytes for row in of), sum(row.dollars for row in of)) for path, of in paths.items()],
        owners=rows[:MAX_ROWS],
    )


def _by_port(refusals: Sequence[Mapping[str, Any]]) -> list[RefusedPort]:
    flows = Counter[tuple[str | None, str | None]]()
    for row in refusals:
        flows[row["protocol"], row["port"]] += row["flows"]
    return [
        RefusedPort(protocol_name(int(protocol)) if protocol else "unknown", int(port) if port else None, number)
        for (protocol, port), number in flows.most_common(MAX_ROWS)
    ]


def _by_rule(refusals: Sequence[Mapping[str, Any]]) -> list[RefusedBy]:
    flows = Counter[tuple[str | None, str | None, str | None]]()
    for row in refusals:
        flows[row["refused_layer"], row["refused_by"], row["refused_rule"]] += row["flows"]
    return [RefusedBy(*rule, number) for rule, number in flows.most_common(MAX_ROWS)]


def _left_out(sums: BoundedSums) -> dict[str, int]:
    return {name: amount for name, amount in sums.left_out.items() if amount}
