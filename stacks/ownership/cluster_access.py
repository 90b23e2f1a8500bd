"""What the inventory function needs to list pods: access to each EKS cluster, and to the VPC of its endpoint."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import CfnCondition, Fn, Stack
from aws_cdk import aws_eks as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.function import PythonFunction
from stacks.settings.kubernetes import InventoryNetwork, KubernetesCluster

VIEW_POLICY = "AmazonEKSViewPolicy"
"""The most restrictive EKS access policy that lists EndpointSlices; it is read-only. It also reads config maps and logs
of pods, but no secrets; a custom Kubernetes group can allow less.
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"""
INTERFACE_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)


class ClusterAccess(Construct):
    """An EKS access entry for a function's role in each cluster of this Region.

    It allows listing EndpointSlices in all namespaces. EKS supports access entries in clusters whose
    authentication mode is API or API_AND_CONFIG_MAP.

    https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
    """

    def __init__(
        self, scope: Construct, id_: str, *, clusters: Sequence[KubernetesCluster], function: PythonFunction
    ) -> None:
        super().__init__(scope, id_)
        self._clusters = clusters
        self._role_arn = cast("iam.IRole", function.role).role_arn
        self._conditions: dict[str, CfnCondition] = {}
        for cluster in clusters:
            if cluster.access_entry:
                self._add_access_entry(cluster)

    def statements(self) -> list[iam.PolicyStatement]:
        """IAM permissions of the function: to read the endpoint of these clusters.

        A cluster identifies the function through STS (GetCallerIdentity), which needs no permission.
        """
        arns = [self._arn_of(cluster) for cluster in self._clusters]
        return [iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=arns)] if arns else []

    def _arn_of(self, cluster: KubernetesCluster) -> str:
        stack = Stack.of(self)
        return stack.format_arn(
            service="eks", region=cluster.region or stack.region, resource="cluster", resource_name=cluster.name
        )

    def _add_access_entry(self, cluster: KubernetesCluster) -> None:
        groups = list(cluster.kubernetes_groups)
        entry = eks.CfnAccessEntry(
            self,
            f"Entry-{cluster.id}",
            cluster_name=cluster.name,
            principal_arn=self._role_arn,
            type="STANDARD",
            kubernetes_groups=groups or None,
            access_policies=None if groups else [self._view_policy()],
        )
        if cluster.region:
            entry.cfn_options.condition = self._is_region(cluster.region)

    def _view_policy(self) -> eks.CfnAccessEntry.AccessPolicyProperty:
        return eks.CfnAccessEntry.AccessPolicyProperty(
            policy_arn=f"arn:{Stack.of(self).partition}:eks::aws:cluster-access-policy/{VIEW_POLICY}",
            access_scope=eks.CfnAccessEntry.AccessScopeProperty(type="cluster"),
        )

    def _is_region(self, region: str) -> CfnCondition:
        """A condition: the stack is deployed in this Region. A stack creates access entries in its own Region only."""
        if region not in self._conditions:
            here = Fn.condition_equals(Stack.of(self).region, region)
            self._conditions[region] = CfnCondition(self, f"In-{region}", expression=here)
        return self._conditions[region]


def attach_to_vpc(function: PythonFunction, network: InventoryNetwork) -> None:
    """Attaches a function to these subnets, with the permissions by which Lambda creates its network interfaces.

    A Deny statement keeps the function's own code from using these permissions.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    resource = cast("lambda_.CfnFunction", function.node.default_child)
    resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
    )
    _allow_interfaces(function, network)
    _deny_interfaces_to_code(function)


def _allow_interfaces(function: PythonFunction, network: InventoryNetwork) -> None:
    subnets = [_arn(function, "subnet", id_) for id_ in network.subnet_ids]
    groups = [_arn(function, "security-group", id_) for id_ in network.security_group_ids]
    interfaces = _arn(function, "network-interface", "*")
    function.allow(["ec2:CreateNetworkInterface"], *subnets, *groups)
    function.allow_wildcard(
        ["ec2:CreateNetworkInterface"], interfaces, "A network interface has no ID before it is created."
    )
    function.allow_wildcard(
        [action for action in INTERFACE_ACTIONS if action != "ec2:CreateNetworkInterface"],
        _arn(function, "*", "*"),
        "Lambda checks that the role may delete any interface before it creates one, whose ID is not known yet.",
    )
    function.allow_wildcard(
        ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
        "*",
        "EC2 describe actions support no resource-level permissions.",
    )


def _deny_interfaces_to_code(function: PythonFunction) -> None:
    """Adds a separate policy: the function depends on its role's default policy, which can't name the function."""
    deny = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=list(INTERFACE_ACTIONS),
        resources=["*"],
        conditions={"ArnEquals": {"lambda:SourceFunctionArn": function.function_arn}},
    )
    iam.Policy(function, "NoInterfacesByItself", statements=[deny], roles=[cast("iam.IRole", function.role)])


def _arn(function: PythonFunction, resource: str, name: str) -> str:
    return Stack.of(function).format_arn(service="ec2", resource=resource, resource_name=name)
