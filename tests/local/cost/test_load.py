"""How much more a record takes where more interfaces are logged."""

from dataclasses import asdict, replace

import pytest

from local.cost.lines import Plan
from local.cost.load import KINESIS, S3, SUBSCRIPTION, Load, Loads
from local.cost.measured import Sample
from tests.local.cost.test_bills import GIVEN, OBJECT, PAYLOAD

RATE = 10


def figures(few: Sample, many: Sample, way: str = SUBSCRIPTION, work: float = 5.0) -> Loads:
    loads = [
        {"way": way, "interfaces": 100, "work_milliseconds": 5.0, "sample": asdict(few)},
        {"way": way, "interfaces": 1_000, "work_milliseconds": work, "sample": asdict(many)},
    ]
    return Loads.of({"measured_on": "2026-11-30", "records_a_minute": RATE, "loads": loads})


def slopes(found: Loads) -> tuple[float, float]:
    slope = found.slope(found.loads[1], GIVEN, Plan())
    return round(slope.time, 3), round(slope.calls, 3)


def test_twice_the_time_and_calls_for_ten_times_the_records_are_a_fifth_by_the_record() -> None:
    batch = replace(PAYLOAD, records=1_000)
    calls = {name: 2 * number for name, number in batch.calls.items()}
    larger = replace(batch, records=10_000, milliseconds=2 * batch.milliseconds, calls=calls)
    assert slopes(figures(batch, larger, KINESIS)) == (0.2, 0.2)


def test_time_counts_as_on_the_machine_at_its_fastest() -> None:
    few = replace(PAYLOAD, records=RATE)
    slower = replace(few, milliseconds=2 * few.milliseconds)
    assert slopes(figures(few, slower, work=10.0)) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("way", "records", "sample", "seconds"),
    [
        (S3, 5_000, OBJECT, 1.06),
        (SUBSCRIPTION, 10, PAYLOAD, 0.211),
        (KINESIS, 1_000, PAYLOAD, 0.211),
    ],
)
def test_a_queue_of_what_arrives_at_once_is_empty_after_one_round(
    way: str, records: int, sample: Sample, seconds: float
) -> None:
    """An object of five minutes; 100 payloads, for which there is room at the same time; and a batch of them."""
    load = Load(way, 100, RATE, replace(sample, records=records))
    assert load.drain_seconds(Plan()) == pytest.approx(seconds, abs=0.002)


def test_the_bill_is_that_of_as_many_sources_as_come_in_a_month() -> None:
    load = Load(S3, 100, RATE, replace(OBJECT, records=5_000))
    lines = {line.what: line.arithmetic for line in load.lines(GIVEN, Plan())}
    assert lines["function: time"].startswith("8,640 of 1,060 ms")
