"""Creates the owner of a planned interface through its service's API: databases, gateways, endpoints and others."""

from collections.abc import Callable, Mapping
from typing import Any

from local.aws.settings import REDSHIFT_INTERFACE
from local.traffic.company.balancers import classic_node, node
from local.traffic.company.build_context import BuildContext, CreatedOwner
from local.traffic.company.network import HostKind
from local.traffic.company.plan import HostPlan
from local.traffic.company.vpcs import named

PASSWORD = "Not-a-secret-1"  # noqa: S105 - of an invented cluster in an invented account
_UUID = "7c1d9a52-0b0e-4c7a-9a55-2f0a3f6e8d11"


def nat_gateway(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """A NAT gateway with a public address."""
    ec2 = context.client("ec2")
    gateway = ec2.create_nat_gateway(
        SubnetId=context.subnet_id(host),
        AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"],
        TagSpecifications=[named("natgateway", host.name)],
    )["NatGateway"]
    address = gateway["NatGatewayAddresses"][0]
    return CreatedOwner(
        f"Interface for NAT Gateway {gateway['NatGatewayId']}", address["NetworkInterfaceId"], address["PublicIp"]
    )


def database(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """An RDS instance in a subnet group of all private subnets."""
    rds, group_name = context.client("rds"), f"{host.name}-subnets"
    rds.create_db_subnet_group(
        DBSubnetGroupName=group_name,
        DBSubnetGroupDescription="Private subnets",
        SubnetIds=context.subnet_ids(is_public=False),
    )
    rds.create_db_instance(
        DBInstanceIdentifier=host.name,
        DBInstanceClass="db.t4g.small",
        Engine="postgres",
        AllocatedStorage=20,
        AvailabilityZone=context.zone(host),
        MasterUsername="owner",
        ManageMasterUserPassword=True,
        DBSubnetGroupName=group_name,
        VpcSecurityGroupIds=context.group_ids(host),
    )
    return CreatedOwner("RDSNetworkInterface")


def warehouse(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """A Redshift cluster in a subnet group of its own subnet."""
    clusters, group_name = context.client("redshift"), f"{host.name}-subnets"
    clusters.create_cluster_subnet_group(
        ClusterSubnetGroupName=group_name, Description="Its subnet", SubnetIds=[context.subnet_id(host)]
    )
    clusters.create_cluster(
        ClusterIdentifier=host.name,
        NodeType="ra3.large",
        MasterUsername="owner",
        MasterUserPassword=PASSWORD,
        ClusterSubnetGroupName=group_name,
        VpcSecurityGroupIds=context.group_ids(host),
    )
    return CreatedOwner(REDSHIFT_INTERFACE)


def cache(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """An ElastiCache cluster with one node."""
    elasticache, group_name = context.client("elasticache"), f"{host.name}-subnets"
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName=group_name,
        CacheSubnetGroupDescription="Its subnet",
        SubnetIds=[context.subnet_id(host)],
    )
    elasticache.create_cache_cluster(
        CacheClusterId=host.name,
        Engine="redis",
        CacheNodeType="cache.t4g.micro",
        NumCacheNodes=1,
        CacheSubnetGroupName=group_name,
        SecurityGroupIds=context.group_ids(host),
    )
    return CreatedOwner(f"ElastiCache {host.name}")


def search_domain(context: BuildContext, host: HostPlan) -> CreatedOwner:
    where = {"SubnetIds": [context.subnet_id(host)], "SecurityGroupIds": context.group_ids(host)}
    context.client("opensearch").create_domain(DomainName=host.name, VPCOptions=where)
    return CreatedOwner(f"ES {host.name}")


def function(_context: BuildContext, host: HostPlan) -> CreatedOwner:
    """Only the description of a function's interface; the function itself is not deployed."""
    return CreatedOwner(f"AWS Lambda VPC ENI-{host.name}-{_UUID}")


def task(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """A task of an ECS service of the same name, started here because moto's services start no tasks."""
    ecs, cluster = context.client("ecs"), context.vpc.plan.name
    ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(
        family=host.name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": host.name, "image": host.name, "cpu": 256, "memory": 512}],
    )
    where = {"subnets": [context.subnet_id(host)], "securityGroups": context.group_ids(host)}
    run: dict[str, Any] = {
        "cluster": cluster,
        "taskDefinition": host.name,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": where},
    }
    ecs.create_service(serviceName=host.name, desiredCount=1, **run)
    [made] = ecs.run_task(group=f"service:{host.name}", **run)["tasks"]
    [attachment] = made["attachments"]
    details = {each["name"]: each["value"] for each in attachment["details"]}
    arn = made["taskArn"].partition(":task/")[0]
    return CreatedOwner(f"{arn}:attachment/{attachment['id']}", details["networkInterfaceId"])


def mount_target(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """The mount target of an EFS file system of the same name."""
    efs = context.client("efs")
    file_system_id = efs.create_file_system(CreationToken=host.name, Tags=[{"Key": "Name", "Value": host.name}])[
        "FileSystemId"
    ]
    made = efs.create_mount_target(
        FileSystemId=file_system_id,
        SubnetId=context.subnet_id(host),
        IpAddress=context.address(host),
        SecurityGroups=context.group_ids(host),
    )
    description = f"EFS mount target for {file_system_id} ({made['MountTargetId']})"
    return CreatedOwner(description, made["NetworkInterfaceId"])


def vpc_endpoint(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """An interface endpoint for Secrets Manager."""
    ec2 = context.client("ec2")
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=context.vpc.vpc_id,
        ServiceName=f"com.amazonaws.{ec2.meta.region_name}.secretsmanager",
        SubnetIds=[context.subnet_id(host)],
        SecurityGroupIds=context.group_ids(host),
        TagSpecifications=[named("vpc-endpoint", host.name)],
    )["VpcEndpoint"]
    return CreatedOwner(f"VPC Endpoint Interface {made['VpcEndpointId']}", made["NetworkInterfaceIds"][0])


def transit_gateway(context: BuildContext, host: HostPlan) -> CreatedOwner:
    """A transit gateway attached to the VPC, with routes to the plan's transit CIDR blocks."""
    ec2, plan = context.client("ec2"), context.vpc.plan
    gateway_id = ec2.create_transit_gateway(TagSpecifications=[named("transit-gateway", host.name)])["TransitGateway"][
        "TransitGatewayId"
    ]
    attachment_id = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway_id,
        VpcId=context.vpc.vpc_id,
        SubnetIds=[context.subnet_id(host)],
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    ec2.create_tags(Resources=[attachment_id], Tags=[{"Key": "Name", "Value": host.name}])
    filters = [{"Name": "vpc-id", "Values": [context.vpc.vpc_id]}]
    for table in ec2.describe_route_tables(Filters=filters)["RouteTables"]:
        for block in plan.transit_cidrs:
            ec2.create_route(
                RouteTableId=table["RouteTableId"], DestinationCidrBlock=block, TransitGatewayId=gateway_id
            )
    return CreatedOwner(f"Network Interface for Transit Gateway Attachment {attachment_id}")


CREATORS: Mapping[HostKind, Callable[[BuildContext, HostPlan], CreatedOwner]] = {
    HostKind.APPLICATION_LOAD_BALANCER: node,
    HostKind.NETWORK_LOAD_BALANCER: node,
    HostKind.CLASSIC_LOAD_BALANCER: classic_node,
    HostKind.NAT_GATEWAY: nat_gateway,
    HostKind.DATABASE: database,
    HostKind.WAREHOUSE: warehouse,
    HostKind.CACHE: cache,
    HostKind.SEARCH_DOMAIN: search_domain,
    HostKind.FUNCTION: function,
    HostKind.TASK: task,
    HostKind.MOUNT_TARGET: mount_target,
    HostKind.VPC_ENDPOINT: vpc_endpoint,
    HostKind.TRANSIT_GATEWAY: transit_gateway,
}
"""One function for every owner kind except the instance, which is created with its interface."""
