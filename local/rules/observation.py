"""Reads flow logs into the usage of the rules of an inventory, with what the logs could not show."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flowsentry.enrich import enrich
from flowsentry.errors import PoisonError
from flowsentry.frames import Records
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import SECONDS_A_DAY, Inventory
from flowsentry.parse import flows_of
from flowsentry.rule_usage import RuleUsage, Usage
from local.log_files import LogSource
from local.parse_command import complain
from local.parsed_source import parsed_chunks


@dataclass
class Observation:
    """The usage that some logs show. `first` and `last` are the times of the records (Unix s), `skipped` counts
    SKIPDATA records and `unread` files that could not be read.
    """

    inventory: Inventory
    log_formats: Sequence[str] = ()
    sources: int = 0
    unread: int = 0
    skipped: int = 0
    first: int | None = None
    last: int | None = None

    @cached_property
    def _address_space(self) -> AddressSpace:
        return AddressSpace.of(self.inventory)

    @cached_property
    def _usage(self) -> RuleUsage:
        taken_at = self.inventory.rules.taken_at
        return RuleUsage(self._address_space, taken_at, taken_at)

    def read(self, source: LogSource) -> None:
        """Adds the records of a file. What is wrong with it is printed on stderr; what came before is kept."""
        self.sources += 1
        try:
            for parsed in parsed_chunks(source, self.log_formats):
                self._add(parsed.records)
        except (PoisonError, OSError) as error:
            self.unread += complain(f"{source.name}: {error}")

    def usage(self) -> Usage:
        """What each rule carried."""
        return self._usage.usage()

    @property
    def days(self) -> float:
        """The days between the first and the last record; 0 without any."""
        return (self.last - self.first) / SECONDS_A_DAY if self.first is not None and self.last is not None else 0.0

    def _add(self, records: Records) -> None:
        if "log_status" in records.columns:
            self.skipped += int((records["log_status"] == "SKIPDATA").sum() or 0)
        flows = flows_of(records)
        self._extend(flows["start"].min())
        self._extend(flows["end"].max())
        self._usage.add(enrich(flows, self._address_space))

    def _extend(self, at: object) -> None:
        if isinstance(at, int):
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)
