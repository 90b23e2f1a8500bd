"""Creates the company's networks in an AWS endpoint from their plans, through the APIs of EC2 and other services."""

from collections.abc import Sequence

from local.traffic.company.build_context import BuildContext, Client
from local.traffic.company.interfaces import Interfaces
from local.traffic.company.network import Company, Network
from local.traffic.company.plan import PLANS, NetworkPlan
from local.traffic.company.vpcs import create_vpc


def create_company(client: Client, plans: Sequence[NetworkPlan] = PLANS) -> Company:
    """The created company. Its ids come from the endpoint, its private addresses from the plan.

    Meant for the embedded AWS, which accepts addresses and interface attributes that only AWS itself can set (see
    requesters.py).
    """
    networks = [_network(client, plan) for plan in plans]
    ec2 = client("ec2")
    account_id = ec2.describe_vpcs(VpcIds=[networks[0].vpc_id])["Vpcs"][0]["OwnerId"]
    return Company(account_id, ec2.meta.region_name, tuple(networks))


def _network(client: Client, plan: NetworkPlan) -> Network:
    ec2 = client("ec2")
    vpc = create_vpc(ec2, plan)
    interfaces = Interfaces(BuildContext(client, vpc))
    hosts = tuple(interfaces.host(host) for host in plan.hosts)
    return Network(
        plan.name, vpc.vpc_id, plan.cidr, ec2.meta.region_name, plan.delivery_path, hosts, plan.transit_cidrs
    )
