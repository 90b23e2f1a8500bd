"""The effect of each recorded event in events/. An event that is not in the table fails a test."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from flowsentry.aws.failed_invocation import failed_event
from flowsentry.aws.findings.table import FindingTable
from flowsentry.aws.ingest.object_events import direct_messages, is_queue_batch, object_events
from flowsentry.errors import PoisonError
from flowsentry.findings.finding import Finding
from flowsentry.metric_names import PIPELINE_METRICS
from tests.lambdas.conftest import NOW, ROOT, Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.lambdas.objects import DONE, FAILED_KEY, log_file, object_event_of, put, scan, with_messages
from tests.moto_world import FINDINGS_TABLE, items_of, messages_in
from tests.recorded import recorded as recorded_by_others

EVENTS = {path.stem for path in (ROOT / "events").iterdir()}
FUNCTIONS = ("stream_processor", "object_processor", "inventory", "notifier")
HELD = {
    "failed_invocation_record": "stream_processor_payload",
    "failed_kinesis_batch_record": "stream_processor_kinesis",
}
"""Records of failed invocations, which are objects, with the event in each."""

Counts = Mapping[str, float]
OBJECT: Counts = {"Records": 12, "FindingsRaised": 1}
PAYLOAD: Counts = {"Records": 13, "NoDataRecords": 1, "FindingsRaised": 1}
SEEN: Counts = {"InventoryInterfaces": 1, "InventoryAssignments": 1}
ORDINARY = {
    "InventorySeconds",
    "Lines",
    "RejectsSeen",
    "FreshnessSeconds",
    "InventoryMissing",
    "UnknownInterfaces",
    "OldestAlertSeconds",
}
"""Metrics of every batch or run, whatever the event."""


@dataclass(frozen=True)
class Effect:
    """The effect of an event: the handler's answer, every metric but the ordinary ones, and alerts."""

    answer: object
    counted: Counts
    messages_sent: int = 0
    set_aside: int = 0


PAYLOAD_TAKEN = Effect({"lines": 14, "rejected_lines": 0, "findings": 1}, PAYLOAD)
EFFECTS = {
    "failed_invocation_record": Effect(DONE, {**PAYLOAD, "RecoveredPayloads": 1}),
    "failed_kinesis_batch_record": Effect(DONE, {**PAYLOAD, "RecoveredPayloads": 2, "ControlMessages": 1}),
    "inventory_change_of_another_account": Effect(DONE, {}),
    "inventory_changes": Effect(DONE, SEEN),
    "inventory_changes_and_unknown_interfaces": Effect(DONE, {**SEEN, "InterfacesRequested": 2, "InterfacesAbsent": 2}),
    "inventory_not_a_request": Effect(DONE, {"PoisonSources": 1}, set_aside=1),
    "inventory_schedule": Effect({"targets": 1}, {**SEEN, "VpcsWithoutFlowLog": 1}),
    "inventory_unknown_interfaces": Effect(DONE, {**SEEN, "InterfacesRequested": 2, "InterfacesAbsent": 2}),
    "notifier_findings_stream": Effect(None, {"AlertsPublished": 1}, messages_sent=1),
    "notifier_not_a_finding": Effect(None, {"AlertsPublished": 1, "PoisonFindings": 1}, messages_sent=1),
    "notifier_stack_deployed": Effect(None, {}),
    "notifier_schedule": Effect(None, {"AlertsPublished": 1, "DigestsPublished": 1}, messages_sent=2),
    "object_processor_eventbridge_direct": Effect(None, OBJECT),
    "object_processor_eventbridge_sqs": Effect(DONE, OBJECT),
    "object_processor_failed_invocation": Effect(DONE, {**PAYLOAD, "RecoveredPayloads": 1}),
    "object_processor_fifo_sns_sqs": Effect(DONE, OBJECT),
    "object_processor_hive_key": Effect(DONE, OBJECT),
    "object_processor_new_object": Effect(DONE, OBJECT),
    "object_processor_not_a_flow_log": Effect(DONE, {"IgnoredObjects": 1}),
    "object_processor_redriven": Effect(DONE, OBJECT),
    "object_processor_removed_object": Effect(DONE, {"IgnoredObjectEvents": 1}),
    "object_processor_removed_object_eventbridge_sqs": Effect(DONE, {"IgnoredObjectEvents": 1}),
    "object_processor_s3_direct": Effect(None, OBJECT),
    "object_processor_several_objects": Effect(DONE, {"Records": 24, "FindingsRaised": 1}),
    "object_processor_sns_direct": Effect(None, OBJECT),
    "object_processor_sns_sqs": Effect(DONE, OBJECT),
    "object_processor_test_event": Effect(DONE, {"S3TestEvents": 1}),
    "object_processor_test_event_sns_direct": Effect(None, {"S3TestEvents": 1}),
    "object_processor_test_event_sns_sqs": Effect(DONE, {"S3TestEvents": 1}),
    "stream_processor_account_policy": PAYLOAD_TAKEN,
    "stream_processor_control_message": Effect(
        {"lines": 0, "rejected_lines": 0, "findings": 0}, {"ControlMessages": 1}
    ),
    "stream_processor_kinesis": Effect(DONE, {**PAYLOAD, "ControlMessages": 1}),
    "stream_processor_payload": PAYLOAD_TAKEN,
    "stream_processor_payload_extracted_fields": PAYLOAD_TAKEN,
}


def test_every_recorded_event_has_an_effect() -> None:
    assert set(EFFECTS) == EVENTS


@pytest.mark.parametrize("name", EFFECTS)
def test_a_recorded_event_has_exactly_its_effect(
    name: str, load_handler: LoadHandler, invocation: Invocation, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    function = function_of(name)
    event = event_of_record(name) if name in HELD else recorded(name)
    GIVEN[function](event)
    answer = at_now(load_handler(function)).lambda_handler(event, invocation)
    printed = metrics_in(capsys.readouterr().out)
    counted = {metric: total(printed, metric) for metric in PIPELINE_METRICS if metric not in ORDINARY}
    sent = len(messages_in(world.subscriber))
    set_aside = len(messages_in(world.unanswered))
    seen = Effect(answer, {metric: count for metric, count in counted.items() if count}, sent, set_aside)
    assert seen == EFFECTS[name]
    assert messages_in(world.dead_letters) == []
    if function.endswith("processor"):
        assert len(items_of(FINDINGS_TABLE)) == EFFECTS[name].counted.get("FindingsRaised", 0)


def function_of(name: str) -> str:
    return "object_processor" if name in HELD else next(each for each in FUNCTIONS if name.startswith(f"{each}_"))


def at_now(handler: ModuleType) -> ModuleType:
    """The handler, at the time of the recorded events."""
    if hasattr(handler, "outbox"):
        force_setattr(handler.outbox(), "clock", lambda: NOW)
    if hasattr(handler, "processor"):
        handler.processor().sources.clock = lambda: NOW
    return handler


def event_of_record(name: str) -> dict[str, Any]:
    """The object event of a record, which is stored as an object."""
    put(json.dumps(recorded(name)).encode(), FAILED_KEY)
    return with_messages(object_event_of(FAILED_KEY))


def nothing(event: dict[str, Any]) -> None:
    """Stores nothing beside the event."""


def objects_in(event: dict[str, Any]) -> None:
    """Stores the objects of the event, with a scan or the recorded failed invocation."""
    bodies = [record["body"] for record in event["Records"]] if is_queue_batch(event) else direct_messages(event)
    for source in (object_event.source for body in bodies for object_event in object_events(body)):
        if source.bucket == "failed-invocations":
            put(json.dumps(recorded("failed_invocation_record")).encode(), source.key, source.bucket)
        elif source.key != FAILED_KEY:
            put(log_file(*scan()), source.key)


def one_interface(event: dict[str, Any]) -> None:  # noqa: ARG001 - the same for every event
    vpc_id = clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = clients.ec2().create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    clients.ec2().create_network_interface(SubnetId=subnet_id, Description="RDSNetworkInterface")


def findings_waiting(event: dict[str, Any]) -> None:
    """Stores an alert and a background finding: new ones for an event of the stream, else hours old."""
    made_at = NOW if "Records" in event else NOW - 7_200
    records = recorded("notifier_findings_stream")["Records"]
    found = [Finding.from_json(record["dynamodb"]["NewImage"]["finding"]["S"]) for record in records]
    FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=lambda: made_at).put_new(found)


GIVEN: dict[str, Callable[[dict[str, Any]], None]] = {
    "stream_processor": nothing,
    "object_processor": objects_in,
    "inventory": one_interface,
    "notifier": findings_waiting,
}


@pytest.mark.parametrize("name", HELD)
def test_a_recorded_failed_invocation_holds_a_recorded_event(name: str) -> None:
    event, _ = failed_event([json.dumps(recorded(name)).encode()])
    assert event == recorded(HELD[name])


def test_every_function_has_a_recorded_event() -> None:
    assert {function_of(name) for name in EFFECTS if name not in HELD} == set(FUNCTIONS)


def test_a_handler_has_no_logic_of_its_own() -> None:
    for function in FUNCTIONS:
        folder = ROOT / "lambdas" / function
        assert [path.name for path in folder.iterdir() if path.suffix] == ["handler.py"]
        assert len(Path(folder / "handler.py").read_text().splitlines()) < 80


@pytest.mark.parametrize(
    "name",
    [
        "aws-lambda-go/cloudwatch-logs-event.json",
        "lambda-promtail-events/events_cloudwatch-logs-event.json",
        "powertools-python/cloudWatchLogEvent.json",
        "powertools-python/cloudWatchLogEventWithPolicyLevel.json",
    ],
)
def test_a_payload_recorded_by_other_projects_is_parsed_up_to_its_log_group(
    name: str, load_handler: LoadHandler, invocation: Invocation
) -> None:
    """Its log group has no format here: the error that names it shows that the rest was parsed."""
    event = json.loads(recorded_by_others(f"samples/{name}").read_text())
    with pytest.raises(Exception, match="has no log format"):
        load_handler("stream_processor").lambda_handler(event, invocation)


@pytest.mark.parametrize(
    "name", ["aws-lambda-go/kinesis-firehose-event.json", "powertools-python/kinesisFirehoseKinesisEvent.json"]
)
def test_a_firehose_transformation_event_is_refused_with_an_explanation(
    name: str, load_handler: LoadHandler, invocation: Invocation
) -> None:
    event = json.loads(recorded_by_others(f"samples/{name}").read_text())
    with pytest.raises(PoisonError, match=r"not from CloudWatch Logs") as poison:
        load_handler("stream_processor").lambda_handler(event, invocation)
    assert poison.value.reason == "not-a-subscription"
