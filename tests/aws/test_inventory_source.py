"""The inventory as the describe calls give it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.inventory_source import InventorySource
from flowsentry.errors import RetryableError
from flowsentry.ownership import Interface, Inventory
from tests.moto_world import REGION

NOW = 1_790_000_000


def describe() -> Inventory:
    return InventorySource(clients.ec2(), clients.load_balancing(), clock=lambda: NOW).describe()


class Network:
    """A VPC with one subnet in moto."""

    def __init__(self, block: str = "10.1.0.0/16", zone: str = "a") -> None:
        ec2 = clients.ec2()
        self.vpc_id = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        self.subnet_id = subnet["SubnetId"]

    def interface(self, address: str, description: str = "", **arguments: Any) -> str:
        answer = clients.ec2().create_network_interface(
            SubnetId=self.subnet_id, PrivateIpAddress=address, Description=description, **arguments
        )
        return answer["NetworkInterface"]["NetworkInterfaceId"]

    def instance(self, name: str) -> str:
        image = clients.ec2().describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        answer = clients.ec2().run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=self.subnet_id,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )
        return answer["Instances"][0]["InstanceId"]


@pytest.fixture
def network() -> Network:
    return Network()


def interface_of(inventory: Inventory, interface_id: str) -> Interface:
    return next(row for row in inventory.interfaces if row.interface_id == interface_id)


def test_an_interface_has_its_place_and_its_addresses(network: Network) -> None:
    interface_id = network.interface("10.1.0.9", "DMSNetworkInterface")
    allocation = clients.ec2().allocate_address(Domain="vpc")
    clients.ec2().associate_address(AllocationId=allocation["AllocationId"], NetworkInterfaceId=interface_id)
    row = interface_of(describe(), interface_id)
    assert (row.vpc_id, row.subnet_id, row.availability_zone) == (network.vpc_id, network.subnet_id, f"{REGION}a")
    assert row.addresses == ("10.1.0.9",)
    assert row.public_addresses == (allocation["PublicIp"],)
    assert row.owner_kind == "dms replication instance"


def test_an_instance_is_called_by_its_name_tag(network: Network) -> None:
    instance_id = network.instance("web-1")
    (row,) = [row for row in describe().interfaces if row.owner_kind == "instance"]
    assert (row.owner_id, row.owner_name) == (instance_id, "web-1")


def test_a_load_balancer_has_its_arn_and_its_name(network: Network) -> None:
    other = Network("10.2.0.0/16", zone="b")
    balancer = clients.load_balancing().create_load_balancer(Name="shop", Subnets=[network.subnet_id, other.subnet_id])[
        "LoadBalancers"
    ][0]
    arn = balancer["LoadBalancerArn"]
    interface_id = network.interface("10.1.0.20", f"ELB {arn.partition(':loadbalancer/')[2]}")
    row = interface_of(describe(), interface_id)
    assert (row.owner_kind, row.owner_id, row.owner_name) == ("application load balancer", arn, "shop")


def test_networks_are_all_blocks_of_each_vpc(network: Network) -> None:
    clients.ec2().associate_vpc_cidr_block(VpcId=network.vpc_id, CidrBlock="10.99.0.0/16")
    clients.ec2().associate_vpc_cidr_block(VpcId=network.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    first, second, ipv6 = describe().networks[network.vpc_id]
    assert (first, second) == ("10.1.0.0/16", "10.99.0.0/16")
    assert ":" in ipv6


def test_all_pages_are_read_in_an_order_of_their_own(network: Network) -> None:
    ids = {network.interface(f"10.1.{number // 200 + 1}.{number % 200 + 4}") for number in range(1_050)}
    inventory = describe()
    found = [row.interface_id for row in inventory.interfaces]
    assert ids <= set(found)
    assert found == sorted(found)
    assert inventory.taken_at == NOW


def test_aws_that_throttles_is_to_be_retried() -> None:
    class Throttling:
        def get_paginator(self, _: str) -> Any:
            error: Any = {"Error": {"Code": "RequestLimitExceeded"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
            raise ClientError(error, "DescribeInstances")

    with pytest.raises(RetryableError, match="could not describe the inventory: RequestLimitExceeded"):
        InventorySource(Throttling(), clients.load_balancing()).describe()  # type: ignore[arg-type]
