"""BuildContext and CreatedOwner: input and output of the functions that create interface owners."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.traffic.company.plan import HostPlan
from local.traffic.company.vpcs import CreatedVpc

Client = Callable[[str], Any]
"""Returns the boto3 client of an AWS service, by the service's name."""


@dataclass(frozen=True, slots=True)
class CreatedOwner:
    """The owner of an interface. `description` is the interface's; `interface_id` is set when the service created the
    interface, `public_address` when the service allocated one.
    """

    description: str
    interface_id: str = ""
    public_address: str | None = None


@dataclass(frozen=True, slots=True)
class BuildContext:
    """One VPC, and the clients to create resources in it. `balancers` are the load balancers created so far (name ->
    name or id in the interface description); all nodes of a load balancer share one.
    """

    client: Client
    vpc: CreatedVpc
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
