"""Plan -> company: makes the networks in an AWS endpoint, through the EC2, ELB and RDS APIs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.traffic.company import Company, Host, HostKind, Network
from local.traffic.interfaces import Interfaces
from local.traffic.plan import PLANS, HostPlan, NetworkPlan
from local.traffic.requesters import DescribeAs, describe_nothing
from local.traffic.vpcs import MadeVpc, make_vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_rds import RDSClient


@dataclass(frozen=True, slots=True)
class Clients:
    """The boto3 clients that the company is made with."""

    ec2: "EC2Client"
    elbv2: "ElasticLoadBalancingv2Client"
    rds: "RDSClient"


def found(
    clients: Clients, plans: Sequence[NetworkPlan] = PLANS, describe_as: DescribeAs = describe_nothing
) -> Company:
    """The company, made anew: all ids are the endpoint's, all private addresses the plan's.

    `describe_as` sets what the API can't (see requesters.py). Meant for an embedded AWS: it takes addresses and
    interfaces that AWS gives to its own services only.
    """
    region = clients.ec2.meta.region_name
    networks = []
    account_id = ""
    for plan in plans:
        vpc = make_vpc(clients.ec2, plan)
        account_id = vpc.account_id
        networks.append(
            Network(plan.name, vpc.vpc_id, plan.cidr, region, plan.way_in, _hosts(clients, vpc, describe_as))
        )
    return Company(account_id, region, tuple(networks))


def _hosts(clients: Clients, vpc: MadeVpc, describe_as: DescribeAs) -> tuple[Host, ...]:
    services = _ServiceNames(clients, vpc)
    interfaces = Interfaces(clients.ec2, vpc, describe_as)
    hosts = []
    for host in vpc.plan.hosts:
        if host.kind is HostKind.INSTANCE:
            hosts.append(interfaces.instance(host))
        elif host.kind is HostKind.NAT_GATEWAY:
            hosts.append(interfaces.nat_gateway(host))
        else:
            hosts.append(interfaces.of_service(host, services.description(host)))
    return tuple(hosts)


class _ServiceNames:
    """Makes the load balancers and databases of a network, and knows how AWS describes their interfaces."""

    def __init__(self, clients: Clients, vpc: MadeVpc) -> None:
        self._clients = clients
        self._vpc = vpc
        self._load_balancers: dict[str, str] = {}

    def description(self, host: HostPlan) -> str:
        if host.kind is HostKind.FUNCTION:
            return f"AWS Lambda VPC ENI-{host.name}-{_UUID}"
        if host.kind is HostKind.DATABASE:
            self._make_database(host)
            return "RDSNetworkInterface"
        name = host.name.rpartition("-")[0]
        if name not in self._load_balancers:
            self._load_balancers[name] = self._make_load_balancer(name, host)
        return f"ELB {self._load_balancers[name]}"

    def _make_load_balancer(self, name: str, node: HostPlan) -> str:
        """A load balancer in all public subnets; returns `app/NAME/ID` or `net/NAME/ID`, as the end of its ARN reads
        on AWS (moto's says `app` for both).
        """
        is_application = node.kind is HostKind.APPLICATION_LOAD_BALANCER
        made = self._clients.elbv2.create_load_balancer(
            Name=name,
            Type="application" if is_application else "network",
            Scheme="internet-facing",
            Subnets=[self._vpc.subnet(subnet.name).subnet_id for subnet in self._vpc.plan.subnets if subnet.is_public],
            SecurityGroups=[self._vpc.group_ids[group] for group in node.groups],
        )
        load_balancer_id = made["LoadBalancers"][0]["LoadBalancerArn"].rpartition("/")[2]
        return f"{'app' if is_application else 'net'}/{name}/{load_balancer_id}"

    def _make_database(self, host: HostPlan) -> None:
        rds, plan = self._clients.rds, self._vpc.plan
        subnet_ids = [self._vpc.subnet(subnet.name).subnet_id for subnet in plan.subnets if not subnet.is_public]
        group_name = f"{plan.name}-databases"
        rds.create_db_subnet_group(
            DBSubnetGroupName=group_name, DBSubnetGroupDescription="Private subnets", SubnetIds=subnet_ids
        )
        rds.create_db_instance(
            DBInstanceIdentifier=host.name,
            DBInstanceClass="db.t4g.small",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="owner",
            ManageMasterUserPassword=True,
            DBSubnetGroupName=group_name,
            VpcSecurityGroupIds=[self._vpc.group_ids[group] for group in host.groups],
        )


_UUID = "7c1d9a52-0b0e-4c7a-9a55-2f0a3f6e8d11"
