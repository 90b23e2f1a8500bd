"""Example answers of EC2 and of each owner API, with the resulting owner."""

from typing import Any

from tests.aws.inventory.described_region import ACCOUNT, ENI, SUBNET, VPC

BALANCER = f"arn:aws:elasticloadbalancing:eu-central-1:{ACCOUNT}:loadbalancer/app/shop/50dc6c495c0c9188"
UUID = "0a1b2c3d-1111-2222-3333-0a1b2c3d4e5f"
NAMED = [{"Key": "Name", "Value": "ours"}]
DMS = f"arn:aws:dms:eu-central-1:{ACCOUNT}:rep:ABC"
MEMORYDB = f"arn:aws:memorydb:eu-central-1:{ACCOUNT}:cluster/facts"

Says = tuple[str, str, dict[str, Any]]
# What EC2 says of an interface, what its service says, and whose it is then.
TOLD: dict[str, tuple[dict[str, Any], Says, tuple[str, str, str]]] = {
    "a load balancer has its ARN and its name": (
        {"Description": "ELB app/shop/50dc6c495c0c9188"},
        (
            "elbv2",
            "describe_load_balancers",
            {"LoadBalancers": [{"LoadBalancerArn": BALANCER, "LoadBalancerName": "shop"}]},
        ),
        ("application load balancer", BALANCER, "shop"),
    ),
    "a NAT gateway": (
        {"Description": "Interface for NAT Gateway nat-1", "InterfaceType": "nat_gateway"},
        ("ec2", "describe_nat_gateways", {"NatGateways": [{"NatGatewayId": "nat-1", "Tags": NAMED}]}),
        ("nat gateway", "nat-1", "ours"),
    ),
    "a VPC endpoint": (
        {"Description": "VPC Endpoint Interface vpce-1", "InterfaceType": "vpc_endpoint"},
        ("ec2", "describe_vpc_endpoints", {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "Tags": NAMED}]}),
        ("vpc endpoint", "vpce-1", "ours"),
    ),
    "a VPC endpoint without a name is called by its service": (
        {"Description": "VPC Endpoint Interface vpce-1", "InterfaceType": "vpc_endpoint"},
        (
            "ec2",
            "describe_vpc_endpoints",
            {"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "ServiceName": "com.amazonaws.eu-central-1.ecr.api"}]},
        ),
        ("vpc endpoint", "vpce-1", "ecr.api"),
    ),
    "a VPC endpoint to a service of others": (
        {"Description": "VPC Endpoint Interface vpce-1", "InterfaceType": "vpc_endpoint"},
        (
            "ec2",
            "describe_vpc_endpoints",
            {
                "VpcEndpoints": [
                    {"VpcEndpointId": "vpce-1", "ServiceName": "com.amazonaws.vpce.eu-central-1.vpce-svc-1"}
                ]
            },
        ),
        ("vpc endpoint", "vpce-1", "vpce-svc-1"),
    ),
    "a transit gateway's attachment": (
        {"Description": "Network Interface for Transit Gateway Attachment tgw-attach-1"},
        (
            "ec2",
            "describe_transit_gateway_attachments",
            {"TransitGatewayAttachments": [{"TransitGatewayAttachmentId": "tgw-attach-1", "Tags": NAMED}]},
        ),
        ("transit gateway", "tgw-attach-1", "ours"),
    ),
    "a Client VPN endpoint": (
        {"Description": "ClientVPN Endpoint resource for cvpn-endpoint-1"},
        (
            "ec2",
            "describe_client_vpn_endpoints",
            {"ClientVpnEndpoints": [{"ClientVpnEndpointId": "cvpn-endpoint-1", "Description": "staff"}]},
        ),
        ("client vpn endpoint", "cvpn-endpoint-1", "staff"),
    ),
    "an ElastiCache node is its group's": (
        {"Description": "ElastiCache sessions-001"},
        (
            "elasticache",
            "describe_cache_clusters",
            {"CacheClusters": [{"CacheClusterId": "sessions-001", "ReplicationGroupId": "sessions"}]},
        ),
        ("elasticache cluster", "sessions-001", "sessions"),
    ),
    "a MemoryDB node that EC2 says to be ElastiCache's": (
        {"Description": "ElastiCache facts-0001-001"},
        (
            "memorydb",
            "describe_clusters",
            {"Clusters": [{"Name": "facts", "ARN": MEMORYDB, "Shards": [{"Nodes": [{"Name": "facts-0001-001"}]}]}]},
        ),
        ("memorydb cluster", MEMORYDB, "facts"),
    ),
    "an EFS mount target": (
        {"Description": "EFS mount target for fs-1 (fsmt-1)"},
        (
            "efs",
            "describe_file_systems",
            {
                "FileSystems": [
                    {
                        "FileSystemId": "fs-1",
                        "Name": "homes",
                        "OwnerId": ACCOUNT,
                        "CreationToken": "t",
                        "CreationTime": "2026-11-01T00:00:00Z",
                        "LifeCycleState": "available",
                        "Tags": [],
                        "NumberOfMountTargets": 1,
                        "SizeInBytes": {"Value": 0},
                        "PerformanceMode": "maxIO",
                    }
                ]
            },
        ),
        ("efs mount target", "fs-1", "homes"),
    ),
    "an MQ broker": (
        {"Description": f"Amazon MQ network interface for broker b-{UUID}"},
        (
            "mq",
            "list_brokers",
            {
                "BrokerSummaries": [
                    {
                        "BrokerId": f"b-{UUID}",
                        "BrokerName": "orders",
                        "DeploymentMode": "SINGLE_INSTANCE",
                        "EngineType": "ACTIVEMQ",
                    }
                ]
            },
        ),
        ("mq broker", f"b-{UUID}", "orders"),
    ),
    "a directory": (
        {"Description": "AWS created network interface for directory d-1"},
        (
            "ds",
            "describe_directories",
            {"DirectoryDescriptions": [{"DirectoryId": "d-1", "Name": "corp.example.com"}]},
        ),
        ("directory", "d-1", "corp.example.com"),
    ),
    "a Route 53 Resolver endpoint": (
        {"Description": "Route 53 Resolver: rslvr-in-1:rni-1"},
        ("route53resolver", "list_resolver_endpoints", {"ResolverEndpoints": [{"Id": "rslvr-in-1", "Name": "dns"}]}),
        ("resolver endpoint", "rslvr-in-1", "dns"),
    ),
    "a VPC link of API Gateway": (
        {
            "Description": "ENI managed by APIGateway",
            "InterfaceType": "api_gateway_managed",
            "TagSet": [{"Key": "VpcLinkId", "Value": "abc123"}],
        },
        (
            "apigatewayv2",
            "get_vpc_links",
            {"Items": [{"VpcLinkId": "abc123", "Name": "shop", "SecurityGroupIds": [], "SubnetIds": []}]},
        ),
        ("api gateway link", "abc123", "shop"),
    ),
    "a SageMaker domain": (
        {"Description": "[DO NOT DELETE] ENI managed by SageMaker for Studio Domain (d-1)"},
        ("sagemaker", "list_domains", {"Domains": [{"DomainId": "d-1", "DomainName": "science"}]}),
        ("sagemaker domain", "d-1", "science"),
    ),
    "an FSx file system, which EC2 does not identify": (
        {},
        (
            "fsx",
            "describe_file_systems",
            {"FileSystems": [{"FileSystemId": "fs-0123456789abcdef0", "NetworkInterfaceIds": [ENI], "Tags": NAMED}]},
        ),
        ("fsx file system", "fs-0123456789abcdef0", "ours"),
    ),
    "a CloudHSM cluster": (
        {"Description": "CloudHSM Managed Interface"},
        (
            "cloudhsmv2",
            "describe_clusters",
            {"Clusters": [{"ClusterId": "cluster-1", "Hsms": [{"HsmId": "hsm-1", "EniId": ENI}], "TagList": NAMED}]},
        ),
        ("cloudhsm", "cluster-1", "ours"),
    ),
    "an instance connect endpoint": (
        {"InterfaceType": "ec2_instance_connect_endpoint"},
        (
            "ec2",
            "describe_instance_connect_endpoints",
            {"InstanceConnectEndpoints": [{"InstanceConnectEndpointId": "eice-1", "NetworkInterfaceIds": [ENI]}]},
        ),
        ("instance connect endpoint", "eice-1", "eice-1"),
    ),
    "a QuickSight connection": (
        {"InterfaceType": "quicksight"},
        (
            "quicksight",
            "list_vpc_connections",
            {
                "VPCConnectionSummaries": [
                    {
                        "VPCConnectionId": "c-1",
                        "Name": "warehouse",
                        "NetworkInterfaces": [{"NetworkInterfaceId": ENI}],
                    }
                ]
            },
        ),
        ("quicksight connection", "c-1", "warehouse"),
    ),
    "a Redshift cluster, by its nodes' addresses": (
        {"Description": "RedshiftNetworkInterface", "PrivateIpAddress": "10.1.0.9"},
        (
            "redshift",
            "describe_clusters",
            {
                "Clusters": [
                    {
                        "ClusterIdentifier": "sales",
                        "VpcId": VPC,
                        "ClusterNodes": [{"NodeRole": "LEADER", "PrivateIPAddress": "10.1.0.9"}],
                    }
                ]
            },
        ),
        ("redshift cluster", "sales", "sales"),
    ),
    "a DMS replication instance, by its address": (
        {"Description": "DMSNetworkInterface", "PrivateIpAddress": "10.1.0.9"},
        (
            "dms",
            "describe_replication_instances",
            {
                "ReplicationInstances": [
                    {
                        "ReplicationInstanceArn": DMS,
                        "ReplicationInstanceIdentifier": "move",
                        "ReplicationSubnetGroup": {"VpcId": VPC},
                        "ReplicationInstancePrivateIpAddresses": ["10.1.0.9"],
                    }
                ]
            },
        ),
        ("dms replication instance", DMS, "move"),
    ),
    "a WorkSpace, by its address": (
        {
            "Description": f"Created By Amazon Workspaces for AWS Account ID {ACCOUNT}",
            "PrivateIpAddress": "10.1.0.9",
        },
        (
            "workspaces",
            "describe_workspaces",
            {
                "Workspaces": [
                    {
                        "WorkspaceId": "ws-1",
                        "SubnetId": SUBNET,
                        "IpAddress": "10.1.0.9",
                        "ComputerName": "WSAMZN-1",
                    }
                ]
            },
        ),
        ("workspace", "ws-1", "WSAMZN-1"),
    ),
}
