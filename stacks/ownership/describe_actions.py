"""What the inventory function may ask AWS: every describe and list call that it makes, and none that changes anything.

The roles that it assumes in other accounts need the same. An action that is missing costs names, unless it is one of
INTERFACES: without those nothing is known of the place.
"""

INTERFACES = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcs",
)
ROUTES = (
    "ec2:DescribeRouteTables",
    "ec2:DescribeTransitGatewayAttachments",
    "ec2:DescribeTransitGatewayRouteTables",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:SearchTransitGatewayRoutes",
)
RULES = (
    "ec2:DescribeManagedPrefixLists",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:GetManagedPrefixListEntries",
)
OWNERS = (
    "cloudhsm:DescribeClusters",
    "dms:DescribeReplicationInstances",
    "ds:DescribeDirectories",
    "ec2:DescribeAddresses",
    "ec2:DescribeClientVpnEndpoints",
    "ec2:DescribeInstanceConnectEndpoints",
    "ec2:DescribeNatGateways",
    "ec2:DescribeVpcEndpoints",
    "ecs:DescribeTasks",
    "ecs:ListClusters",
    "ecs:ListTasks",
    "elasticache:DescribeCacheClusters",
    "elasticfilesystem:DescribeFileSystems",
    "elasticloadbalancing:DescribeLoadBalancers",
    "fsx:DescribeFileSystems",
    "lambda:ListFunctions",
    "memorydb:DescribeClusters",
    "mq:ListBrokers",
    "quicksight:ListVPCConnections",
    "rds:DescribeDBInstances",
    "redshift:DescribeClusters",
    "route53resolver:ListResolverEndpoints",
    "sagemaker:ListDomains",
    "workspaces:DescribeWorkspaces",
)
DESCRIBES = (*INTERFACES, *ROUTES, *RULES, *OWNERS)
"""These are about all there is in a region, so their resource is `*`."""
VPC_LINKS = "apigateway:GET"
"""API Gateway knows no other word for reading. It reads everything of every API with it, so it is granted for links
alone: `arn:PARTITION:apigateway:REGION::/vpclinks`."""
