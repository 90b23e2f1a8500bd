"""What an hour of few and of many network interfaces takes: time, calls, queues and dollars by the record."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from local.cost.lines import MB_OF_GB, Line, Plan, billed_seconds, of_aws, through_cloudwatch, through_s3, total
from local.cost.measured import Measured, Sample
from local.cost.volume import MINUTES, OBJECT_MINUTES, Volume
from stacks.prices.meter import BYTES_IN_GB, GB_IN_TB
from stacks.settings.operation import OperationSettings

FILE = Path(__file__).with_name("load.json")
S3, SUBSCRIPTION, KINESIS = "s3", "subscription", "kinesis"
WAYS = {S3: "objects of S3", SUBSCRIPTION: "payloads, subscribed", KINESIS: "payloads through Kinesis"}
DEFAULTS = OperationSettings()
MOST_SLOPE = 1.05
"""How many times as much of time, calls and dollars a record may take as with a hundred interfaces."""


@dataclass(frozen=True, slots=True)
class Load:
    """One way in with so many interfaces that have so many records a minute each. The sample is the mean object,
    payload, or batch of payloads: what an invocation takes.
    """

    way: str
    interfaces: int
    records_a_minute: int
    sample: Sample

    @property
    def milliseconds(self) -> float:
        """Processor time of a thousand records."""
        return self.sample.milliseconds / self.sample.records * 1e3

    def calls(self, service: str) -> float:
        """Calls of a service for a thousand records."""
        calls = sum(count for name, count in self.sample.calls.items() if name.startswith(f"{service}:"))
        return calls / self.sample.records * 1e3

    def gb_seconds(self, plan: Plan) -> float:
        """Billed GB-seconds of a million records."""
        return self._billed(plan) * self._memory(plan) / MB_OF_GB / self.sample.records * 1e6

    def drain_seconds(self, plan: Plan) -> float:
        """How long the queue of what arrives at once takes: objects of five minutes, or payloads of a minute."""
        at_once = {
            S3: DEFAULTS.at_once.objects,
            SUBSCRIPTION: DEFAULTS.lambda_concurrency,
            KINESIS: plan.shards * DEFAULTS.at_once.payload_batches,
        }
        minutes = OBJECT_MINUTES if self.way == S3 else 1
        number = self.records(minutes) / self.sample.records
        return self._billed(plan) * math.ceil(number / at_once[self.way])

    def records(self, minutes: float) -> float:
        """Records of all interfaces in so many minutes."""
        return minutes * self.interfaces * self.records_a_minute

    def gigabytes(self, given: Measured) -> float:
        """GB of text in a month."""
        return self.records(MINUTES) * given.extended_format.text_bytes / BYTES_IN_GB

    def lines(self, given: Measured, plan: Plan) -> list[Line]:
        """The bill of a month of this load."""
        volume = Volume(self.gigabytes(given), self.interfaces)
        if self.way == S3:
            return through_s3(volume, replace(given, objects=_around(given.objects[0], self.sample)), plan)
        if self.way == SUBSCRIPTION:
            given = replace(given, payloads=_around(given.payloads[0], self.sample))
        else:
            given = replace(given, payload_batches=_around(given.payload_batches[0], self.sample))
        return through_cloudwatch(volume, given, replace(plan, kinesis=self.way == KINESIS))

    def dollars(self, given: Measured, plan: Plan) -> float:
        """Dollars of a TB, without what AWS charges for the flow logs themselves."""
        lines = self.lines(given, plan)
        return (total(lines) - of_aws(lines)) / self.gigabytes(given) * GB_IN_TB

    def dollars_of_interfaces(self, given: Measured, plan: Plan) -> float:
        """Dollars a month of 100 interfaces, all lines together."""
        return total(self.lines(given, plan)) / self.interfaces * 100

    def _billed(self, plan: Plan) -> float:
        return billed_seconds(self.sample, self._memory(plan))

    def _memory(self, plan: Plan) -> int:
        return plan.object_memory_mb if self.way == S3 else plan.stream_memory_mb


def _around(small: Sample, sample: Sample) -> tuple[Sample, Sample]:
    """Samples between which one of this size is exactly this one."""
    return replace(small, records=0), sample


@dataclass(frozen=True, slots=True)
class Slope:
    """How many times as much a record takes as with the fewest interfaces."""

    time: float
    calls: float
    dollars: float


@dataclass(frozen=True, slots=True)
class Loads:
    """All loads of a run, each way in by the number of interfaces, fewest first."""

    measured_on: str
    records_a_minute: int
    loads: tuple[Load, ...]

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """The figures that `campaigns.load` wrote."""
        fastest = min(each["work_milliseconds"] for each in figures["loads"])
        return cls(
            figures["measured_on"],
            figures["records_a_minute"],
            tuple(
                _load_of(each, figures["records_a_minute"], fastest / each["work_milliseconds"])
                for each in figures["loads"]
            ),
        )

    def slope(self, load: Load, given: Measured, plan: Plan) -> Slope:
        """Of one load."""
        one = next(each for each in self.loads if each.way == load.way)
        return Slope(
            load.milliseconds / one.milliseconds,
            max(_ratio(load.calls(each), one.calls(each)) for each in ("dynamodb", "s3")),
            load.dollars(given, plan) / one.dollars(given, plan),
        )

    def rows(self, given: Measured, plan: Plan) -> Iterator[tuple[str, ...]]:
        """The cells of a table with HEADER, a row for each way in and number of interfaces."""
        for load in self.loads:
            slope = self.slope(load, given, plan)
            yield (
                WAYS[load.way],
                f"{load.interfaces:,}",
                f"{load.records(60):,.0f}",
                f"{1e6 / load.milliseconds:,.0f}",
                *(f"{load.calls(each):,.1f}" for each in ("dynamodb", "s3")),
                f"{load.gb_seconds(plan):,.1f}",
                f"{load.drain_seconds(plan):,.1f} s",
                f"${load.dollars(given, plan):,.2f}",
                f"${load.dollars_of_interfaces(given, plan):,.2f}",
                *(f"{each:.2f}" for each in (slope.time, slope.calls, slope.dollars)),
            )


HEADER = (
    "way in",
    "interfaces",
    "records an hour",
    "records a second",
    "DynamoDB calls",
    "S3 calls",
    "GB-s",
    "queue empty after",
    "a TB",
    "100 interfaces",
    "time x",
    "calls x",
    "dollars x",
)


def _load_of(figures: Mapping[str, Any], records_a_minute: int, speed: float) -> Load:
    """A load with the time that the machine would have taken at its fastest."""
    sample = Sample(**figures["sample"])
    sample = replace(sample, milliseconds=sample.milliseconds * speed)
    return Load(figures["way"], figures["interfaces"], records_a_minute, sample)


def _ratio(one: float, other: float) -> float:
    return one / other if other else 1.0


@lru_cache(maxsize=1)
def loads() -> Loads:
    """The committed figures."""
    return Loads.of(json.loads(FILE.read_text()))
