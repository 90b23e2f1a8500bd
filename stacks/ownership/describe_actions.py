"""IAM actions of the inventory function's describe and list calls. All of them are read-only.

The roles that it assumes in other accounts need the same actions. Without one of INTERFACES the target can't be
discovered; without any other action only the owners, routes, rules or flow logs that it returns are missing.
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
FLOW_LOGS = (
    "ec2:DescribeFlowLogs",
    "ec2:DescribeInstances",
)
"""For the health of each flow log; the second is called for flow logs without records only."""
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
DESCRIBE_ACTIONS = (*INTERFACES, *ROUTES, *RULES, *FLOW_LOGS, *OWNERS)
"""They list all resources of a Region, so their resource is `*`."""
VPC_LINKS = "apigateway:GET"
"""API Gateway's only action for reading. It would allow reading all APIs, so it is granted for VPC links only:
`arn:PARTITION:apigateway:REGION::/vpclinks`."""
