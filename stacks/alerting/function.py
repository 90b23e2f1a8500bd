"""The function that tells people, and its two triggers."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.function import House, PythonFunction, Size

SIZE = Size(memory_mb=1_769, timeout_seconds=60)
"""A whole processor: in a flood some 5,000 findings are looked up and marked in a run, which waits for the processor
and not for DynamoDB. Less: a summary of so many takes longer than a run. More: a sweep of nothing, 0.1 s each minute,
costs more."""
SWEEP_MINUTES = 1
"""How often what the stream left over is taken up: EventBridge's least. Longer: HIGH that the stream forgot, or that
waits for a summary, is told later than in two minutes."""
STREAM_BATCH, STREAM_RETRIES = 100, 3
"""Many at a time, since the loudest of a batch are told first. More: a batch outlasts its time, and more is
left to the sweep. Fewer: HIGH waits behind more batches of MEDIUM. Few retries, since one bad record holds up its part
of the shard, and the sweep takes what was given up."""
STREAM_AT_ONCE = 4
"""Batches of a shard at a time: one that hangs holds up a quarter of its findings. More: more notifiers count slots
against each other. Fewer: a flood is worked off more slowly."""
STREAM_AGE_MINUTES = 5
"""What is older is the sweep's. Longer: a batch that fails again and again holds up newer findings for longer. Shorter:
the sweep has more to do after a flood."""


class Alerting(Construct):
    """`function`, which publishes findings: within seconds by the table's stream, and by a sweep every minute."""

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
            parallelization_factor=STREAM_AT_ONCE,
            max_record_age=Duration.minutes(STREAM_AGE_MINUTES),
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
