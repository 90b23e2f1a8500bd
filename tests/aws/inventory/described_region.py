"""A Region as describe calls return it: one VPC with two subnets, and the interfaces that a test adds."""

from dataclasses import dataclass, field
from typing import Any

from flowsentry.aws.inventory.region import RegionDiscovery
from flowsentry.inventory.inventory import Interface
from tests.aws.inventory.stubbed_aws import StubbedAws, paged
from tests.moto_world import REGION

ACCOUNT = "123456789012"
TARGET = f"{ACCOUNT}/{REGION}"
VPC, GROUP = "vpc-0123456789abcdef0", "sg-0123456789abcdef0"
SUBNET, OTHER_SUBNET = "subnet-0123456789abcdef0", "subnet-0123456789abcdef1"
ENI = "eni-0123456789abcdef0"
ZONE, ZONE_ID, OTHER_ZONE, OTHER_ZONE_ID = f"{REGION}a", "euc1-az2", f"{REGION}b", "euc1-az3"
NOW = 1_790_000_000


@dataclass
class Region:
    """Calls go through `aws`, which denies operations without an answer; `page` is the number of rows on a page."""

    aws: StubbedAws = field(default_factory=StubbedAws)
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    source: RegionDiscovery = field(init=False)

    def __post_init__(self) -> None:
        self.source = RegionDiscovery(TARGET, self.aws, clock=lambda: NOW)
        subnets = [(SUBNET, ZONE, ZONE_ID), (OTHER_SUBNET, OTHER_ZONE, OTHER_ZONE_ID)]
        names = ("SubnetId", "AvailabilityZone", "AvailabilityZoneId")
        rows = [{**dict(zip(names, each, strict=True)), "VpcId": VPC} for each in subnets]
        self.aws.respond("ec2", "describe_subnets", {"Subnets": rows})
        self.aws.respond("ec2", "describe_vpcs", {"Vpcs": [{"VpcId": VPC, "CidrBlock": "10.1.0.0/16"}]})
        self.aws.respond("ec2", "describe_network_interfaces", self._page)
        self.aws.respond("ec2", "describe_tags", {"Tags": []})
        self.aws.respond("ec2", "describe_flow_logs", {"FlowLogs": []})

    def _page(self, arguments: Any) -> Any:
        wanted = [value for each in arguments.get("Filters", ()) for value in each["Values"]]
        rows = [each for each in self.interfaces if not wanted or each["NetworkInterfaceId"] in wanted]
        pages = [rows[first : first + self.page] for first in range(0, len(rows), self.page)]
        return paged("NetworkInterfaces", *pages or [[]])(arguments)

    def add(self, interface_id: str, description: str = "", **attributes: Any) -> None:
        """Adds an interface in the first subnet; `attributes` overrides attributes of EC2's description."""
        fields = {"NetworkInterfaceId": interface_id, "Description": description, "InterfaceType": "interface"}
        where = {"OwnerId": ACCOUNT, "VpcId": VPC, "SubnetId": SUBNET, "Groups": [{"GroupId": GROUP}]}
        self.interfaces.append({**fields, **where, **attributes})

    def discovered(self, interface_id: str) -> Interface:
        return next(each for each in self.source.discover().interfaces if each.interface_id == interface_id)

    def owner_of(self, interface_id: str) -> tuple[str, str, str]:
        """Kind, id and name."""
        row = self.discovered(interface_id)
        return row.owner_kind, row.owner_id, row.owner_name
