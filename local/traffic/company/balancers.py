"""The load balancers of a network, each with a node in every zone: made once, and how EC2 describes the nodes."""

from local.traffic.company.making import MadeOwner, Making
from local.traffic.company.network import HostKind
from local.traffic.company.plan import HostPlan


def node(making: Making, host: HostPlan) -> MadeOwner:
    """A node of an application or network load balancer: described as `ELB app/NAME/ID` or `ELB net/NAME/ID`, as the
    end of the ARN reads on AWS (moto's says `app` for both).
    """
    name = host.owner_name
    if name not in making.balancers:
        making.balancers[name] = _make(making, host)
    return MadeOwner(f"ELB {making.balancers[name]}")


def _make(making: Making, host: HostPlan) -> str:
    is_application = host.kind is HostKind.APPLICATION_LOAD_BALANCER
    made = making.client("elbv2").create_load_balancer(
        Name=host.owner_name,
        Type="application" if is_application else "network",
        Scheme="internet-facing",
        Subnets=making.subnet_ids(is_public=True),
        SecurityGroups=making.group_ids(host),
    )
    load_balancer_id = made["LoadBalancers"][0]["LoadBalancerArn"].rpartition("/")[2]
    return f"{'app' if is_application else 'net'}/{host.owner_name}/{load_balancer_id}"


def classic_node(making: Making, host: HostPlan) -> MadeOwner:
    """A node of a classic load balancer: described as `ELB NAME`."""
    name, port = host.owner_name, host.listens[0]
    if name not in making.balancers:
        listener = {"Protocol": "TCP", "LoadBalancerPort": port, "InstancePort": port}
        making.client("elb").create_load_balancer(
            LoadBalancerName=name,
            Scheme="internal",
            Listeners=[listener],
            Subnets=[making.subnet_id(host)],
            SecurityGroups=making.group_ids(host),
        )
        making.balancers[name] = name
    return MadeOwner(f"ELB {name}")
