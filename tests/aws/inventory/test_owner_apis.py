"""Whose an interface is, as the service says that has it; nobody is named where it does not say for certain."""

from typing import Any

import pytest

from flowsentry.aws.inventory.owner_apis import owner_sources
from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import KINDS, MAX_LETTERS, UNKNOWN
from stacks.ownership.describe_actions import DESCRIBES, VPC_LINKS
from tests.aws.inventory.answering import failure, paged
from tests.aws.inventory.api_responses import NAMED, TOLD, Says
from tests.aws.inventory.described_region import (
    ACCOUNT,
    ENI,
    GROUP,
    OTHER_SUBNET,
    OTHER_ZONE,
    SUBNET,
    VPC,
    ZONE,
    Region,
)
from tests.inventory.test_owner_kinds import DESCRIBED


@pytest.mark.parametrize(("described", "says", "owner"), TOLD.values(), ids=TOLD)
def test_a_service_says_whose_the_interface_is(
    described: dict[str, Any], says: Says, owner: tuple[str, str, str]
) -> None:
    region = Region()
    region.add(ENI, **described)
    region.aws.tell(*says)
    assert region.owner_of(ENI) == owner


def test_every_kind_that_a_service_is_asked_for_is_a_kind() -> None:
    asked_for = {kind for source in owner_sources() for kind in source.kinds}
    assert asked_for <= {kind.word for kind in KINDS} | {UNKNOWN}


def test_every_action_is_granted_and_none_that_is_not_used() -> None:
    region = Region()
    for number, (type_, description, requester, _) in enumerate(DESCRIBED):
        region.add(f"eni-{number}", description, InterfaceType=type_, RequesterId=requester)
    region.add("eni-i", Attachment={"InstanceId": "i-1"})
    region.add("eni-unknown")
    for service, operation, rows in WITH_MORE_TO_ASK:
        region.aws.tell(service, operation, rows)
    region.source.look()
    assert set(region.aws.asked) == {*DESCRIBES, VPC_LINKS}


TABLE = {"TransitGatewayRouteTableId": "tgw-rtb-1"}
# What leads to further calls: clusters to tasks, transit gateways to their routes, rules and routes to prefix lists.
WITH_MORE_TO_ASK: list[Says] = [
    ("ecs", "list_clusters", {"clusterArns": ["arn:aws:ecs:eu-central-1:123456789012:cluster/c"]}),
    ("ecs", "list_tasks", {"taskArns": ["arn:aws:ecs:eu-central-1:123456789012:task/c/1"]}),
    (
        "ec2",
        "describe_transit_gateway_route_tables",
        {"TransitGatewayRouteTables": [TABLE]},
    ),
    (
        "ec2",
        "describe_transit_gateway_attachments",
        {
            "TransitGatewayAttachments": [
                {
                    "TransitGatewayAttachmentId": "tgw-attach-1",
                    "TransitGatewayId": "tgw-1",
                    "ResourceId": VPC,
                    "ResourceType": "vpc",
                    "Association": {"TransitGatewayRouteTableId": "tgw-rtb-1", "State": "associated"},
                }
            ]
        },
    ),
    (
        "ec2",
        "describe_route_tables",
        {"RouteTables": [{"VpcId": VPC, "Routes": [{"DestinationPrefixListId": "pl-1"}]}]},
    ),
    ("ec2", "describe_security_group_rules", {"SecurityGroupRules": []}),
    (
        "ec2",
        "describe_security_groups",
        {
            "SecurityGroups": [
                {
                    "GroupId": GROUP,
                    "GroupName": "web",
                    "VpcId": VPC,
                    "IpPermissionsEgress": [],
                    "IpPermissions": [{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-2"}]}],
                }
            ]
        },
    ),
    ("ec2", "describe_network_acls", {"NetworkAcls": []}),
]


def test_a_service_is_asked_only_when_it_has_an_interface_here() -> None:
    region = Region()
    region.add(ENI, "RDSNetworkInterface")
    region.source.look()
    services = {action.partition(":")[0] for action in region.aws.asked}
    assert services == {"ec2", "rds"}


def test_a_service_that_refuses_to_answer_costs_its_names_alone() -> None:
    region = Region()
    region.add(ENI, "Interface for NAT Gateway nat-1", InterfaceType="nat_gateway")
    region.add("eni-2", "Amazon MQ network interface for broker b-1")
    region.aws.tell("ec2", "describe_nat_gateways", {"NatGateways": [{"NatGatewayId": "nat-1", "Tags": NAMED}]})
    region.aws.tell("mq", "list_brokers", failure("ForbiddenException", 403))
    assert region.owner_of(ENI) == ("nat gateway", "nat-1", "ours")
    assert region.owner_of("eni-2") == ("mq broker", "b-1", "b-1")
    assert "mq list_brokers: ForbiddenException" in region.source.unnamed


def test_what_services_say_is_bounded() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1")
    name = "x" * 10_000
    region.aws.tell("ds", "describe_directories", {"DirectoryDescriptions": [{"DirectoryId": "d-1", "Name": name}]})
    assert len(region.owner_of(ENI)[2]) == MAX_LETTERS


def test_an_address_that_two_claim_is_neither_s() -> None:
    region = Region()
    region.add(ENI, "RedshiftNetworkInterface", PrivateIpAddress="10.1.0.9")
    nodes = {"VpcId": VPC, "ClusterNodes": [{"PrivateIPAddress": "10.1.0.9"}]}
    clusters = [{"ClusterIdentifier": name, **nodes} for name in ("old", "new")]
    region.aws.tell(
        "redshift", "describe_clusters", paged("Clusters", *([each] for each in clusters), names=("Marker", "Marker"))
    )
    assert region.owner_of(ENI) == ("redshift cluster", ENI, ENI)


def test_an_address_says_nothing_about_another_vpc_or_another_kind() -> None:
    region = Region()
    region.add(ENI, "RedshiftNetworkInterface", PrivateIpAddress="10.1.0.9", VpcId="vpc-2")
    region.add("eni-2", "DMSNetworkInterface", PrivateIpAddress="10.1.0.9")
    nodes = {"VpcId": VPC, "ClusterNodes": [{"PrivateIPAddress": "10.1.0.9"}]}
    region.aws.tell("redshift", "describe_clusters", {"Clusters": [{"ClusterIdentifier": "sales", **nodes}]})
    assert region.owner_of(ENI)[2] == ENI
    assert region.owner_of("eni-2")[0] == "dms replication instance"


def database(name: str, **said: Any) -> dict[str, Any]:
    subnets = {"Subnets": [{"SubnetIdentifier": SUBNET}, {"SubnetIdentifier": OTHER_SUBNET}]}
    arn = f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:{name}"
    groups = [{"VpcSecurityGroupId": GROUP, "Status": "active"}]
    told = {"DBInstanceIdentifier": name, "DBInstanceArn": arn, "DBSubnetGroup": subnets, "AvailabilityZone": ZONE}
    return {**told, "VpcSecurityGroups": groups, **said}


def named_among(*databases: dict[str, Any], **said: Any) -> str:
    """The name of RDS's interface in the first subnet when these are all databases."""
    region = Region()
    region.add(ENI, "RDSNetworkInterface", RequesterId="amazon-rds", **said)
    region.aws.tell(
        "rds",
        "describe_db_instances",
        paged("DBInstances", *([each] for each in databases), names=("Marker", "Marker")),
    )
    return region.owner_of(ENI)[2]


def test_a_database_is_named_when_no_other_could_have_the_interface() -> None:
    elsewhere = {"DBSubnetGroup": {"Subnets": [{"SubnetIdentifier": OTHER_SUBNET}]}}
    others = (
        database("other-zone", AvailabilityZone=OTHER_ZONE),
        database("other-groups", VpcSecurityGroups=[{"VpcSecurityGroupId": "sg-2", "Status": "active"}]),
        database("other-subnet", **elsewhere),
        database("other-account", DBInstanceArn="arn:aws:rds:eu-central-1:210987654321:db:other"),
    )
    assert named_among(database("orders"), *others) == "orders"


def test_two_databases_that_fit_leave_the_interface_unnamed() -> None:
    assert named_among(database("orders"), database("carts")) == ENI


@pytest.mark.parametrize(
    "changing",
    [
        {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-2", "Status": "adding"}]},
        {"AvailabilityZone": OTHER_ZONE, "SecondaryAvailabilityZone": ZONE},
    ],
)
def test_a_database_that_might_have_the_interface_stands_in_the_way(changing: dict[str, Any]) -> None:
    assert named_among(database("orders"), database("other", **changing)) == ENI


def test_a_database_whose_zone_is_not_known_yet_stands_in_the_way() -> None:
    creating = database("creating")
    del creating["AvailabilityZone"]
    assert named_among(database("orders"), creating) == ENI


def function(name: str, subnet_ids: tuple[str, ...] = (SUBNET, OTHER_SUBNET)) -> dict[str, Any]:
    arn = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{name}"
    target = {"SubnetIds": list(subnet_ids), "SecurityGroupIds": [GROUP]}
    return {"FunctionName": name, "FunctionArn": arn, "VpcConfig": target}


def lambda_interface(*functions: dict[str, Any], description: str = "") -> Interface:
    region = Region()
    region.add(ENI, description, InterfaceType="lambda", RequesterManaged=True)
    pages = [[{"FunctionName": "outside"}], *([each] for each in functions)]
    region.aws.tell("lambda", "list_functions", paged("Functions", *pages, names=("NextMarker", "Marker")))
    return region.seen(ENI)


def test_a_function_is_named_when_it_alone_is_there() -> None:
    row = lambda_interface(function("resize"), function("elsewhere", (OTHER_SUBNET,)))
    assert (row.owner_id, row.owner_name) == (function("resize")["FunctionArn"], "resize")


def test_functions_that_share_an_interface_are_listed_whatever_its_description_says() -> None:
    made_for = "AWS Lambda VPC ENI-a-0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f"
    row = lambda_interface(*(function(name) for name in "gfedcba"), description=made_for)
    assert (row.owner_id, row.owner_name) == (ENI, "a, b, c and 4 more")
    assert lambda_interface(function("b"), function("a")).owner_name == "a, b"


def test_a_function_that_is_gone_is_named_by_the_description() -> None:
    made_for = "AWS Lambda VPC ENI-a-0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f"
    assert lambda_interface(description=made_for).owner_name == "a"


def test_an_interface_of_functions_may_be_others_later() -> None:
    assert not lambda_interface(function("resize")).is_lasting
