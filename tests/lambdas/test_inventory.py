"""inventory: discoveries, on a schedule and on request, update the snapshot from which processors name owners."""

import json
import time
from types import ModuleType
from typing import Any

import boto3
import polars as pl
import pytest
from msgspec.structs import force_setattr

from flowsentry.aws import clients
from flowsentry.inventory.inventory import Inventory
from flowsentry.inventory.snapshot import unpack
from flowsentry.records.flow_logs import LogStream
from tests.lambdas.conftest import Invocation, LoadHandler, World, metrics_in, recorded, total
from tests.moto_world import (
    FINDINGS_TABLE,
    INVENTORY_KEY,
    LOG_GROUP,
    OUTPUT_BUCKET,
    REGION,
    items_of,
    make_coverage,
    make_flow_log,
    make_targets,
    messages_in,
    object_in,
)

HOME, AWAY = f"123456789012/{REGION}", "123456789012/eu-west-1"


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    return load_handler("inventory")


@pytest.fixture
def subnet_id() -> str:
    vpc_id = clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return clients.ec2().create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]


def interface(subnet_id: str, address: str, description: str = "RDSNetworkInterface") -> str:
    made = clients.ec2().create_network_interface(SubnetId=subnet_id, PrivateIpAddress=address, Description=description)
    return made["NetworkInterface"]["NetworkInterfaceId"]


def snapshot() -> Inventory:
    return unpack(object_in(OUTPUT_BUCKET, INVENTORY_KEY))


def kinds() -> dict[str, str]:
    """The owner's kind by interface."""
    rows = snapshot().assignments.select(pl.col("interface_id", "owner_kind").cast(pl.String)).rows()
    return dict(rows)


def asked(*bodies: dict[str, Any], sent_at: float | None = None) -> dict[str, Any]:
    """A batch of the queue."""
    sent = str(int((time.time() if sent_at is None else sent_at) * 1000))
    source = {"eventSource": "aws:sqs", "attributes": {"SentTimestamp": sent}}
    return {"Records": [{"messageId": str(n), "body": json.dumps(body), **source} for n, body in enumerate(bodies)]}


def test_the_schedule_writes_a_snapshot(
    handler: ModuleType, invocation: Invocation, subnet_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known, unknown = interface(subnet_id, "10.0.1.5"), interface(subnet_id, "10.0.1.6", "?")
    assert handler.lambda_handler(recorded("inventory_schedule"), invocation) == {"targets": 1}
    assert kinds() == {known: "rds database", unknown: "unknown"}
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "InventoryInterfaces"), total(printed, "UnrecognisedInterfaces")) == (2, 1)
    assert total(printed, "InventoryAssignments") == 2


def test_the_next_run_finds_new_interfaces(handler: ModuleType, invocation: Invocation, subnet_id: str) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    made = interface(subnet_id, "10.0.1.5")
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert set(kinds()) == {made}


def test_every_region_that_the_parameter_names_now_is_discovered(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    make_targets(regions=["eu-west-1"])
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert set(snapshot().target_states) == {HOME, AWAY}


def test_a_damaged_snapshot_is_replaced(handler: ModuleType, invocation: Invocation) -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=b"[]")
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert set(snapshot().target_states) == {HOME}


def test_an_unknown_interface_created_since_is_in_the_snapshot(
    handler: ModuleType, invocation: Invocation, subnet_id: str
) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    made = interface(subnet_id, "10.0.1.5")
    answer = handler.lambda_handler(asked({"interfaces": [made, "eni-0123456789abcdef0"]}), invocation)
    assert answer == {"batchItemFailures": []}
    assert kinds() == {made: "rds database"}
    assert set(snapshot().absent) == {"eni-0123456789abcdef0"}


def test_a_change_event_during_the_cooldown_is_received_again(
    handler: ModuleType, invocation: Invocation, world: World
) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert handler.lambda_handler(asked({"target": HOME}, {"target": HOME}), invocation) == {"batchItemFailures": []}
    attributes = clients.sqs().get_queue_attributes(QueueUrl=world.requests, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"


def test_an_invalid_request_is_set_aside(handler: ModuleType, invocation: Invocation, world: World) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert handler.lambda_handler(asked({"who": "are you"}), invocation) == {"batchItemFailures": []}
    (letter,) = messages_in(world.unanswered)
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "not-an-inventory-request"


def test_processors_name_owners_from_the_snapshot(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation, subnet_id: str
) -> None:
    interface(subnet_id, "10.0.1.5")
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    processor = load_handler("stream_processor").processor()
    assert processor.sources.inventory.load().assignments.equals(snapshot().assignments)


def test_the_inventory_understands_the_requests_of_a_processor(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation, world: World, subnet_id: str
) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    made = interface(subnet_id, "10.0.1.5")
    load_handler("stream_processor").processor().sources.unknown.request([made], {})
    (message,) = messages_in(world.requests)
    handler.lambda_handler(asked(json.loads(message["Body"])), invocation)
    assert set(kinds()) == {made}


def test_a_flow_log_that_never_delivers_is_an_alert_after_an_hour_and_not_before(
    handler: ModuleType, invocation: Invocation, subnet_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    vpc_id = run_instance(subnet_id)
    make_flow_log(LOG_GROUP, resource_id=vpc_id)
    make_coverage(LOG_GROUP, resources=[vpc_id])
    began = time.time()
    for minutes, alerts in ((0, []), (59, []), (62, [vpc_id])):
        force_setattr(handler.health_check(), "clock", lambda minutes=minutes: began + minutes * 60)
        handler.lambda_handler(recorded("inventory_schedule"), invocation)
        assert [json.loads(item["finding"]["S"])["subject"] for item in items_of(FINDINGS_TABLE)] == alerts
        assert total(metrics_in(capsys.readouterr().out), "SilentFlowLogs") == len(alerts)


def test_a_flow_log_whose_records_are_processed_is_no_alert(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation, subnet_id: str
) -> None:
    vpc_id = run_instance(subnet_id)
    flow_log_id = make_flow_log(LOG_GROUP, resource_id=vpc_id)
    make_coverage(LOG_GROUP)
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    sources = load_handler("stream_processor").processor().sources
    assert sources.activity.of_stream(
        LogStream(LOG_GROUP, "eni-1-all"), sources.inventory.load(), lambda: {vpc_id}
    ) == (flow_log_id,)
    later = time.time() + 2 * 3_600
    force_setattr(sources.activity.writer, "clock", lambda: later - 60)
    sources.activity.record([flow_log_id], later, 10, 0)
    force_setattr(handler.health_check(), "clock", lambda: later)
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert items_of(FINDINGS_TABLE) == []


def run_instance(subnet_id: str) -> str:
    """The VPC in which it runs. Moto's flow logs fail without their log group."""
    boto3.client("logs").create_log_group(logGroupName=LOG_GROUP)
    image = clients.ec2().describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = clients.ec2().run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet_id)
    return made["Instances"][0]["VpcId"]
