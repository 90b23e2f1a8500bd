"""Creates load balancers, once for all of their nodes, and returns the interface description of each node."""

from local.traffic.company.build_context import BuildContext, CreatedOwner
from local.traffic.company.network import HostKind
from local.traffic.company.plan import HostPlan


def node(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """A node of an application or network load balancer, described as `ELB app/NAME/ID` or `ELB net/NAME/ID` like the
    end of the ARN on AWS (moto's ARN has `app` for both).
    """
    name = host.owner_name
    if name not in context.balancers:
        context.balancers[name] = _create(context, host)
    return CreatedOwner(f"ELB {context.balancers[name]}")


def _create(context: BuildContext, host: HostPlan) -> str:
    is_application = host.kind is HostKind.APPLICATION_LOAD_BALANCER
    made = context.client("elbv2").create_load_balancer(
        Name=host.owner_name,
        Type="application" if is_application else "network",
        Scheme="internet-facing",
        Subnets=context.subnet_ids(is_public=True),
        SecurityGroups=context.group_ids(host),
    )
    load_balancer_id = made["LoadBalancers"][0]["LoadBalancerArn"].rpartition("/")[2]
    return f"{'app' if is_application else 'net'}/{host.owner_name}/{load_balancer_id}"


def classic_node(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """A node of a Classic Load Balancer, described as `ELB NAME`."""
    name, port = host.owner_name, host.open_ports[0]
    if name not in context.balancers:
        listener = {"Protocol": "TCP", "LoadBalancerPort": port, "InstancePort": port}
        context.client("elb").create_load_balancer(
            LoadBalancerName=name,
            Scheme="internal",
            Listeners=[listener],
            Subnets=[context.subnet_id(host)],
            SecurityGroups=context.group_ids(host),
        )
        context.balancers[name] = name
    return CreatedOwner(f"ELB {name}")
