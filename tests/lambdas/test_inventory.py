"""inventory: what is described becomes the snapshot that the processors name owners by."""

import gzip
from types import ModuleType

import pytest

from flowsentry.aws import clients
from flowsentry.errors import RetryableError
from flowsentry.ownership import Inventory
from tests.lambdas.conftest import Invocation, LoadHandler, metrics_in, recorded, total
from tests.moto_world import INVENTORY_KEY, OUTPUT_BUCKET, object_in


@pytest.fixture
def handler(load_handler: LoadHandler) -> ModuleType:
    return load_handler("inventory")


def interface(address: str, description: str) -> str:
    vpc_id = clients.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = clients.ec2().create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/20")["Subnet"]
    made = clients.ec2().create_network_interface(
        SubnetId=subnet["SubnetId"], PrivateIpAddress=address, Description=description
    )
    return made["NetworkInterface"]["NetworkInterfaceId"]


def snapshot() -> Inventory:
    return Inventory.from_bytes(object_in(OUTPUT_BUCKET, INVENTORY_KEY))


def test_the_schedule_writes_a_snapshot(
    handler: ModuleType, invocation: Invocation, capsys: pytest.CaptureFixture[str]
) -> None:
    known, unknown = interface("10.0.1.5", "RDSNetworkInterface"), interface("10.0.1.6", "?")
    answer = handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert answer == {"interfaces": 2, "unrecognised": 1}
    assert {row.interface_id: row.owner_kind for row in snapshot().interfaces} == {
        known: "rds database",
        unknown: "unknown",
    }
    printed = metrics_in(capsys.readouterr().out)
    assert (total(printed, "InventoryInterfaces"), total(printed, "UnrecognisedInterfaces")) == (2, 1)


def test_the_next_run_replaces_the_snapshot(handler: ModuleType, invocation: Invocation) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    interface("10.0.1.5", "RDSNetworkInterface")
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert len(snapshot().interfaces) == 1


def test_a_run_that_another_one_overtook_leaves_what_that_wrote(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation
) -> None:
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    load_handler("inventory").lambda_handler(recorded("inventory_schedule"), invocation)
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=Inventory(1).to_bytes())
    with pytest.raises(RetryableError, match="written meanwhile"):
        handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert snapshot() == Inventory(1)


def test_a_damaged_snapshot_is_replaced(handler: ModuleType, invocation: Invocation) -> None:
    clients.s3().put_object(Bucket=OUTPUT_BUCKET, Key=INVENTORY_KEY, Body=gzip.compress(b"[]", mtime=0))
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    assert snapshot().interfaces == ()


def test_processors_name_owners_by_the_snapshot(
    handler: ModuleType, load_handler: LoadHandler, invocation: Invocation
) -> None:
    interface("10.0.1.5", "RDSNetworkInterface")
    handler.lambda_handler(recorded("inventory_schedule"), invocation)
    processor = load_handler("stream_processor").processor()
    assert processor.sources.inventory.load() == snapshot()
