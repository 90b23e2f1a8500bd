"""What the inventory function needs to name pods: a way into each cluster, and into the network it is in."""

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
"""The narrowest of EKS's policies that lists EndpointSlices and changes nothing. It reads config maps and logs of pods
as well, no secrets; groups of one's own can be narrower.
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"""
TO_MAKE_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)


class ClusterAccess(Construct):
    """An EKS access entry for a function's role in each cluster of this region: it may list EndpointSlices in all
    namespaces. EKS takes entries in clusters whose authentication mode is API or API_AND_CONFIG_MAP.

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
                self._let_into(cluster)

    def statements(self) -> list[iam.PolicyStatement]:
        """What the function needs of IAM, and for these clusters only: to know how they are reached. Who it is, a
        cluster asks STS, and STS tells that without a grant.
        """
        arns = [self._arn_of(cluster) for cluster in self._clusters]
        return [iam.PolicyStatement(actions=["eks:DescribeCluster"], resources=arns)] if arns else []

    def _arn_of(self, cluster: KubernetesCluster) -> str:
        stack = Stack.of(self)
        return stack.format_arn(
            service="eks", region=cluster.region or stack.region, resource="cluster", resource_name=cluster.name
        )

    def _let_into(self, cluster: KubernetesCluster) -> None:
        groups = list(cluster.kubernetes_groups)
        entry = eks.CfnAccessEntry(
            self,
            f"Entry-{cluster.id}",
            cluster_name=cluster.name,
            principal_arn=self._role_arn,
            type="STANDARD",
            kubernetes_groups=groups or None,
            access_policies=None if groups else [self._view()],
        )
        if cluster.region:
            entry.cfn_options.condition = self._deployed_into(cluster.region)

    def _view(self) -> eks.CfnAccessEntry.AccessPolicyProperty:
        return eks.CfnAccessEntry.AccessPolicyProperty(
            policy_arn=f"arn:{Stack.of(self).partition}:eks::aws:cluster-access-policy/{VIEW_POLICY}",
            access_scope=eks.CfnAccessEntry.AccessScopeProperty(type="cluster"),
        )

    def _deployed_into(self, region: str) -> CfnCondition:
        """Whether it is this region: a stack makes entries in its own, and knows it only when it is deployed."""
        if region not in self._conditions:
            here = Fn.condition_equals(Stack.of(self).region, region)
            self._conditions[region] = CfnCondition(self, f"In-{region}", expression=here)
        return self._conditions[region]


def put_into_network(function: PythonFunction, network: InventoryNetwork) -> None:
    """Lets a function run in these subnets, with the grants by which Lambda makes its interfaces there, and a denial
    that keeps the function's own code from using them.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    resource = cast("lambda_.CfnFunction", function.node.default_child)
    resource.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
        subnet_ids=list(network.subnet_ids), security_group_ids=list(network.security_group_ids)
    )
    _allow_interfaces(function, network)
    _deny_them_to_its_code(function)


def _allow_interfaces(function: PythonFunction, network: InventoryNetwork) -> None:
    subnets = [_arn(function, "subnet", id_) for id_ in network.subnet_ids]
    groups = [_arn(function, "security-group", id_) for id_ in network.security_group_ids]
    interfaces = _arn(function, "network-interface", "*")
    function.allow(["ec2:CreateNetworkInterface"], *subnets, *groups)
    function.allow_all_of(["ec2:CreateNetworkInterface"], interfaces, "An interface has no id before it is made.")
    function.allow_all_of(
        [action for action in TO_MAKE_INTERFACES if action != "ec2:CreateNetworkInterface"],
        _arn(function, "*", "*"),
        "Lambda checks that the role may delete any interface before it makes one, whose id nobody knows.",
    )
    function.allow_all_of(
        ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*", "Describe calls of EC2 know no resources."
    )


def _deny_them_to_its_code(function: PythonFunction) -> None:
    """A policy of its own: the function waits for its role's, which therefore can't name it."""
    deny = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=list(TO_MAKE_INTERFACES),
        resources=["*"],
        conditions={"ArnEquals": {"lambda:SourceFunctionArn": function.function_arn}},
    )
    iam.Policy(function, "NoInterfacesByItself", statements=[deny], roles=[cast("iam.IRole", function.role)])


def _arn(function: PythonFunction, resource: str, name: str) -> str:
    return Stack.of(function).format_arn(service="ec2", resource=resource, resource_name=name)
