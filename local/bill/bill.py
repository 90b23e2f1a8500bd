"""The traffic bill of flow logs: bytes and dollars by owner and path, and what the logs can't tell."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from flowsentry.emit.log_lines.charges import charged_bytes
from flowsentry.frames import ChargeSums, EnrichedFlows
from flowsentry.records.charged_paths import UNKNOWN_PATH, BilledPath
from flowsentry.records.fields import is_of_transit_gateway
from flowsentry.records.missing_fields import MissingField, missing_for_bill
from flowsentry.traffic_bill import measure_charges
from local.reading.log_reading import Coverage
from stacks.prices.meter import BYTES_IN_GB, DAYS_A_MONTH, DEFAULT_REGION, Quote
from stacks.prices.traffic import FREE_INTERNET_GB, has_quotes_of

MIN_DAYS = 1 / 24


class Charged(NamedTuple):
    """What one owner causes on one path; `dollars` at the average price of the path."""

    path: str
    owner: str
    kind: str
    id: str
    bytes: int
    dollars: float


_Sums = dict[tuple[str, str, str, str], Counter[str]]
"""By path, and name, kind and id of the owner."""
MAX_WAITING_ROWS = 20_000
"""Sums of chunks that are held until those of the same owner are added up. More: more memory. Fewer: the same sums are
added up more often."""


@dataclass
class OwnerCharges:
    """What each owner causes on each path, as the sum of chunks."""

    _sums: _Sums = field(default_factory=dict)
    _waiting: list[pl.DataFrame] = field(default_factory=list)

    def add(self, charges: ChargeSums) -> None:
        """Adds a chunk."""
        if len(charges):
            self._waiting.append(charges)
        if sum(map(len, self._waiting)) > MAX_WAITING_ROWS:
            self.settle()

    def merge(self, other: "OwnerCharges") -> None:
        """Adds the sums of others."""
        self.add_sums(other.settle())

    def add_sums(self, sums: _Sums) -> None:
        """Adds sums by owner."""
        for key, each in sums.items():
            self._sums.setdefault(key, Counter()).update(each)

    def settle(self) -> _Sums:
        """The sums of all chunks."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.add_sums(dict(_by_owner(pl.concat(waiting))))
        return self._sums


@dataclass
class Bill:
    """Sums of the flow logs that were added. `quotes` are for a GB that passes once on a path, `coverage` is the time
    that the logs cover.
    """

    quotes: Mapping[BilledPath, Quote]
    coverage: Coverage = field(default_factory=Coverage)
    bytes: int = 0
    notes: dict[MissingField, None] = field(default_factory=dict)
    has_gateway_logs: bool = False
    of_vpcs: OwnerCharges = field(default_factory=OwnerCharges)
    of_gateways: OwnerCharges = field(default_factory=OwnerCharges)

    def add(self, flows: EnrichedFlows) -> None:
        """Adds a chunk."""
        self.bytes += int(flows["bytes"].sum())
        is_of_gateway = is_of_transit_gateway(flows.columns)
        self.has_gateway_logs |= is_of_gateway and len(flows) > 0
        self.notes |= dict.fromkeys(missing_for_bill(flows.columns))
        (self.of_gateways if is_of_gateway else self.of_vpcs).add(measure_charges(flows))

    def merge(self, other: "Bill") -> None:
        """Adds another bill of the same quotes."""
        self.bytes += other.bytes
        self.notes |= other.notes
        self.has_gateway_logs |= other.has_gateway_logs
        self.coverage.merge(other.coverage)
        self.of_vpcs.merge(other.of_vpcs)
        self.of_gateways.merge(other.of_gateways)

    @property
    def _sums(self) -> _Sums:
        """All sums. Where logs of a transit gateway were added, the interfaces of its attachments in VPCs do not count:
        they log the same bytes.
        """
        if not self.has_gateway_logs:
            return self.of_vpcs.settle()
        of_vpcs = {key: sums for key, sums in self.of_vpcs.settle().items() if key[0] != "transit_gateway"}
        added = OwnerCharges()
        added.add_sums(of_vpcs)
        added.merge(self.of_gateways)
        return added.settle()

    @property
    def days(self) -> float:
        """The days that the records cover, without those of which there is no record, and at least one hour's worth, so
        that a minute is not extrapolated to a month as if nothing else happened in it.
        """
        return max(self.coverage.days, MIN_DAYS)

    @property
    def charged(self) -> list[Charged]:
        """What each owner causes on each path, the most dollars first."""
        prices = {path: self._average(path) for path in self.quotes}
        rows = [
            Charged(*key, sums["bytes"], charged_bytes(sums) / BYTES_IN_GB * price)
            for key, sums in self._sums.items()
            for path, price in prices.items()
            if path == key[0]
        ]
        return sorted(rows, key=lambda row: (-row.dollars, -row.bytes, row.path, row.owner, row.id))

    @property
    def unknown_bytes(self) -> int:
        """Bytes of records that can't tell on which paths they are charged."""
        return sum(sums["bytes"] for key, sums in self._sums.items() if key[0] == UNKNOWN_PATH)

    def charged_gb(self, path: BilledPath) -> float:
        """GB of a path; those between zones for which only one end pays count half."""
        return sum(charged_bytes(sums) for key, sums in self._sums.items() if key[0] == path) / BYTES_IN_GB

    def dollars(self, days: float) -> float:
        """Dollars for as many days with the same traffic; tiers and what is free are those of a month."""
        return sum(self._dollars_of(path) for path in self.quotes) * days / DAYS_A_MONTH

    def _dollars_of(self, path: BilledPath) -> float:
        """Dollars of a path in a month of this traffic."""
        month = self.charged_gb(path) * DAYS_A_MONTH / self.days
        if path != "internet":
            return self.quotes[path].dollars(month)
        return self.quotes[path].dollars(month) - self.quotes[path].dollars(min(month, FREE_INTERNET_GB))

    def _average(self, path: BilledPath) -> float:
        """Dollars for a GB of a path, tiers and free GB of a month shared out evenly."""
        month = self.charged_gb(path) * DAYS_A_MONTH / self.days
        return self._dollars_of(path) / month if month else self.quotes[path].usd


def _by_owner(charges: pl.DataFrame) -> Iterator[tuple[tuple[str, str, str, str], Counter[str]]]:
    """The key of each owner and path, with its bytes and those of them that are charged at one end only."""
    owner = ("path", "owner_id", "owner_kind", "owner_name")
    sums = charges.group_by(owner).agg(pl.col("bytes", "bytes_at_one_end").sum())
    for row in sums.with_columns(pl.col(*owner).cast(pl.String)).iter_rows(named=True):
        key = (row["path"], row["owner_name"] or "", row["owner_kind"] or "", row["owner_id"] or "")
        yield key, Counter(bytes=row["bytes"], bytes_at_one_end=row["bytes_at_one_end"])


def notes_of(bill: Bill) -> Iterator[str]:
    """What the logs can't tell, a sentence each."""
    if bill.has_gateway_logs:
        yield "logs of transit gateways were read: what enters them counts there, and not at interfaces in VPCs"
    if bill.unknown_bytes:
        share = 100 * bill.unknown_bytes / bill.bytes
        yield f"{share:.1f} % of the logged bytes have no known path, and are not in the bill"
    yield from (str(each) for each in bill.notes)


def note_on_prices(region: str) -> Iterator[str]:
    """A sentence where no list price of the Region is known; none for any other."""
    if not has_quotes_of(region):
        yield f"no list price of {region} is known: those of {DEFAULT_REGION} are used"
