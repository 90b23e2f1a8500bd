"""The bill of one month, worked out by hand; sizes between the measured ones; and both sides of the break-even."""

from dataclasses import replace

import pytest

from local.cost.lines import Line, Plan, batches, billed_seconds, shards_for, through_cloudwatch, through_s3
from local.cost.measured import Format, Measured, Resources, Sample, measured, of_size
from local.cost.options import fixed, optional, traced
from local.cost.volume import Volume
from local.cost.ways_in import break_even, compared
from stacks.prices.meter import BYTES_IN_GB

FORM = Format(29, 256.0, 32.0)
PAYLOAD = Sample(
    records=1,
    milliseconds=100.0,
    calls={"s3:PutObject": 1, "dynamodb:UpdateItem": 2, "s3:GetObject": 0.1},
    source_bytes=700.0,
    log_bytes=580.0,
    enriched_bytes=20_000.0,
    write_units=2.0,
    read_units=4.0,
)
OBJECT = replace(PAYLOAD, milliseconds=1_000.0, calls={"s3:PutObject": 1, "s3:GetObject": 1}, write_units=10.0)
BATCH = replace(PAYLOAD, milliseconds=500.0, write_units=20.0)
GIVEN = Measured(
    command="",
    measured_on="",
    processor="",
    default_format=FORM,
    extended_format=FORM,
    payloads=(PAYLOAD, replace(PAYLOAD, records=100_000)),
    payload_batches=(BATCH, replace(BATCH, records=100_000)),
    objects=(OBJECT, replace(OBJECT, records=100_000)),
    object_in_default_format=OBJECT,
    resources=Resources(alarms=30, composite_alarms=2, dashboards=4, polled_queues=2),
)
"""Whatever its size, a payload takes 100 ms, a batch 500 ms and an object a second."""
MONTH = Volume(100 * 43_200 * 16 * 256 / BYTES_IN_GB, interfaces=100, flow_logs=2)
"""16 records for each of 100 interfaces and each minute: 69.12 million records, 16.48 GB."""


DIRECT = Plan(kinesis=False)


def dollars(lines: list[Line]) -> dict[str, float]:
    return {line.what: line.dollars for line in lines}


def test_the_sources_of_the_month_are_a_payload_an_interface_and_minute_and_a_file_a_flow_log_and_five_minutes() -> (
    None
):
    assert MONTH.records(FORM) == pytest.approx(69_120_000)
    assert MONTH.payloads(FORM) == pytest.approx(4_320_000)
    assert MONTH.objects(FORM) == pytest.approx(2 * 8_640)


def test_files_are_more_where_those_of_five_minutes_have_more_than_75_mb_and_fewer_where_there_is_no_record() -> None:
    assert replace(MONTH, gigabytes=75e6 / 32 * 17_281 * 256 / BYTES_IN_GB).objects(FORM) == pytest.approx(17_281)
    assert replace(MONTH, gigabytes=5 * 256 / BYTES_IN_GB).objects(FORM) == pytest.approx(5)
    assert replace(MONTH, gigabytes=5 * 256 / BYTES_IN_GB).payloads(FORM) == pytest.approx(5)


def test_a_function_with_less_than_a_vcpu_takes_longer_and_waits_as_long() -> None:
    waits = 0.03 + 0.1 * 0.03 + 1 * 0.005
    assert billed_seconds(PAYLOAD, 1_769) == pytest.approx(0.1 + waits)
    assert billed_seconds(PAYLOAD, 1_024) == pytest.approx(0.1 * 1_769 / 1_024 + waits)
    assert billed_seconds(PAYLOAD, 3_538) == billed_seconds(PAYLOAD, 1_769)


def test_the_bill_of_the_cloudwatch_way_is_the_one_worked_out_by_hand() -> None:
    assert dollars(through_cloudwatch(MONTH, GIVEN, DIRECT)) == pytest.approx(
        {
            "AWS delivers the flow logs": 8.2397,  # 16.4795 GB * $0.50
            "AWS stores them": 0.1120,  # 69.12 M * (32 + 26) B = 3.7336 GB * $0.03
            "function: time": 12.1395,  # 4.32 M * (0.172754 + 0.038) s * 1 GB * $0.0000133334
            "function: invocations": 0.864,  # 4.32 M * $0.20 a million
            "enriched records: PUTs": 21.60,  # 4.32 M * $5 a million
            "enriched records: storage": 5.5522,  # 4.32 M * 20,000 B = 80.466 GB * 3 months * $0.023
            "tables: writes": 5.40,  # 8.64 M * $0.625 a million
            "tables: reads": 2.16,  # 17.28 M * $0.125 a million
            "function: its log": 2.0117,  # 4.32 M * (580 + 420) B = 4.0233 GB * $0.50
            "reads of S3": 0.1728,  # 0.432 M * $0.40 a million
        },
        rel=1e-3,
    )


def test_the_bill_of_the_s3_way_is_the_one_worked_out_by_hand() -> None:
    assert dollars(through_s3(MONTH, GIVEN)) == pytest.approx(
        {
            "AWS delivers the flow logs": 4.1199,  # 16.4795 GB * $0.25
            "AWS stores them": 0.04738,  # 69.12 M * 32 B = 2.0599 GB * $0.023
            "AWS's PUTs of their files": 0.0864,  # 17,280 * $5 a million
            "queue of object events": 0.020736,  # 3 * 17,280 * $0.40 a million
            "function: time": 0.42192,  # 17,280 * 1.06 s * 1.72754 GB * $0.0000133334
            "function: invocations": 0.003456,  # 17,280 * $0.20 a million
            "enriched records: PUTs": 0.0864,
            "enriched records: storage": 0.02221,  # 345.6 MB = 0.32187 GB * 3 * $0.023
            "tables: writes": 0.108,  # 172,800 * $0.625 a million
            "tables: reads": 0.00864,  # 69,120 * $0.125 a million
            "function: its log": 0.008047,  # 17.28 MB = 0.016093 GB * $0.50
            "reads of S3": 0.006912,
        },
        rel=1e-3,
    )


def test_puts_of_500_interfaces_are_720_000_a_day() -> None:
    month = replace(MONTH, interfaces=500, gigabytes=MONTH.gigabytes * 5)
    puts = dollars(through_cloudwatch(month, GIVEN, DIRECT))["enriched records: PUTs"]
    assert puts == pytest.approx(720_000 * 30 * 0.005 / 1_000) == pytest.approx(108)


def test_a_shard_is_paid_by_the_hour_and_a_minute_of_all_interfaces_is_one_put() -> None:
    given = dollars(through_cloudwatch(MONTH, GIVEN))
    assert given["Kinesis: the stream"] == pytest.approx(720 * 0.015)
    assert given["Kinesis: written"] == pytest.approx(4.32 * 0.014)
    assert given["function: invocations"] == pytest.approx(43_200 * 0.2e-6)
    assert given["enriched records: PUTs"] == pytest.approx(43_200 * 5e-6)
    assert given["tables: writes"] == pytest.approx(43_200 * 20 * 0.625e-6)


def test_a_stream_on_demand_is_paid_by_the_hour_and_by_whole_kilobytes_and_has_four_shards() -> None:
    given = dollars(through_cloudwatch(MONTH, GIVEN, Plan(shards=0)))
    assert given["Kinesis: the stream"] == pytest.approx(720 * 0.04)
    assert given["Kinesis: written"] == pytest.approx(4_320_000 / 2**20 * 0.08)
    assert given["enriched records: PUTs"] == pytest.approx(4 * 43_200 * 5e-6)


@pytest.mark.parametrize(
    ("window", "most", "payload_bytes", "number"),
    [
        (60, 1_000, 700, 43_200),
        (30, 1_000, 700, 86_400),
        (60, 50, 700, 86_400),
        (300, 1_000, 700, 8_640),
        (300, 1_000, 47_000, 4_320_000 * (47_000 * 4 / 3 + 600) / (6 << 20)),
    ],
)
def test_a_batch_ends_with_its_window_its_payloads_or_its_bytes(
    window: int, most: int, payload_bytes: int, number: float
) -> None:
    sample = replace(PAYLOAD, source_bytes=payload_bytes)
    plan = Plan(window_seconds=window, batch_payloads=most)
    assert batches(4_320_000, sample, 1, plan) == pytest.approx(number)


@pytest.mark.parametrize(("interfaces", "shards"), [(29_000, 1), (31_000, 2)])
def test_a_stream_has_shards_for_twice_the_payloads_of_a_second(interfaces: int, shards: int) -> None:
    month = replace(MONTH, interfaces=interfaces, gigabytes=MONTH.gigabytes * interfaces / 100)
    assert shards_for(month, GIVEN, Plan()) == shards


def test_another_region_has_its_own_prices() -> None:
    given = dollars(through_cloudwatch(MONTH, GIVEN, Plan(region="eu-west-1")))
    assert given["AWS delivers the flow logs"] == pytest.approx(MONTH.gigabytes * 0.57)


def test_a_size_between_two_measured_ones_is_on_the_line_between_them_and_none_is_negative() -> None:
    samples = (replace(PAYLOAD, records=10, milliseconds=20), replace(PAYLOAD, records=20, milliseconds=40))
    assert [of_size(samples, records).milliseconds for records in (10, 15, 20, 30, 1)] == [20, 30, 40, 60, 2]
    assert of_size(samples, 0).milliseconds == 0


def test_s3_is_cheaper_just_above_the_break_even_and_cloudwatch_just_below() -> None:
    few = Volume(0, interfaces=1, flow_logs=10)
    limit = break_even(few, GIVEN, DIRECT)
    assert limit > 0
    assert compared(replace(few, gigabytes=limit * 0.99), GIVEN, DIRECT).cheaper == "CloudWatch Logs"
    assert compared(replace(few, gigabytes=limit * 1.01), GIVEN, DIRECT).cheaper == "S3"


def test_x_ray_traces_the_first_of_a_second_and_a_twentieth_of_the_others() -> None:
    assert traced(1_000) == pytest.approx(1_000, rel=1e-3)
    assert traced(2_592_000 * 100) == pytest.approx(2_592_000 * (1 + 0.05 * 99), rel=1e-3)


def test_options_and_what_a_deployment_costs_anyway_are_those_counted() -> None:
    anyway = dollars(list(fixed(GIVEN, Plan())))
    assert anyway["alarms"] == pytest.approx(3.0)
    assert anyway["composite alarms"] == pytest.approx(1.0)
    assert anyway["dashboards"] == pytest.approx(12.0)
    assert anyway["polling of queues"] == pytest.approx(2 * 5 * 129_600 * 0.40 / 1e6)
    chosen = dollars(list(optional(MONTH, GIVEN, DIRECT)))
    assert chosen["enriched Parquet of payloads without the data stream, in that sum"] == pytest.approx(27.15, rel=1e-3)
    payloads, records = MONTH.payloads(GIVEN.extended_format), MONTH.records(GIVEN.extended_format)
    by_hand = payloads * 0.40 / 1e6 + (payloads * 3.5 + records * 0.0085) / 1e3 * 1769 / 1024 * 0.0000133334
    assert chosen["rule usage (`rule_usage_days`), CloudWatch Logs"] == pytest.approx(by_hand)


def test_the_committed_figures_are_whole_and_rise_with_the_size() -> None:
    given = measured()
    for samples in (given.payloads, given.payload_batches, given.objects):
        records = [each.records for each in samples]
        assert records == sorted(set(records))
        assert samples[0].milliseconds < samples[-1].milliseconds
        assert all(each.calls["s3:PutObject"] > 0 for each in samples)
    assert given.resources.alarms > 0
