"""Interfaces: as AWS's own services make them, told by tags that are none."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.embedded import EmbeddedAws
from local.aws.resources.ec2 import AS_AWS

YESTERDAY = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def subnet_id(aws: EmbeddedAws) -> str:
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.60.1.0/24")["Subnet"]["SubnetId"])


@pytest.fixture
def interface_id(aws: EmbeddedAws, subnet_id: str) -> str:
    made = aws.client("ec2").create_network_interface(SubnetId=subnet_id)
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def described(aws: EmbeddedAws, interface_id: str, said: Mapping[str, str]) -> dict[str, Any]:
    """The interface after this was said of it."""
    ec2 = aws.client("ec2")
    ec2.create_tags(Resources=[interface_id], Tags=[{"Key": AS_AWS + name, "Value": said[name]} for name in said])
    [told] = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    return dict(told)


def test_an_interface_is_what_a_service_would_have_made_of_it(aws: EmbeddedAws, interface_id: str) -> None:
    said = {"interface-type": "lambda", "requester-id": "AROAEXAMPLE:orders", "private-ip-address": "10.60.1.77"}
    told = described(aws, interface_id, said)
    assert (told["InterfaceType"], told["RequesterId"], told["RequesterManaged"]) == (
        "lambda",
        "AROAEXAMPLE:orders",
        True,
    )
    assert (told["PrivateIpAddress"], told["PrivateIpAddresses"][0]["PrivateIpAddress"]) == ("10.60.1.77",) * 2


def test_a_service_attaches_it_to_something_without_an_instance(aws: EmbeddedAws, interface_id: str) -> None:
    said = {"attached-by": "amazon-elb", "attached-at": str(int(YESTERDAY.timestamp()))}
    told = described(aws, interface_id, said)
    attachment = told["Attachment"]
    assert (told["Status"], attachment["InstanceOwnerId"], attachment["AttachTime"]) == (
        "in-use",
        "amazon-elb",
        YESTERDAY,
    )
    assert attachment["AttachmentId"].startswith("eni-attach-")
    assert (attachment["DeviceIndex"], attachment["DeleteOnTermination"]) == (1, False)
    assert not attachment.get("InstanceId")


def test_what_is_attached_to_a_service_has_no_instance_and_may_have_a_public_address(
    aws: EmbeddedAws, interface_id: str
) -> None:
    described(aws, interface_id, {"attached-by": "amazon-elb"})
    ec2 = aws.client("ec2")
    allocation_id = ec2.allocate_address(Domain="vpc")["AllocationId"]
    association_id = ec2.associate_address(AllocationId=allocation_id, NetworkInterfaceId=interface_id)["AssociationId"]
    [address] = ec2.describe_addresses(AllocationIds=[allocation_id])["Addresses"]
    assert (address["NetworkInterfaceId"], address.get("InstanceId", "")) == (interface_id, "")
    ec2.disassociate_address(AssociationId=association_id)


def test_an_instance_was_launched_when_its_first_interface_was_attached(aws: EmbeddedAws, interface_id: str) -> None:
    ec2 = aws.client("ec2")
    image_id = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    first = [{"NetworkInterfaceId": interface_id, "DeviceIndex": 0}]
    ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, NetworkInterfaces=first)
    attachment = described(aws, interface_id, {"attached-at": str(int(YESTERDAY.timestamp()))})["Attachment"]
    [reservation] = ec2.describe_instances(InstanceIds=[attachment["InstanceId"]])["Reservations"]
    assert (attachment["AttachTime"], attachment["DeviceIndex"]) == (YESTERDAY, 0)
    assert attachment["DeleteOnTermination"]
    assert reservation["Instances"][0]["LaunchTime"] == YESTERDAY


def test_all_other_tags_are_tags(aws: EmbeddedAws, interface_id: str) -> None:
    aws.client("ec2").create_tags(Resources=[interface_id], Tags=[{"Key": "Name", "Value": "mine"}])
    told = described(aws, interface_id, {"interface-type": "efs"})
    assert told["TagSet"] == [{"Key": "Name", "Value": "mine"}]
    assert aws.failures() == []


def test_the_routes_of_a_transit_gateway_are_found_as_many_as_asked_for(aws: EmbeddedAws) -> None:
    ec2 = aws.client("ec2")
    gateway_id = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    filters = [{"Name": "transit-gateway-id", "Values": [gateway_id]}]
    [table] = ec2.describe_transit_gateway_route_tables(Filters=filters)["TransitGatewayRouteTables"]
    table_id = table["TransitGatewayRouteTableId"]
    for number in range(7):
        ec2.create_transit_gateway_route(
            TransitGatewayRouteTableId=table_id, DestinationCidrBlock=f"10.{number}.0.0/16", Blackhole=True
        )
    asked = {"TransitGatewayRouteTableId": table_id, "Filters": [{"Name": "type", "Values": ["static"]}]}
    for most, found in ((5, 5), (10, 7)):
        assert len(ec2.search_transit_gateway_routes(MaxResults=most, **asked)["Routes"]) == found
    assert aws.failures() == []
