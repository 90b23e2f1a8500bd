"""The function that tells people, and its two triggers."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.python_function import House, PythonFunction, Size

SIZE = Size(memory_mb=512, timeout_seconds=60)
SWEEP_MINUTES = 5
"""How often what the stream left over is taken up. Longer: a finding that the stream forgot waits longer."""
STREAM_BATCH, STREAM_RETRIES = 10, 3
"""Few retries, because one bad record holds up its whole shard, and the sweep takes what was given up."""


class Alerting(Construct):
    """`function`, which publishes findings: within seconds by the table's stream, and by a sweep every five minutes."""

    def __init__(self, scope: Construct, id_: str, *, house: House, environment: dict[str, str]) -> None:
        super().__init__(scope, id_)
        self.function = PythonFunction(
            self,
            "Function",
            service="notifier",
            house=house,
            size=SIZE,
            environment=environment,
        )

    def follow(self, stream_arn: str) -> None:
        """New findings only: the notifier's own marks, and expiry, are changes of the table as well."""
        lambda_.EventSourceMapping(
            self,
            "NewFindings",
            target=self.function,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=STREAM_BATCH,
            bisect_batch_on_error=True,
            retry_attempts=STREAM_RETRIES,
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
        )

    def sweep(self) -> None:
        """What the stream left over, digests, and what flood control held back."""
        events.Rule(
            self,
            "Sweep",
            schedule=events.Schedule.rate(Duration.minutes(SWEEP_MINUTES)),
            targets=[targets.LambdaFunction(self.function)],
        )
