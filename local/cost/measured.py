"""What `make cost` measured: processor time, calls, bytes and capacity units of a payload and of an object, by size."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, slots=True)
class Sample:
    """The mean of some sources (payloads, or objects) with this many records each.

    `milliseconds` are processor time of one vCPU without waiting for AWS; `calls` are by `service:Operation`; the units
    are DynamoDB's; `source_bytes` are those of the source in gzip, `log_bytes` what the function writes to its log.
    """

    records: float
    milliseconds: float
    calls: Mapping[str, float]
    source_bytes: float
    log_bytes: float
    enriched_bytes: float
    write_units: float
    read_units: float

    def between(self, other: "Sample", share: float) -> "Sample":
        """What lies so far on the straight line to another sample: 0 is this one, 1 the other, 2 as far again."""

        def at(mine: float, others: float) -> float:
            return max(0.0, mine + share * (others - mine))

        names = {*self.calls, *other.calls}
        calls = {name: at(self.calls.get(name, 0), other.calls.get(name, 0)) for name in sorted(names)}
        return Sample(
            at(self.records, other.records),
            at(self.milliseconds, other.milliseconds),
            calls,
            at(self.source_bytes, other.source_bytes),
            at(self.log_bytes, other.log_bytes),
            at(self.enriched_bytes, other.enriched_bytes),
            at(self.write_units, other.write_units),
            at(self.read_units, other.read_units),
        )


def of_size(samples: Sequence[Sample], records: float) -> Sample:
    """The sample for a source with so many records: on the straight line between the two measured sizes around it, or
    beyond the smallest or largest on the line of the nearest two.
    """
    low, high = next((each for each in pairwise(samples) if records <= each[1].records), (samples[-2], samples[-1]))
    return low.between(high, (records - low.records) / (high.records - low.records))


@dataclass(frozen=True, slots=True)
class Format:
    """Bytes of a record of a log format: as text with its newline, by which AWS charges, and in a gzip file."""

    fields: int
    text_bytes: float
    gzip_bytes: float


@dataclass(frozen=True, slots=True)
class Resources:
    """What a deployment with one destination has, whatever its traffic."""

    alarms: int
    composite_alarms: int
    dashboards: int
    polled_queues: int


@dataclass(frozen=True, slots=True)
class Measured:
    """All measured figures. Payloads are of the extended format (29 fields), alone or as whole batches of Kinesis."""

    command: str
    measured_on: str
    processor: str
    default_format: Format
    extended_format: Format
    payloads: tuple[Sample, ...]
    payload_batches: tuple[Sample, ...]
    objects: tuple[Sample, ...]
    object_in_default_format: Sample
    resources: Resources

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """The figures that `benchmarks.cost.figures` wrote."""
        payloads, batches, objects = (
            tuple(Sample(**each) for each in figures[name]) for name in ("payloads", "payload_batches", "objects")
        )
        return cls(
            figures["command"],
            figures["measured_on"],
            figures["processor"],
            Format(**figures["formats"]["default"]),
            Format(**figures["formats"]["extended"]),
            payloads,
            batches,
            objects,
            Sample(**figures["object_in_default_format"]),
            Resources(**figures["resources"]),
        )


@lru_cache(maxsize=1)
def measured() -> Measured:
    """The committed figures."""
    return Measured.of(json.loads(FILE.read_text()))
