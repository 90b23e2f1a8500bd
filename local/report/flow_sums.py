"""Adds up the flows of a replay: by hour, by talker, by what refused them, and what AWS charges for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from flowsentry.explain.flows import EXPLANATION_COLUMNS, FlowExplainer
from flowsentry.frames import EnrichedFlows, Records
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.records.charged_paths import BilledPath
from flowsentry.records.second_records import is_second_record
from local.bill.bill import Bill
from local.reading.log_reading import Coverage
from local.report.bounded_sums import BoundedSums
from stacks.prices.meter import Quote

SECONDS_AN_HOUR = 3_600
MAX_HOURS = 20_000
"""Hours with records, two years. More: records of invented times fill the memory."""
MAX_TALKERS = 20_000
"""Owners and addresses that are told apart, some 10 MB. More: more memory. Fewer: of a network that the whole internet
calls, those with few bytes are only in the total."""
MAX_REFUSALS = 5_000
"""Ports and rules that refused. A port scan is 65,535 ports: those with one flow each are only in the total."""
BATCH = 50_000
"""Records of small chunks that are added up at once. More: more memory. Fewer: the fixed cost of a sum is paid more
often."""
RENEWED = 20
"""Batches after which rules are looked up afresh: an explainer takes only so many classes of refused flows. More: in a
long replay, later ones are of no known rule. Fewer: the same classes are explained more often, 0.1 ms each."""
_OWNER = ("address", "owner_id", "owner_name", "owner_kind")


def _hours() -> BoundedSums:
    return BoundedSums(("hour",), ("bytes", "flows", "refused"), MAX_HOURS, order=("flows",))


def _talkers() -> BoundedSums:
    amounts = ("bytes", "sent", "received", "refused")
    return BoundedSums(("who",), amounts, MAX_TALKERS, ("name", "kind"), order=("bytes", "refused"))


def _refusals() -> BoundedSums:
    return BoundedSums(("protocol", "port", *EXPLANATION_COLUMNS), ("flows",), MAX_REFUSALS)


@dataclass
class Sums:
    """Sums of flows. `hours` are by Unix second, `talkers` by the id of an owner, or an address without one, `refusals`
    of rejected flows by port and by what refused them.
    """

    bill: Bill
    hours: BoundedSums = field(default_factory=_hours)
    talkers: BoundedSums = field(default_factory=_talkers)
    refusals: BoundedSums = field(default_factory=_refusals)

    def add(self, flows: EnrichedFlows, explainer: FlowExplainer) -> None:
        """Adds flows with the same columns."""
        self.bill.add(flows)
        is_second = is_second_record(flows.columns).alias("is_second")
        narrow = flows.select("start", "bytes", "is_rejected", *_OF_ENDS, is_second)
        passed = narrow.filter(~pl.col("is_rejected") & ~pl.col("is_second"))
        self.hours.add(_by_hour(narrow))
        for end, amount in (("source", "sent"), ("destination", "received")):
            self.talkers.add(_by_talker(passed, end, pl.col("bytes").sum().alias(amount), pl.col("bytes").sum()))
        if flows["is_rejected"].any():
            refused = narrow.filter(pl.col("is_rejected"))
            self.talkers.add(_by_talker(refused, "source", pl.len().alias("refused")))
            explained = explainer.explained(flows).select(*_REFUSED_BY, "is_rejected").filter(pl.col("is_rejected"))
            self.refusals.add(explained.group_by(self.refusals.keys).agg(pl.len().alias("flows")))

    def merge(self, other: "Sums") -> None:
        """Adds the sums of other flows."""
        self.bill.merge(other.bill)
        self.hours.merge(other.hours)
        self.talkers.merge(other.talkers)
        self.refusals.merge(other.refusals)


_REFUSED_BY = [pl.col("protocol"), pl.col("dstport").alias("port"), *(pl.col(each) for each in EXPLANATION_COLUMNS)]
_OF_ENDS = [f"{end}_{name}" for end in ("source", "destination") for name in _OWNER]


def _by_hour(narrow: pl.DataFrame) -> pl.DataFrame:
    """Bytes that passed, flows, and rejected flows. A flow without a start is in no hour."""
    hour = (pl.col("start") // SECONDS_AN_HOUR * SECONDS_AN_HOUR).alias("hour")
    has_passed = ~pl.col("is_rejected") & ~pl.col("is_second")
    amounts = (
        pl.when(has_passed).then("bytes").otherwise(0).sum().alias("bytes"),
        (~pl.col("is_second")).sum().cast(pl.Int64).alias("flows"),
        pl.col("is_rejected").sum().cast(pl.Int64).alias("refused"),
    )
    return narrow.filter(pl.col("start").is_not_null()).group_by(hour).agg(amounts)


def _by_talker(flows: pl.DataFrame, end: str, *amounts: pl.Expr) -> pl.DataFrame:
    """Sums by the owner at this end, or by the address where the owner is unknown."""
    who = pl.coalesce(f"{end}_owner_id", f"{end}_address").alias("who")
    names = (pl.col(f"{end}_owner_{name}").first().alias(name) for name in ("name", "kind"))
    return flows.group_by(who).agg(*names, *amounts)


@dataclass
class FlowSums:
    """Sums of the flows of whole files: a store of flows for the pipeline. What `add` gets is pending until `commit`;
    `drop` forgets it, as when a file turns out to be unreadable, or a replay is stopped in the middle of one.
    """

    space: AddressSpace
    quotes: Mapping[BilledPath, Quote]
    whole: Sums = field(init=False)
    _few: list[EnrichedFlows] = field(default_factory=list)
    _pending: Sums | None = None
    _pending_few: list[EnrichedFlows] = field(default_factory=list)
    _pending_coverage: Coverage = field(default_factory=Coverage)

    def __post_init__(self) -> None:
        self.whole = Sums(Bill(self.quotes))
        self._explainer, self._explained = FlowExplainer(self.space), 0

    def add(self, records: Records, flows: EnrichedFlows) -> None:
        """Adds a chunk of records, and the flows among them."""
        self._pending_coverage.add(records)
        if len(flows):
            self._pending_few.append(flows)
        if sum(map(len, self._pending_few)) >= BATCH:
            self._pending = self._pending or Sums(Bill(self.quotes))
            self._add_up(self._pending_few, self._pending)
            self._pending_few = []

    def commit(self) -> None:
        """Keeps what was added since the last time."""
        self.whole.bill.coverage.merge(self._pending_coverage)
        if self._pending:
            self.whole.merge(self._pending)
        self._few += self._pending_few
        self.drop()
        if sum(map(len, self._few)) >= BATCH:
            self.settle()

    def drop(self) -> None:
        """Forgets what was added since the last commit."""
        self._pending, self._pending_few, self._pending_coverage = None, [], Coverage()

    def settle(self) -> Sums:
        """The sums of all flows that are kept."""
        self._add_up(self._few, self.whole)
        self._few = []
        return self.whole

    def _add_up(self, chunks: Iterable[EnrichedFlows], into: Sums) -> None:
        """Adds chunks, those with the same columns as one."""
        of_columns: dict[tuple[tuple[str, pl.DataType], ...], list[EnrichedFlows]] = {}
        for flows in chunks:
            of_columns.setdefault(tuple(flows.schema.items()), []).append(flows)
        for several in of_columns.values():
            into.add(EnrichedFlows(pl.concat(several, rechunk=True)), self._next_explainer())

    def _next_explainer(self) -> FlowExplainer:
        """One that has room for what is new, and knows what was explained lately."""
        self._explained += 1
        if self._explained % RENEWED == 0:
            self._explainer = FlowExplainer(self.space)
        return self._explainer
