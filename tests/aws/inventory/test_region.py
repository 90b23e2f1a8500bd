"""Discovery of a Region: all interfaces or some of them, and the effect of failed calls."""

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
from tests.aws.inventory.described_region import ACCOUNT, ENI, NOW, SUBNET, TARGET, VPC, ZONE_ID, Region
from tests.aws.inventory.stubbed_aws import failure, paged
from tests.moto_world import REGION


def discovery() -> Discovery:
    """A discovery of moto's Region."""
    return RegionDiscovery.of(boto3.Session(), TARGET).discover()


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


def interface_of(found: Discovery, interface_id: str) -> Interface:
    return next(row for row in found.interfaces if row.interface_id == interface_id)


def test_an_interface_has_its_vpc_subnet_zone_and_addresses(network: Network) -> None:
    interface_id = network.interface("10.1.0.9", "DMSNetworkInterface")
    allocation = clients.ec2().allocate_address(Domain="vpc")
    clients.ec2().associate_address(AllocationId=allocation["AllocationId"], NetworkInterfaceId=interface_id)
    row = interface_of(discovery(), interface_id)
    assert (row.vpc_id, row.subnet_id, row.availability_zone) == (network.vpc_id, network.subnet_id, network.zone_id)
    assert (row.account_id, row.addresses, row.public_addresses) == (ACCOUNT, ("10.1.0.9",), (allocation["PublicIp"],))
    assert row.owner_kind == "dms replication instance"


def test_an_instance_has_the_name_of_its_name_tag(network: Network) -> None:
    instance_id = network.instance("web-1")
    (row,) = [row for row in discovery().interfaces if row.owner_kind == "instance"]
    assert (row.owner_id, row.owner_name) == (instance_id, "web-1")


def test_a_load_balancer_has_its_arn_and_its_name(network: Network) -> None:
    subnets = [network.subnet_id, Network("10.2.0.0/16", zone="b").subnet_id]
    answer = clients.load_balancing().create_load_balancer(Name="shop", Subnets=subnets)
    arn = answer["LoadBalancers"][0]["LoadBalancerArn"]
    interface_id = network.interface("10.1.0.20", f"ELB {arn.partition(':loadbalancer/')[2]}")
    row = interface_of(discovery(), interface_id)
    assert (row.owner_kind, row.owner_id, row.owner_name) == ("application load balancer", arn, "shop")


def test_networks_are_all_blocks_of_each_vpc(network: Network) -> None:
    clients.ec2().associate_vpc_cidr_block(VpcId=network.vpc_id, CidrBlock="10.99.0.0/16")
    clients.ec2().associate_vpc_cidr_block(VpcId=network.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    first, second, ipv6 = discovery().state.networks[network.vpc_id]
    assert (first, second) == ("10.1.0.0/16", "10.99.0.0/16")
    assert ":" in ipv6


def test_a_discovery_includes_rules_and_routes(network: Network) -> None:
    found = discovery()
    assert network.vpc_id in found.state.routes
    assert network.vpc_id in {group.vpc_id for group in found.rules.groups}


def test_an_unassociated_elastic_ip_is_a_row_without_an_interface() -> None:
    tags: Any = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": "spare"}]}]
    answer = clients.ec2().allocate_address(Domain="vpc", TagSpecifications=tags)
    (row,) = [row for row in discovery().interfaces if row.owner_kind == "elastic ip"]
    assert (row.interface_id, row.account_id, row.owner_id) == ("", ACCOUNT, answer["AllocationId"])
    assert (row.owner_name, row.addresses, row.public_addresses) == ("spare", (), (answer["PublicIp"],))


def test_all_pages_are_read_and_rows_are_sorted(network: Network) -> None:
    ids = {network.interface(f"10.1.{number // 200 + 1}.{number % 200 + 4}") for number in range(1_050)}
    found = [row.interface_id for row in discovery().interfaces]
    assert ids <= set(found)
    assert found == sorted(found)


@given(order=st.permutations(range(5)), page=st.integers(1, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_and_pages_of_interfaces_do_not_affect_the_discovery(order: list[int], page: int) -> None:
    plain, mixed = Region(), Region(page=page)
    for number in range(5):
        plain.add(f"eni-{number}")
        mixed.add(f"eni-{order[number]}")
    assert mixed.source.discover() == plain.source.discover()


def test_all_addresses_are_listed_with_the_primary_first() -> None:
    region = Region()
    more = [
        {"PrivateIpAddress": "10.1.0.8"},
        {"PrivateIpAddress": "10.1.0.9", "Association": {"PublicIp": "192.0.2.1"}},
    ]
    v6 = [{"Ipv6Address": "2001:db8::1"}]
    region.add(ENI, PrivateIpAddress="10.1.0.9", PrivateIpAddresses=more, Ipv6Addresses=v6)
    row = region.discovered(ENI)
    assert row.addresses == ("10.1.0.9", "10.1.0.8", "2001:db8::1")
    assert row.public_addresses == ("192.0.2.1", "2001:db8::1")


def test_the_zone_is_the_zone_id_of_flow_logs_not_the_account_s_zone_name() -> None:
    region = Region()
    region.add(ENI, AvailabilityZone="eu-central-1a")
    region.add("eni-2", AvailabilityZone="eu-central-1a", AvailabilityZoneId="euc1-az9")
    assert region.discovered(ENI).availability_zone == ZONE_ID
    assert region.discovered("eni-2").availability_zone == "euc1-az9"


ATTACHED_AT = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = {"InstanceId": "i-1", "DeviceIndex": 0, "DeleteOnTermination": True, "AttachTime": ATTACHED_AT}


@pytest.mark.parametrize(
    ("said", "has_fixed_owner"),
    [
        ({"Attachment": FIRST}, True),
        ({"Attachment": {**FIRST, "DeviceIndex": 1}}, False),
        ({"Attachment": {**FIRST, "DeleteOnTermination": False}}, False),
        ({"RequesterManaged": True}, True),
        ({"RequesterManaged": True, "InterfaceType": "lambda"}, False),
        ({}, False),
    ],
)
def test_an_interface_that_never_changes_its_owner_is_lasting(said: dict[str, Any], has_fixed_owner: bool) -> None:  # noqa: FBT001
    region = Region()
    region.add(ENI, **said)
    row = region.discovered(ENI)
    assert row.has_fixed_owner is has_fixed_owner
    assert row.attached_at == (int(ATTACHED_AT.timestamp()) if "Attachment" in said else None)


def test_an_ecs_task_has_the_name_of_its_service_or_else_its_family() -> None:
    region = Region()
    tasks = [f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/shop/{number}" for number in range(2)]
    region.add("eni-0", f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/0")
    on_instance = {"InstanceId": "i-1", "DeviceIndex": 1}
    region.add("eni-1", f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/1", Attachment=on_instance)
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/shop"
    region.aws.respond("ecs", "list_clusters", {"clusterArns": [cluster]})
    region.aws.respond(
        "ecs", "list_tasks", paged("taskArns", *([arn] for arn in tasks), names=("nextToken", "nextToken"))
    )
    definition = {"clusterArn": cluster, "taskDefinitionArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/job:7"}
    groups = ("service:checkout", "family:job")

    def described(arguments: Any) -> Any:
        numbers = [tasks.index(arn) for arn in arguments["tasks"]]
        details = [
            [{"name": "subnetId", "value": SUBNET}, {"name": "networkInterfaceId", "value": f"eni-{n}"}]
            for n in numbers
        ]
        pairs = zip(numbers, details, strict=True)
        return {
            "tasks": [
                {"taskArn": tasks[n], "group": groups[n], "attachments": [{"details": each}], **definition}
                for n, each in pairs
            ]
        }

    region.aws.respond("ecs", "describe_tasks", described)
    assert region.owner_of("eni-0") == ("ecs task", tasks[0], "checkout")
    assert region.owner_of("eni-1") == ("ecs task", tasks[1], "job/shop")
    assert region.aws.calls.count("ecs:DescribeTasks") == 2


def test_requested_interfaces_are_found_or_absent() -> None:
    region = Region(page=200)
    for number in range(250):
        region.add(f"eni-{number}", Attachment={"InstanceId": f"i-{number}"})
    region.aws.respond("ec2", "describe_tags", {"Tags": [{"ResourceId": "i-7", "Key": "Name", "Value": "web-7"}]})
    found, absent = region.source.find([*(f"eni-{number}" for number in range(249)), "eni-gone", "eni-7"])
    assert (len(found.interfaces), absent) == (249, ("eni-gone",))
    assert interface_of(found, "eni-7").owner_name == "web-7"
    assert interface_of(found, "eni-8").availability_zone == ZONE_ID
    assert (found.target, found.state.taken_at) == (TARGET, NOW)
    assert region.aws.calls.count("ec2:DescribeNetworkInterfaces") == 2


def test_a_requested_interface_has_the_same_owner_as_in_a_full_discovery() -> None:
    region = Region()
    region.add(ENI, "Interface for NAT Gateway nat-1", InterfaceType="nat_gateway")
    named = [{"Key": "Name", "Value": "ours"}]
    region.aws.respond("ec2", "describe_nat_gateways", {"NatGateways": [{"NatGatewayId": "nat-1", "Tags": named}]})
    found, _ = region.source.find([ENI])
    assert found.interfaces == (region.discovered(ENI),)


CORE = ("describe_network_interfaces", "describe_subnets", "describe_tags", "describe_vpcs")


@pytest.mark.parametrize("operation", CORE)
def test_throttling_raises_a_retryable_error(operation: str) -> None:
    region = Region()
    region.add(ENI, Attachment={"InstanceId": "i-1"})
    region.aws.respond("ec2", operation, failure("RequestLimitExceeded", 503))
    with pytest.raises(RetryableError, match=f"could not describe the inventory of {TARGET}: RequestLimitExceeded"):
        region.source.discover()


@pytest.mark.parametrize("operation", CORE)
def test_a_missing_required_permission_is_named_in_the_error(operation: str) -> None:
    region = Region()
    region.add(ENI, Attachment={"InstanceId": "i-1"})
    region.aws.respond("ec2", operation, failure("UnauthorizedOperation", 403))
    with pytest.raises(
        NotPermittedError, match="without ec2:" + "".join(word.title() for word in operation.split("_"))
    ):
        region.source.discover()


def test_without_optional_permissions_a_discovery_still_has_all_addresses() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1", PrivateIpAddress="10.1.0.9")
    (row,) = region.source.discover().interfaces
    assert (row.vpc_id, row.addresses, row.owner_name) == (VPC, ("10.1.0.9",), "d-1")
    refused = {each.partition(": ")[0] for each in region.source.failed_calls}
    assert refused == {
        *("ds describe_directories", "ec2 describe_addresses", "rules"),
        *("transit gateways", "peering connections", "route tables"),
    }


def test_failed_calls_are_cleared_by_the_next_discovery() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1")
    region.source.discover()
    region.aws.respond("ds", "describe_directories", {"DirectoryDescriptions": []})
    region.source.discover()
    assert not any("describe_directories" in each for each in region.source.failed_calls)


def test_calls_for_names_end_when_the_time_is_up() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1")
    hurried = RegionDiscovery(TARGET, region.aws, clock=lambda: NOW, names_seconds=0)
    assert [row.owner_name for row in hurried.discover().interfaces] == ["d-1"]
    assert "ds describe_directories: OutOfTimeError" in hurried.failed_calls
    assert "ds:DescribeDirectories" not in region.aws.calls
