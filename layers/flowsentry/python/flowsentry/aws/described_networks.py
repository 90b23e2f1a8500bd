"""What EC2 says about VPCs and subnets → their blocks, and the ids of availability zones."""

from collections.abc import Iterable

from flowsentry.aws.described_pages import EC2_PAGE, Call, Described

SUBNETS = Call("ec2", "describe_subnets", "Subnets", EC2_PAGE)
VPCS = Call("ec2", "describe_vpcs", "Vpcs", EC2_PAGE)


def blocks_of(vpc: Described) -> tuple[str, ...]:
    """All CIDR blocks of a VPC, the first one first."""
    blocks = [vpc.get("CidrBlock", "")]
    blocks += [each["CidrBlock"] for each in vpc.get("CidrBlockAssociationSet", ())]
    blocks += [each["Ipv6CidrBlock"] for each in vpc.get("Ipv6CidrBlockAssociationSet", ())]
    return tuple(dict.fromkeys(block for block in blocks if block))


def zone_id_by_subnet(subnets: Iterable[Described]) -> dict[str, str]:
    """The ids of the subnets' zones, as flow logs have them: what a zone is called differs from account to account."""
    return {each["SubnetId"]: each.get("AvailabilityZoneId", "") for each in subnets}


def zone_id_by_name(subnets: Iterable[Described]) -> dict[str, str]:
    """The zone's id by what this account calls it."""
    return {each["AvailabilityZone"]: each.get("AvailabilityZoneId", "") for each in subnets}
