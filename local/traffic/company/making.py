"""Making and MadeOwner: what owners are made with, and what is known of them once they are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.traffic.company.plan import HostPlan
from local.traffic.company.vpcs import MadeVpc

Client = Callable[[str], Any]
"""Makes the boto3 client of an AWS service, by its name."""


@dataclass(frozen=True, slots=True)
class MadeOwner:
    """What has an interface. `description` is that of the interface; `interface_id` is set where AWS has made one,
    `public_address` where it has a public one by itself.
    """

    description: str
    interface_id: str = ""
    public_address: str | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """One VPC, and the clients to make things in it. `balancers` are the load balancers made so far: all of their nodes
    are of one.
    """

    client: Client
    vpc: MadeVpc
    balancers: dict[str, str] = field(default_factory=dict)

    def subnet_id(self, host: HostPlan) -> str:
        return self.vpc.subnet(host.subnet).subnet_id

    def zone(self, host: HostPlan) -> str:
        region = self.client("ec2").meta.region_name
        return f"{region}{self.vpc.plan.subnet(host.subnet).zone}"

    def subnet_ids(self, *, is_public: bool) -> list[str]:
        return [
            self.vpc.subnet(subnet.name).subnet_id for subnet in self.vpc.plan.subnets if subnet.is_public is is_public
        ]

    def group_ids(self, host: HostPlan) -> list[str]:
        return [self.vpc.group_ids[group] for group in host.groups]

    def address(self, host: HostPlan) -> str:
        return self.vpc.plan.address(host)
