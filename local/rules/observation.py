"""Reads flow logs into the usage of the rules of an inventory, with what the logs could not show."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from flowsentry.enrich import enrich
from flowsentry.inventory.address_space import AddressSpace
from flowsentry.inventory.inventory import Inventory
from flowsentry.parse import flows_of
from flowsentry.rule_usage import RuleUsage, Usage
from local.reading.log_reading import LogReading


@dataclass
class Observation:
    """The usage that some logs show."""

    inventory: Inventory
    reading: LogReading

    @cached_property
    def _address_space(self) -> AddressSpace:
        return AddressSpace.of(self.inventory)

    @cached_property
    def _usage(self) -> RuleUsage:
        taken_at = self.inventory.rules.taken_at
        return RuleUsage(self._address_space, taken_at, taken_at)

    def read(self, paths: Iterable[str]) -> None:
        """Adds the records of all files there."""
        for records in self.reading.records_at(paths):
            self._usage.add(enrich(flows_of(records), self._address_space))

    def usage(self) -> Usage:
        """What each rule carried."""
        return self._usage.usage()

    @property
    def days(self) -> float:
        """The days that the records cover; 0 without any."""
        return self.reading.coverage.days
