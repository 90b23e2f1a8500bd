"""The function that knows who owns which interface, and its schedule."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.python_function import House, PythonFunction, Size

SIZE = Size(memory_mb=512, timeout_seconds=300)


class Ownership(Construct):
    """`function`, which describes the region's interfaces and writes a snapshot: the only one that describes."""

    def __init__(self, scope: Construct, id_: str, *, house: House, environment: dict[str, str]) -> None:
        super().__init__(scope, id_)
        self.function = PythonFunction(
            self,
            "Function",
            service="inventory",
            house=house,
            size=SIZE,
            environment=environment,
        )
        events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.rate(Duration.minutes(house.deployment.inventory_minutes)),
            targets=[targets.LambdaFunction(self.function)],
        )
