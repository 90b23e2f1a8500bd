"""Owners of interfaces as AWS APIs identify them; interfaces without a certain owner stay unnamed."""

from typing import Any

import pytest

from flowsentry.aws.inventory.owner_apis import owner_apis
from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import KINDS, MAX_LETTERS, UNKNOWN
from stacks.ownership.describe_actions import DESCRIBE_ACTIONS, VPC_LINKS
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
from tests.aws.inventory.stubbed_aws import failure, paged
from tests.inventory.test_owner_kinds import DESCRIBED


@pytest.mark.parametrize(("described", "says", "owner"), TOLD.values(), ids=TOLD)
def test_a_service_identifies_the_owner_of_the_interface(
    described: dict[str, Any], says: Says, owner: tuple[str, str, str]
) -> None:
    region = Region()
    region.add(ENI, **described)
    region.aws.respond(*says)
    assert region.owner_of(ENI) == owner


def test_every_owner_api_kind_is_a_known_owner_kind() -> None:
    asked_for = {kind for source in owner_apis() for kind in source.kinds}
    assert asked_for <= {kind.word for kind in KINDS} | {UNKNOWN}


def test_the_policy_grants_exactly_the_actions_that_are_used() -> None:
    region = Region()
    for number, (type_, description, requester, _) in enumerate(DESCRIBED):
        region.add(f"eni-{number}", description, InterfaceType=type_, RequesterId=requester)
    region.add("eni-i", Attachment={"InstanceId": "i-1"})
    region.add("eni-unknown")
    for service, operation, rows in WITH_MORE_TO_ASK:
        region.aws.respond(service, operation, rows)
    region.source.discover()
    region.source.running_since(VPC)
    assert set(region.aws.calls) == {*DESCRIBE_ACTIONS, VPC_LINKS}


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


def test_a_service_is_called_only_when_it_has_an_interface_in_the_region() -> None:
    region = Region()
    region.add(ENI, "RDSNetworkInterface")
    region.source.discover()
    services = {action.partition(":")[0] for action in region.aws.calls}
    assert services == {"ec2", "rds"}


def test_a_denied_service_affects_its_names_only() -> None:
    region = Region()
    region.add(ENI, "Interface for NAT Gateway nat-1", InterfaceType="nat_gateway")
    region.add("eni-2", "Amazon MQ network interface for broker b-1")
    region.aws.respond("ec2", "describe_nat_gateways", {"NatGateways": [{"NatGatewayId": "nat-1", "Tags": NAMED}]})
    region.aws.respond("mq", "list_brokers", failure("ForbiddenException", 403))
    assert region.owner_of(ENI) == ("nat gateway", "nat-1", "ours")
    assert region.owner_of("eni-2") == ("mq broker", "b-1", "b-1")
    assert "mq list_brokers: ForbiddenException" in region.source.failed_calls


def test_names_of_services_are_bounded() -> None:
    region = Region()
    region.add(ENI, "AWS created network interface for directory d-1")
    name = "x" * 10_000
    region.aws.respond("ds", "describe_directories", {"DirectoryDescriptions": [{"DirectoryId": "d-1", "Name": name}]})
    assert len(region.owner_of(ENI)[2]) == MAX_LETTERS


def test_an_address_claimed_by_two_owners_is_unowned() -> None:
    region = Region()
    region.add(ENI, "RedshiftNetworkInterface", PrivateIpAddress="10.1.0.9")
    nodes = {"VpcId": VPC, "ClusterNodes": [{"PrivateIPAddress": "10.1.0.9"}]}
    clusters = [{"ClusterIdentifier": name, **nodes} for name in ("old", "new")]
    region.aws.respond(
        "redshift", "describe_clusters", paged("Clusters", *([each] for each in clusters), names=("Marker", "Marker"))
    )
    assert region.owner_of(ENI) == ("redshift cluster", ENI, ENI)


def test_an_address_does_not_identify_an_owner_in_another_vpc_or_of_another_kind() -> None:
    region = Region()
    region.add(ENI, "RedshiftNetworkInterface", PrivateIpAddress="10.1.0.9", VpcId="vpc-2")
    region.add("eni-2", "DMSNetworkInterface", PrivateIpAddress="10.1.0.9")
    nodes = {"VpcId": VPC, "ClusterNodes": [{"PrivateIPAddress": "10.1.0.9"}]}
    region.aws.respond("redshift", "describe_clusters", {"Clusters": [{"ClusterIdentifier": "sales", **nodes}]})
    assert region.owner_of(ENI)[2] == ENI
    assert region.owner_of("eni-2")[0] == "dms replication instance"


def database(name: str, **attributes: Any) -> dict[str, Any]:
    subnets = {"Subnets": [{"SubnetIdentifier": SUBNET}, {"SubnetIdentifier": OTHER_SUBNET}]}
    arn = f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:{name}"
    groups = [{"VpcSecurityGroupId": GROUP, "Status": "active"}]
    fields = {"DBInstanceIdentifier": name, "DBInstanceArn": arn, "DBSubnetGroup": subnets, "AvailabilityZone": ZONE}
    return {**fields, "VpcSecurityGroups": groups, **attributes}


def named_among(*databases: dict[str, Any], **attributes: Any) -> str:
    """The name of RDS's interface in the first subnet, with these databases."""
    region = Region()
    region.add(ENI, "RDSNetworkInterface", RequesterId="amazon-rds", **attributes)
    region.aws.respond(
        "rds",
        "describe_db_instances",
        paged("DBInstances", *([each] for each in databases), names=("Marker", "Marker")),
    )
    return region.owner_of(ENI)[2]


def test_a_database_is_named_when_no_other_can_own_the_interface() -> None:
    elsewhere = {"DBSubnetGroup": {"Subnets": [{"SubnetIdentifier": OTHER_SUBNET}]}}
    others = (
        database("other-zone", AvailabilityZone=OTHER_ZONE),
        database("other-groups", VpcSecurityGroups=[{"VpcSecurityGroupId": "sg-2", "Status": "active"}]),
        database("other-subnet", **elsewhere),
        database("other-account", DBInstanceArn="arn:aws:rds:eu-central-1:210987654321:db:other"),
    )
    assert named_among(database("orders"), *others) == "orders"


def test_two_matching_databases_leave_the_interface_unnamed() -> None:
    assert named_among(database("orders"), database("carts")) == ENI


@pytest.mark.parametrize(
    "changing",
    [
        {"VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-2", "Status": "adding"}]},
        {"AvailabilityZone": OTHER_ZONE, "SecondaryAvailabilityZone": ZONE},
    ],
)
def test_a_database_that_might_own_the_interface_leaves_it_unnamed(changing: dict[str, Any]) -> None:
    assert named_among(database("orders"), database("other", **changing)) == ENI


def test_a_database_with_an_unknown_zone_leaves_the_interface_unnamed() -> None:
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
    region.aws.respond("lambda", "list_functions", paged("Functions", *pages, names=("NextMarker", "Marker")))
    return region.discovered(ENI)


def test_a_function_is_named_when_it_is_the_only_match() -> None:
    row = lambda_interface(function("resize"), function("elsewhere", (OTHER_SUBNET,)))
    assert (row.owner_id, row.owner_name) == (function("resize")["FunctionArn"], "resize")


def test_functions_that_share_an_interface_are_listed_despite_its_description() -> None:
    made_for = "AWS Lambda VPC ENI-a-0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f"
    row = lambda_interface(*(function(name) for name in "gfedcba"), description=made_for)
    assert (row.owner_id, row.owner_name) == (ENI, "a, b, c and 4 more")
    assert lambda_interface(function("b"), function("a")).owner_name == "a, b"


def test_a_deleted_function_is_named_by_the_description() -> None:
    made_for = "AWS Lambda VPC ENI-a-0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f"
    assert lambda_interface(description=made_for).owner_name == "a"


def test_an_interface_of_functions_is_not_lasting() -> None:
    assert not lambda_interface(function("resize")).has_fixed_owner
