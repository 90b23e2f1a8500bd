"""What a processed source shows about the flow log that it comes from."""

from dataclasses import replace

import pytest

from flowsentry.aws import clients
from flowsentry.aws.flow_logs.recorder import ActivityRecorder
from flowsentry.aws.ingest.log_formats import LogFormats
from flowsentry.aws.ingest.payloads import PayloadProcessor
from flowsentry.aws.ingest.processing import SourceProcessor
from flowsentry.inventory.inventory import Discovery, Interface, TargetState
from flowsentry.records.flow_logs import FlowLog, LogStream
from flowsentry.records.object_key import Origin
from tests.aws.flow_logs.test_activity import Writes
from tests.aws.ingest.test_processing import DAY, LINE, NOW, processor, skipped, text
from tests.lambdas.payloads import payload
from tests.moto_world import LOG_FORMATS_PARAMETER, LOG_GROUP, make_log_formats

__all__ = ["processor"]

NODATA = f"2 123456789012 eni-1 - - - - - - - {NOW - 60} {NOW} - NODATA\n"
ORIGIN = Origin("123456789012", "eu-central-1", "fl-0abc")


@pytest.fixture
def writes(processor: SourceProcessor) -> Writes:
    """What is written about the flow log fl-0abc to a bucket and fl-0def to a log group, both of vpc-1."""
    web = Interface("eni-1", "vpc-1", "subnet-1", "euc1-az1", ("10.0.1.5",), (), "instance", "i-1", "web-1")
    flow_logs = (
        FlowLog("fl-0abc", "vpc-1", "s3://logs/", NOW - DAY),
        FlowLog("fl-0def", "vpc-1", LOG_GROUP, NOW - DAY),
        FlowLog("fl-others", "vpc-2", LOG_GROUP, NOW - DAY),
    )
    state = TargetState(NOW - 60, 1, {"vpc-1": ("10.0.0.0/16",)}, flow_logs=flow_logs)
    processor.inventory.update(lambda inventory: inventory.after(Discovery("here", state, (web,))))
    made = Writes()
    processor.activity = ActivityRecorder(made, lambda: NOW)
    return made


def test_an_object_is_a_sign_of_life_of_the_flow_log_in_its_key(processor: SourceProcessor, writes: Writes) -> None:
    processor.process("s3://logs/a", [text(LINE * 3 + NODATA + skipped("eni-1", 2))], origin=ORIGIN)
    assert writes.rows == [("fl-0abc", 4, 2)]


@pytest.mark.parametrize("lines", [LINE, NODATA], ids=["traffic", "no traffic"])
def test_a_payload_is_a_sign_of_life_of_the_flow_log_of_its_log_group_and_vpc(
    processor: SourceProcessor, writes: Writes, lines: str
) -> None:
    processor.process("payload", [text(lines)], log_stream=LogStream(LOG_GROUP, "eni-1-all"))
    assert writes.rows == [("fl-0def", 1, 0)]


def test_a_flow_log_that_the_inventory_does_not_know_is_not_recorded(
    processor: SourceProcessor, writes: Writes
) -> None:
    """Keys of objects are untrusted, and would make any number of items."""
    processor.process("s3://logs/a", [text(LINE)], origin=replace(ORIGIN, flow_log_id="fl-made-up"))
    processor.process("payload", [text(LINE)], log_stream=LogStream("/other", "eni-1-all"))
    processor.process("elsewhere", [text(LINE)])
    assert writes.rows == []


def test_old_records_and_empty_sources_are_no_sign_of_life(processor: SourceProcessor, writes: Writes) -> None:
    old = LINE.replace(str(NOW), str(NOW - DAY))
    processor.process("s3://logs/old", [text(old)], origin=ORIGIN)
    processor.process("s3://logs/empty", [text("")], origin=ORIGIN)
    assert writes.rows == []


def test_a_write_that_fails_does_not_fail_the_source(processor: SourceProcessor, writes: Writes) -> None:
    writes.fails = True
    assert processor.process("s3://logs/a", [text(LINE)], origin=ORIGIN).accepted_records == 1


def test_payloads_of_one_interface_are_written_once_in_five_minutes(processor: SourceProcessor, writes: Writes) -> None:
    for number in range(50):
        processor.process(f"payload {number}", [text(LINE)], log_stream=LogStream(LOG_GROUP, "eni-1-all"))
    assert len(writes.rows) == 1


def test_a_payload_of_a_subscription_states_its_log_stream(processor: SourceProcessor, writes: Writes) -> None:
    make_log_formats()
    payloads = PayloadProcessor(processor, LogFormats(LOG_FORMATS_PARAMETER, clients.ssm()))
    payloads.process(payload(LINE.strip()))
    assert writes.rows == [("fl-0def", 1, 0)]
