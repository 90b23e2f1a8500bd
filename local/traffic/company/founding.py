"""Plan -> company: makes the networks in an AWS endpoint, through the APIs of EC2 and of what else has interfaces."""

from collections.abc import Sequence

from local.traffic.company.interfaces import Interfaces
from local.traffic.company.making import Client, Making
from local.traffic.company.network import Company, Network
from local.traffic.company.plan import PLANS, NetworkPlan
from local.traffic.company.vpcs import make_vpc


def found(client: Client, plans: Sequence[NetworkPlan] = PLANS) -> Company:
    """The company, made anew: all ids are the endpoint's, all private addresses the plan's.

    Meant for the embedded AWS: it takes addresses and interfaces that AWS gives to its own services only, and says of
    them what only AWS can (see requesters.py).
    """
    networks = [_network(client, plan) for plan in plans]
    ec2 = client("ec2")
    account_id = ec2.describe_vpcs(VpcIds=[networks[0].vpc_id])["Vpcs"][0]["OwnerId"]
    return Company(account_id, ec2.meta.region_name, tuple(networks))


def _network(client: Client, plan: NetworkPlan) -> Network:
    ec2 = client("ec2")
    vpc = make_vpc(ec2, plan)
    interfaces = Interfaces(Making(client, vpc))
    hosts = tuple(interfaces.host(host) for host in plan.hosts)
    return Network(plan.name, vpc.vpc_id, plan.cidr, ec2.meta.region_name, plan.way_in, hosts, plan.beyond)
