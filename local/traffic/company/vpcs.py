"""Creates a VPC from its plan: subnets, internet gateway, security groups and network ACLs, through the EC2 API."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.traffic.company.network import ANY_PROTOCOL, ICMP, TO_ANYWHERE, Rule
from local.traffic.company.plan import NetworkPlan, SubnetPlan

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef, TagSpecificationTypeDef

FIRST_DENIAL, ALLOW_ALL = 90, 100
PROTOCOL_NAMES = {ANY_PROTOCOL: "-1", 1: "icmp", 6: "tcp", 17: "udp"}


@dataclass(frozen=True, slots=True)
class CreatedSubnet:
    subnet_id: str
    availability_zone_id: str


@dataclass(frozen=True, slots=True)
class CreatedVpc:
    """A plan, and the ids of the resources created from it."""

    plan: NetworkPlan
    account_id: str
    vpc_id: str
    subnets: dict[str, CreatedSubnet]
    group_ids: dict[str, str]

    def subnet(self, name: str) -> CreatedSubnet:
        return self.subnets[name]


def named(resource: str, name: str) -> "TagSpecificationTypeDef":
    """A Name tag, for the TagSpecifications of a create call."""
    return {"ResourceType": resource, "Tags": [{"Key": "Name", "Value": name}]}  # type: ignore[typeddict-item]


def create_vpc(ec2: "EC2Client", plan: NetworkPlan) -> CreatedVpc:
    """The created VPC of a plan, without hosts."""
    vpc = ec2.create_vpc(CidrBlock=plan.cidr, TagSpecifications=[named("vpc", plan.name)])["Vpc"]
    made = CreatedVpc(plan, vpc["OwnerId"], vpc["VpcId"], {}, {})
    ec2.modify_vpc_attribute(VpcId=made.vpc_id, EnableDnsHostnames={"Value": True})
    for subnet in plan.subnets:
        made.subnets[subnet.name] = _create_subnet(ec2, made, subnet)
    _open_to_internet(ec2, made)
    _create_groups(ec2, made)
    return made


def _create_subnet(ec2: "EC2Client", vpc: CreatedVpc, plan: SubnetPlan) -> CreatedSubnet:
    subnet = ec2.create_subnet(
        VpcId=vpc.vpc_id,
        CidrBlock=vpc.plan.block(plan),
        AvailabilityZone=ec2.meta.region_name + plan.zone,
        TagSpecifications=[named("subnet", f"{vpc.plan.name}-{plan.name}")],
    )["Subnet"]
    if plan.denials:
        _deny(ec2, vpc, plan, subnet["SubnetId"])
    return CreatedSubnet(subnet["SubnetId"], subnet["AvailabilityZoneId"])


def _deny(ec2: "EC2Client", vpc: CreatedVpc, plan: SubnetPlan, subnet_id: str) -> None:
    """Gives the subnet its own network ACL: the plan's deny rules first, then a rule that allows all traffic."""
    acl_id = ec2.create_network_acl(
        VpcId=vpc.vpc_id, TagSpecifications=[named("network-acl", f"{vpc.plan.name}-{plan.name}")]
    )["NetworkAcl"]["NetworkAclId"]
    for number, denial in enumerate(plan.denials, FIRST_DENIAL):
        ec2.create_network_acl_entry(
            NetworkAclId=acl_id,
            RuleNumber=number,
            Protocol="6",
            RuleAction="deny",
            Egress=denial.is_outbound,
            CidrBlock=denial.peer,
            PortRange={"From": denial.first_port, "To": denial.last_port},
        )
    for is_outbound in (False, True):
        ec2.create_network_acl_entry(
            NetworkAclId=acl_id,
            RuleNumber=ALLOW_ALL,
            Protocol="-1",
            RuleAction="allow",
            Egress=is_outbound,
            CidrBlock="0.0.0.0/0",
        )
    ec2.replace_network_acl_association(AssociationId=_acl_association(ec2, subnet_id), NetworkAclId=acl_id)


def _acl_association(ec2: "EC2Client", subnet_id: str) -> str:
    acls = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet_id]}])["NetworkAcls"]
    associations = [each for acl in acls for each in acl["Associations"] if each["SubnetId"] == subnet_id]
    return associations[0]["NetworkAclAssociationId"]


def _open_to_internet(ec2: "EC2Client", vpc: CreatedVpc) -> None:
    gateway_id = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc.vpc_id)
    table_id = ec2.create_route_table(VpcId=vpc.vpc_id)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
    for subnet in vpc.plan.subnets:
        if subnet.is_public:
            ec2.associate_route_table(RouteTableId=table_id, SubnetId=vpc.subnet(subnet.name).subnet_id)


def _create_groups(ec2: "EC2Client", vpc: CreatedVpc) -> None:
    """Creates all groups before any rule, because rules reference groups."""
    for name in vpc.plan.groups:
        vpc.group_ids[name] = ec2.create_security_group(
            GroupName=name, Description=f"Rules of {name}", VpcId=vpc.vpc_id
        )["GroupId"]
    for name, group_id in vpc.group_ids.items():
        if rules := vpc.plan.rules(name):
            ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=_permissions(vpc, rules))
        if name in vpc.plan.outbound:
            ec2.revoke_security_group_egress(GroupId=group_id, IpPermissions=_permissions(vpc, TO_ANYWHERE))
            ec2.authorize_security_group_egress(
                GroupId=group_id, IpPermissions=_permissions(vpc, vpc.plan.outbound_rules(name))
            )


def _permissions(vpc: CreatedVpc, rules: Iterable[Rule]) -> "list[IpPermissionTypeDef]":
    return [_permission(vpc, rule) for rule in rules]


def _permission(vpc: CreatedVpc, rule: Rule) -> "IpPermissionTypeDef":
    permission: IpPermissionTypeDef = {"IpProtocol": PROTOCOL_NAMES[rule.protocol]}
    if rule.protocol == ICMP:
        permission |= {"FromPort": -1, "ToPort": -1}
    elif rule.protocol != ANY_PROTOCOL:
        permission |= {"FromPort": rule.first_port, "ToPort": rule.last_port}
    if "/" in rule.peer:
        permission["IpRanges"] = [{"CidrIp": rule.peer}]
    else:
        permission["UserIdGroupPairs"] = [{"GroupId": vpc.group_ids[rule.peer]}]
    return permission
