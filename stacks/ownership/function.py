"""The function that knows who owns which interface, and what starts it: a schedule, and its queue."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.function import House, PythonFunction, Size
from stacks.ownership.cluster_access import ClusterAccess, put_into_network
from stacks.ownership.inventory_queue import WINDOW_SECONDS

SIZE = Size(memory_mb=1024, timeout_seconds=300)
REQUESTS_A_RUN = 1_000
"""More: a storm of changes is fewer runs, and a batch nears the 6 MB that Lambda takes. Fewer: more runs, each of which
only finds that the place rests."""
RUNS_AT_ONCE = 2
"""The least that may be set. Runs at the same time add up, and do no more than one after the other would."""


class Ownership(Construct):
    """`function`, which looks at accounts, regions and clusters and writes a snapshot: the only one that describes.
    `clusters` is its way into those.
    """

    def __init__(self, scope: Construct, id_: str, *, house: House, environment: dict[str, str]) -> None:
        super().__init__(scope, id_)
        deployment = house.deployment
        self.function = PythonFunction(
            self,
            "Function",
            service="inventory",
            house=house,
            size=SIZE,
            environment=environment,
        )
        self.clusters = ClusterAccess(self, "Clusters", clusters=deployment.kubernetes_clusters, function=self.function)
        if deployment.inventory_network:
            put_into_network(self.function, deployment.inventory_network)
        events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.rate(Duration.minutes(deployment.inventory_minutes)),
            targets=[targets.LambdaFunction(self.function)],
        )

    def take_from(self, queue_arn: str) -> None:
        """Bounded as the object processor is."""
        lambda_.EventSourceMapping(
            self,
            "Requests",
            target=self.function,
            event_source_arn=queue_arn,
            batch_size=REQUESTS_A_RUN,
            max_batching_window=Duration.seconds(WINDOW_SECONDS),
            max_concurrency=RUNS_AT_ONCE,
            report_batch_item_failures=True,
        )
