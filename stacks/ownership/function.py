"""The inventory function, which discovers owners of network interfaces, and its triggers: a schedule and a queue."""

from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.function import FunctionDefaults, PythonFunction, Size
from stacks.ownership.cluster_access import ClusterAccess, attach_to_vpc
from stacks.ownership.inventory_queue import WINDOW_SECONDS
from stacks.settings.deployment import Deployment

SIZE = Size(memory_mb=1024, timeout_seconds=300)
REQUEST_BATCH_SIZE = 1_000
"""Requests in a batch. Higher: fewer invocations when many changes arrive, but a batch approaches Lambda's 6 MB limit.
Lower: more invocations, which only find that the target is in its cooldown."""
MAX_CONCURRENCY = 2
"""The minimum that Lambda accepts. Concurrent invocations merge their results, and repeat no discovery."""


class Ownership(Construct):
    """The function that discovers accounts, Regions and clusters, and writes the inventory snapshot.

    No other function may call the describe actions of the inventory. `clusters` is its access to EKS clusters.
    """

    def __init__(self, scope: Construct, id_: str, *, defaults: FunctionDefaults, environment: dict[str, str]) -> None:
        super().__init__(scope, id_)
        deployment = defaults.deployment
        self.function = PythonFunction(
            self,
            "Function",
            service="inventory",
            defaults=defaults,
            size=SIZE,
            environment=environment,
        )
        self._name_role(deployment)
        self.clusters = ClusterAccess(self, "Clusters", clusters=deployment.kubernetes_clusters, function=self.function)
        if deployment.inventory_network:
            attach_to_vpc(self.function, deployment.inventory_network)
        events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.rate(Duration.minutes(deployment.inventory_minutes)),
            targets=[targets.LambdaFunction(self.function)],
        )

    def _name_role(self, deployment: Deployment) -> None:
        """Gives the role a name, which other accounts can trust. A generated name is cut where it is too long."""
        role = cast("iam.IRole", self.function.role).node.default_child
        assert isinstance(role, iam.CfnRole)  # noqa: S101 - for the type checker
        role.role_name = deployment.inventory_role_name(Stack.of(self).region)

    def receive_from(self, queue_arn: str) -> None:
        """Invokes the function with requests of the queue, limited by MaximumConcurrency like the object processor."""
        lambda_.EventSourceMapping(
            self,
            "Requests",
            target=self.function,
            event_source_arn=queue_arn,
            batch_size=REQUEST_BATCH_SIZE,
            max_batching_window=Duration.seconds(WINDOW_SECONDS),
            max_concurrency=MAX_CONCURRENCY,
            report_batch_item_failures=True,
        )
