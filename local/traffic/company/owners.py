"""Host plan -> what has its interface, made through its service's API: databases, gateways, endpoints and the like."""

from collections.abc import Callable, Mapping
from typing import Any

from local.aws.resources import redshift
from local.traffic.company.balancers import classic_node, node
from local.traffic.company.making import MadeOwner, Making
from local.traffic.company.network import HostKind
from local.traffic.company.plan import HostPlan
from local.traffic.company.vpcs import named

PASSWORD = "Not-a-secret-1"  # noqa: S105 - of a made-up cluster in a made-up account
_UUID = "7c1d9a52-0b0e-4c7a-9a55-2f0a3f6e8d11"


def nat_gateway(making: Making, host: HostPlan) -> MadeOwner:
    """With a public address."""
    ec2 = making.client("ec2")
    gateway = ec2.create_nat_gateway(
        SubnetId=making.subnet_id(host),
        AllocationId=ec2.allocate_address(Domain="vpc")["AllocationId"],
        TagSpecifications=[named("natgateway", host.name)],
    )["NatGateway"]
    held = gateway["NatGatewayAddresses"][0]
    return MadeOwner(
        f"Interface for NAT Gateway {gateway['NatGatewayId']}", held["NetworkInterfaceId"], held["PublicIp"]
    )


def database(making: Making, host: HostPlan) -> MadeOwner:
    """In a subnet group of all private subnets."""
    rds, group_name = making.client("rds"), f"{host.name}-subnets"
    rds.create_db_subnet_group(
        DBSubnetGroupName=group_name,
        DBSubnetGroupDescription="Private subnets",
        SubnetIds=making.subnet_ids(is_public=False),
    )
    rds.create_db_instance(
        DBInstanceIdentifier=host.name,
        DBInstanceClass="db.t4g.small",
        Engine="postgres",
        AllocatedStorage=20,
        AvailabilityZone=making.zone(host),
        MasterUsername="owner",
        ManageMasterUserPassword=True,
        DBSubnetGroupName=group_name,
        VpcSecurityGroupIds=making.group_ids(host),
    )
    return MadeOwner("RDSNetworkInterface")


def warehouse(making: Making, host: HostPlan) -> MadeOwner:
    """In a subnet group of its own subnet."""
    clusters, group_name = making.client("redshift"), f"{host.name}-subnets"
    clusters.create_cluster_subnet_group(
        ClusterSubnetGroupName=group_name, Description="Its subnet", SubnetIds=[making.subnet_id(host)]
    )
    clusters.create_cluster(
        ClusterIdentifier=host.name,
        NodeType="ra3.large",
        MasterUsername="owner",
        MasterUserPassword=PASSWORD,
        ClusterSubnetGroupName=group_name,
        VpcSecurityGroupIds=making.group_ids(host),
    )
    return MadeOwner(redshift.DESCRIPTION)


def cache(making: Making, host: HostPlan) -> MadeOwner:
    """One node."""
    elasticache, group_name = making.client("elasticache"), f"{host.name}-subnets"
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName=group_name,
        CacheSubnetGroupDescription="Its subnet",
        SubnetIds=[making.subnet_id(host)],
    )
    elasticache.create_cache_cluster(
        CacheClusterId=host.name,
        Engine="redis",
        CacheNodeType="cache.t4g.micro",
        NumCacheNodes=1,
        CacheSubnetGroupName=group_name,
        SecurityGroupIds=making.group_ids(host),
    )
    return MadeOwner(f"ElastiCache {host.name}")


def search_domain(making: Making, host: HostPlan) -> MadeOwner:
    where = {"SubnetIds": [making.subnet_id(host)], "SecurityGroupIds": making.group_ids(host)}
    making.client("opensearch").create_domain(DomainName=host.name, VPCOptions=where)
    return MadeOwner(f"ES {host.name}")


def function(_making: Making, host: HostPlan) -> MadeOwner:
    """By its description alone: a function would have to be deployed."""
    return MadeOwner(f"AWS Lambda VPC ENI-{host.name}-{_UUID}")


def task(making: Making, host: HostPlan) -> MadeOwner:
    """One of a service of the same name. moto's services run no tasks by themselves."""
    ecs, cluster = making.client("ecs"), making.vpc.plan.name
    ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(
        family=host.name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": host.name, "image": host.name, "cpu": 256, "memory": 512}],
    )
    where = {"subnets": [making.subnet_id(host)], "securityGroups": making.group_ids(host)}
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
    return MadeOwner(f"{arn}:attachment/{attachment['id']}", details["networkInterfaceId"])


def mount_target(making: Making, host: HostPlan) -> MadeOwner:
    """Of a file system of the same name."""
    efs = making.client("efs")
    file_system_id = efs.create_file_system(CreationToken=host.name, Tags=[{"Key": "Name", "Value": host.name}])[
        "FileSystemId"
    ]
    made = efs.create_mount_target(
        FileSystemId=file_system_id,
        SubnetId=making.subnet_id(host),
        IpAddress=making.address(host),
        SecurityGroups=making.group_ids(host),
    )
    description = f"EFS mount target for {file_system_id} ({made['MountTargetId']})"
    return MadeOwner(description, made["NetworkInterfaceId"])


def vpc_endpoint(making: Making, host: HostPlan) -> MadeOwner:
    """An interface endpoint for Secrets Manager."""
    ec2 = making.client("ec2")
    made = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        VpcId=making.vpc.vpc_id,
        ServiceName=f"com.amazonaws.{ec2.meta.region_name}.secretsmanager",
        SubnetIds=[making.subnet_id(host)],
        SecurityGroupIds=making.group_ids(host),
        TagSpecifications=[named("vpc-endpoint", host.name)],
    )["VpcEndpoint"]
    return MadeOwner(f"VPC Endpoint Interface {made['VpcEndpointId']}", made["NetworkInterfaceIds"][0])


def transit_gateway(making: Making, host: HostPlan) -> MadeOwner:
    """An attachment of the VPC, with routes to what is beyond."""
    ec2, plan = making.client("ec2"), making.vpc.plan
    gateway_id = ec2.create_transit_gateway(TagSpecifications=[named("transit-gateway", host.name)])["TransitGateway"][
        "TransitGatewayId"
    ]
    attachment_id = ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway_id,
        VpcId=making.vpc.vpc_id,
        SubnetIds=[making.subnet_id(host)],
    )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    ec2.create_tags(Resources=[attachment_id], Tags=[{"Key": "Name", "Value": host.name}])
    filters = [{"Name": "vpc-id", "Values": [making.vpc.vpc_id]}]
    for table in ec2.describe_route_tables(Filters=filters)["RouteTables"]:
        for block in plan.beyond:
            ec2.create_route(
                RouteTableId=table["RouteTableId"], DestinationCidrBlock=block, TransitGatewayId=gateway_id
            )
    return MadeOwner(f"Network Interface for Transit Gateway Attachment {attachment_id}")


MAKERS: Mapping[HostKind, Callable[[Making, HostPlan], MadeOwner]] = {
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
"""Of every kind but the instance, which is made with its interface."""
