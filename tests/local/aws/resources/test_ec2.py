"""Network interfaces as AWS services create them, with attributes set by tags with the prefix `AS_AWS`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.embedded import EmbeddedAws
from local.aws.settings import AS_AWS

YESTERDAY = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def subnet_id(aws: EmbeddedAws) -> str:
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.60.1.0/24")["Subnet"]["SubnetId"])


@pytest.fixture
def interface_id(aws: EmbeddedAws, subnet_id: str) -> str:
    created = aws.client("ec2").create_network_interface(SubnetId=subnet_id)
    return str(created["NetworkInterface"]["NetworkInterfaceId"])


def described(aws: EmbeddedAws, interface_id: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    """The interface after these attributes were set."""
    ec2 = aws.client("ec2")
    ec2.create_tags(
        Resources=[interface_id], Tags=[{"Key": AS_AWS + name, "Value": attributes[name]} for name in attributes]
    )
    [interface] = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    return dict(interface)


def test_an_interface_has_the_attributes_that_were_set(aws: EmbeddedAws, interface_id: str) -> None:
    attributes = {"interface-type": "lambda", "requester-id": "AROAEXAMPLE:orders", "private-ip-address": "10.60.1.77"}
    interface = described(aws, interface_id, attributes)
    assert (interface["InterfaceType"], interface["RequesterId"], interface["RequesterManaged"]) == (
        "lambda",
        "AROAEXAMPLE:orders",
        True,
    )
    assert (interface["PrivateIpAddress"], interface["PrivateIpAddresses"][0]["PrivateIpAddress"]) == (
        "10.60.1.77",
    ) * 2


def test_an_interface_attached_by_a_service_has_no_instance(aws: EmbeddedAws, interface_id: str) -> None:
    attributes = {"attached-by": "amazon-elb", "attached-at": str(int(YESTERDAY.timestamp()))}
    interface = described(aws, interface_id, attributes)
    attachment = interface["Attachment"]
    assert (interface["Status"], attachment["InstanceOwnerId"], attachment["AttachTime"]) == (
        "in-use",
        "amazon-elb",
        YESTERDAY,
    )
    assert attachment["AttachmentId"].startswith("eni-attach-")
    assert (attachment["DeviceIndex"], attachment["DeleteOnTermination"]) == (1, False)
    assert not attachment.get("InstanceId")


def test_an_interface_attached_by_a_service_can_have_an_elastic_ip_address(aws: EmbeddedAws, interface_id: str) -> None:
    described(aws, interface_id, {"attached-by": "amazon-elb"})
    ec2 = aws.client("ec2")
    allocation_id = ec2.allocate_address(Domain="vpc")["AllocationId"]
    association_id = ec2.associate_address(AllocationId=allocation_id, NetworkInterfaceId=interface_id)["AssociationId"]
    [address] = ec2.describe_addresses(AllocationIds=[allocation_id])["Addresses"]
    assert (address["NetworkInterfaceId"], address.get("InstanceId", "")) == (interface_id, "")
    ec2.disassociate_address(AssociationId=association_id)


def test_an_instance_is_launched_when_its_first_interface_is_attached(aws: EmbeddedAws, interface_id: str) -> None:
    ec2 = aws.client("ec2")
    image_id = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    first = [{"NetworkInterfaceId": interface_id, "DeviceIndex": 0}]
    ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, NetworkInterfaces=first)
    attachment = described(aws, interface_id, {"attached-at": str(int(YESTERDAY.timestamp()))})["Attachment"]
    [reservation] = ec2.describe_instances(InstanceIds=[attachment["InstanceId"]])["Reservations"]
    assert (attachment["AttachTime"], attachment["DeviceIndex"]) == (YESTERDAY, 0)
    assert attachment["DeleteOnTermination"]
    assert reservation["Instances"][0]["LaunchTime"] == YESTERDAY


def test_a_tag_without_the_prefix_is_a_tag(aws: EmbeddedAws, interface_id: str) -> None:
    aws.client("ec2").create_tags(Resources=[interface_id], Tags=[{"Key": "Name", "Value": "mine"}])
    interface = described(aws, interface_id, {"interface-type": "efs"})
    assert interface["TagSet"] == [{"Key": "Name", "Value": "mine"}]
    assert aws.failures() == []


def test_a_search_of_transit_gateway_routes_returns_at_most_max_results(aws: EmbeddedAws) -> None:
    ec2 = aws.client("ec2")
    gateway_id = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    filters = [{"Name": "transit-gateway-id", "Values": [gateway_id]}]
    [table] = ec2.describe_transit_gateway_route_tables(Filters=filters)["TransitGatewayRouteTables"]
    table_id = table["TransitGatewayRouteTableId"]
    for number in range(7):
        ec2.create_transit_gateway_route(
            TransitGatewayRouteTableId=table_id, DestinationCidrBlock=f"10.{number}.0.0/16", Blackhole=True
        )
    query = {"TransitGatewayRouteTableId": table_id, "Filters": [{"Name": "type", "Values": ["static"]}]}
    for max_results, found in ((5, 5), (10, 7)):
        assert len(ec2.search_transit_gateway_routes(MaxResults=max_results, **query)["Routes"]) == found
    assert aws.failures() == []
