"""A look at a place: what describe calls say, of all there is or of some interfaces; what it costs when they fail."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowsentry.aws import clients
from flowsentry.aws.inventory.region import NotPermittedError, RegionDiscovery
from flowsentry.errors import RetryableError
from flowsentry.inventory.inventory import Discovery, Interface
from tests.aws.inventory.answering import failure, paged
from tests.aws.inventory.described_region import ACCOUNT, ENI, NOW, SUBNET, TARGET, VPC, ZONE_ID, Region
from tests.moto_world import REGION


def look() -> Discovery:
    """At what is in moto."""
    return RegionDiscovery.of(boto3.Session(), TARGET).look()


class Network:
    """A VPC with one subnet in moto."""

    def __init__(self, block: str = "10.1.0.0/16", zone: str = "a") -> None:
        ec2 = clients.ec2()
        self.vpc_id = ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        self.subnet_id, self.zone_id = subnet["SubnetId"], subnet["AvailabilityZoneId"]

    def interface(self, address: str, description: str = "", **arguments: Any) -> str:
        answer = clients.ec2().create_network_interface(
            SubnetId=self.subnet_id, PrivateIpAddress=address, Description=description, **arguments
        )
        return answer["NetworkInterface"]["NetworkInterfaceId"]

    def instance(self, name: str) -> str:
        image = clients.ec2().describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        where = {"SubnetId": self.subnet_id, "TagSpecifications": tags}
        answer = clients.ec2().run_instances(ImageId=image, MinCount=1, MaxCount=1, **where)
        return answer["Instances"][0]["InstanceId"]


@pytest.fixture
def network() -> Network:
    return Network()


def interface_of(seen: Discovery, interface_id: str) -> Interface:
    return next(row for row in seen.interfaces if row.interface_id == interface_id)


def test_an_interface_has_its_place_and_its_addresses(network: Network) -> None:
    interface_id = network.interface("10.1.0.9", "DMSNetworkInterface")
    allocation = clients.ec2().allocate_address(Domain="vpc")
    clients.ec2().associate_address(AllocationId=allocation["AllocationId"], NetworkInterfaceId=interface_id)
    row = interface_of(look(), interface_id)
    assert (row.vpc_id, row.subnet_id, row.availability_zone) == (network.vpc_id, network.subnet_id, network.zone_id)
    assert (row.account_id, row.addresses, row.public_addresses) == (ACCOUNT, ("10.1.0.9",), (allocation["PublicIp"],))
    assert row.owner_kind == "dms replication instance"


def test_an_instance_is_called_by_its_name_tag(network: Network) -> None:
    instance_id = network.instance("web-1")
    (row,) = [row for row in look().interfaces if row.owner_kind == "instance"]
    assert (row.owner_id, row.owner_name) == (instance_id, "web-1")


def test_a_load_balancer_has_its_arn_and_its_name(network: Network) -> None:
    subnets = [network.subnet_id, Network("10.2.0.0/16", zone="b").subnet_id]
    answer = clients.load_balancing().create_load_balancer(Name="shop", Subnets=subnets)
    arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
    interface_id = network.interface("10.1.0.20", f"ELB {arn.partition(':loadbalancer/')[2]}")
    row = interface_of(look(), interface_id)
    assert (row.owner_kind, row.owner_id, row.owner_name) == ("application load balancer", arn, "shop")


def test_networks_are_all_blocks_of_each_vpc(network: Network) -> None:
    clients.ec2().associate_vpc_cidr_block(VpcId=network.vpc_id, CidrBlock="10.99.0.0/16")
    clients.ec2().associate_vpc_cidr_block(VpcId=network.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    first, second, ipv6 = look().target_state.networks[network.vpc_id]
    assert (first, second) == ("10.1.0.0/16", "10.99.0.0/16")
    assert ":" in ipv6


def test_a_look_tells_the_rules_and_the_routes_too(network: Network) -> None:
    seen = look()
    assert network.vpc_id in seen.target_state.routes
    assert network.vpc_id in {group.vpc_id for group in seen.rules.groups}


def test_an_elastic_ip_that_nobody_has_is_a_row_without_an_interface() -> None:
    tags: Any = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": "spare"}]}]
    answer = clients.ec2().allocate_address(Domain="vpc", TagSpecifications=tags)
    (row,) = [row for row in look().interfaces if row.owner_kind == "elastic ip"]
    assert (row.interface_id, row.account_id, row.owner_id) == ("", ACCOUNT, answer["AllocationId"])
    assert (row.owner_name, row.addresses, row.public_addresses) == ("spare", (), (answer["PublicIp"],))


def test_all_pages_are_read_in_an_order_of_their_own(network: Network) -> None:
    ids = {network.interface(f"10.1.{number // 200 + 1}.{number % 200 + 4}") for number in range(1_050)}
    found = [row.interface_id for row in look().interfaces]
    assert ids <= set(found)
    assert found == sorted(found)


@given(order=st.permutations(range(5)), page=st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_which_order_and_on_which_pages_interfaces_come_says_nothing(order: list[int], page: int) -> None:
    plain, mixed = Region(), Region(page=page)
    for number in range(5):
        plain.add(f"eni-{number}")
        mixed.add(f"eni-{order[number]}")
    assert mixed.source.look() == plain.source.look()


def test_all_addresses_are_there_the_primary_one_first() -> None:
    region = Region()
    more = [
        {"PrivateIpAddress": "10.1.0.8"},
        {"PrivateIpAddress": "10.1.0.9", "Association": {"PublicIp": "192.0.2.1"}},
    ]
    v6 = [{"Ipv6Address": "2001:db8::1"}]
    region.add(ENI, PrivateIpAddress="10.1.0.9", PrivateIpAddresses=more, Ipv6Addresses=v6)
    row = region.seen(ENI)
    assert row.addresses == ("10.1.0.9", "10.1.0.8", "2001:db8::1")
    assert row.public_addresses == ("192.0.2.1", "2001:db8::1")


def test_the_zone_is_the_one_of_the_flow_logs_whatever_the_account_calls_it() -> None:
    region = Region()
    region.add(ENI, AvailabilityZone="eu-central-1a")
    region.add("eni-2", AvailabilityZone="eu-central-1a", AvailabilityZoneId="euc1-az9")
    assert region.seen(ENI).availability_zone == ZONE_ID
    assert region.seen("eni-2").availability_zone == "euc1-az9"


ATTACHED_AT = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = {"InstanceId": "i-1", "DeviceIndex": 0, "DeleteOnTermination": True, "AttachTime": ATTACHED_AT}


@pytest.mark.parametrize(
    ("said", "is_lasting"),
    [
        ({"Attachment": FIRST}, True),
        ({"Attachment": {**FIRST, "DeviceIndex": 1}}, False),
        ({"Attachment": {**FIRST, "DeleteOnTermination": False}}, False),
        ({"RequesterManaged": True}, True),
        ({"RequesterManaged": True, "InterfaceType": "lambda"}, False),
        ({}, False),
    ],
)
def test_an_interface_lasts_that_can_not_pass_to_others(said: dict[str, Any], is_lasting: bool) -> None:  # noqa: FBT001
    region = Region()
    region.add(ENI, **said)
    row = region.seen(ENI)
    assert row.is_lasting is is_lasting
    assert row.attached_at == (int(ATTACHED_AT.timestamp()) if "Attachment" in said else None)


def test_a_task_has_its_service_s_name_and_without_one_its_family_s() -> None:
    region = Region()
    tasks = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/shop/{number}" for number in range(2)]
    region.add("eni-0", f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/0")
    on_instance = {"InstanceId": "i-1", "DeviceIndex": 1}
    region.add("eni-1", f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/1", Attachment=on_instance)
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop"
    region.aws.tell("ecs", "list_clusters", {"clusterArns": [cluster]})
    region.aws.tell("ecs", "list_tasks", paged("taskArns", *([arn] for arn in tasks), names=("nextToken", "nextToken")))
    definition = {"clusterArn": cluster, "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/job:7"}
    groups = ("service:checkout", "family:job")

    def described(arguments: Any) -> Any:
        numbers = [tasks.index(arn) for arn in arguments["tasks"]]
        details = [
            [{"name": "subnetId", "value": SUBNET}, {"name": "networkInterfaceId", "value": f"eni-{n}"}]
            for n in numbers
        ]
        told = zip(numbers, details, strict=True)
        return {
            "tasks": [
                {"taskArn": tasks[n], "group": groups[n], "attachments": [{"details": each}], **definition}
                for n, each in told
            ]
        }

    region.aws.tell("ecs", "describe_tasks", described)
    assert region.owner_of("eni-0") == ("ecs task", tasks[0], "checkout")
    assert region.owner_of("eni-1") == ("ecs task", tasks[1], "job/shop")
    assert region.aws.asked.count("ecs:DescribeTasks") == 2


def test_some_interfaces_are_looked_for_and_the_others_are_absent() -> None:
    region = Region(page=200)
    for number in range(250):
        region.add(f"eni-{number}", Attachment={"InstanceId": f"i-{number}"})
    region.aws.tell("ec2", "describe_tags", {"Tags": [{"ResourceId": "i-7", "Key": "Name", "Value": "web-7"}]})
    seen, absent = region.source.look_for([*(f"eni-{number}" for number in range(249)), "eni-gone", "eni-7"])
    assert (len(seen.interfaces), absent) == (249, ("eni-gone",))
    assert interface_of(seen, "eni-7").owner_name == "web-7"
    assert interface_of(seen, "eni-8").availability_zone == ZONE_ID
    assert (seen.target, seen.target_state.taken_at) == (TARGET, NOW)
    assert region.aws.asked.count("ec2:DescribeNetworkInterfaces") == 2


def test_an_interface_that_is_looked_for_has_the_owner_that_a_look_at_all_gives_it() -> None:
    region = Region()
    region.add(ENI, "Interface for NAT Gateway nat-1", InterfaceType="nat_gateway")
    named = [{"Key": "Name", "Value": "ours"}]
    region.aws.tell("ec2", "describe_nat_gateways", {"NatGateways": [{"NatGatewayId": "nat-1", "Tags": named}]})
    seen, _ = region.source.look_for([ENI])
    assert seen.interfaces == (region.seen(ENI),)


CORE = ("describe_network_interfaces", "describe_subnets", "describe_tags", "describe_vpcs")


@pytest.mark.parametrize("operation", CORE)
def test_aws_that_throttles_is_to_be_asked_again(operation: str) -> None:
    region = Region()
    region.add(ENI, Attachment={"InstanceId": "i-1"})
    region.aws.tell("ec2", operation, failure("RequestLimitExceeded", 503))
    with pytest.raises(RetryableError, match=f"could not describe the inventory of {TARGET}: RequestLimitExceeded"):
        region.source.look()


@pytest.mark.parametrize("operation", CORE)
def test_without_a_permission_that_it_can_not_do_without_a_look_says_which(operation: str) -> None:
    region = Region()
    region.add(ENI, Attachment={"InstanceId": "i-1"})
    region.aws.tell("ec2", operation, failure("UnauthorizedOperation", 403))
    with pytest.raises(
        NotPermittedError, match="without ec2:" + "".join(word.title() for word in operation.split("_"))
    ):
        region.source.look()


def test_without_all_other_permissions_a_look_tells_who_has_which_address() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1", PrivateIpAddress="10.1.0.9")
    (row,) = region.source.look().interfaces
    assert (row.vpc_id, row.addresses, row.owner_name) == (VPC, ("10.1.0.9",), "d-1")
    refused = {each.partition(": ")[0] for each in region.source.unnamed}
    assert refused == {
        *("ds describe_directories", "ec2 describe_addresses", "rules"),
        *("transit gateways", "peering connections", "route tables"),
    }


def test_what_was_refused_is_forgotten_with_the_next_look() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1")
    region.source.look()
    region.aws.tell("ds", "describe_directories", {"DirectoryDescriptions": []})
    region.source.look()
    assert not any("describe_directories" in each for each in region.source.unnamed)


def test_services_are_asked_for_names_no_longer_than_there_is_time() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1")
    hurried = RegionDiscovery(TARGET, region.aws, clock=lambda: NOW, names_seconds=0)
    assert [row.owner_name for row in hurried.look().interfaces] == ["d-1"]
    assert "ds describe_directories: OutOfTimeError" in hurried.unnamed
    assert "ds:DescribeDirectories" not in region.aws.asked
