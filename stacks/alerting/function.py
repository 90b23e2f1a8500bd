"""The function that sends alerts, and its triggers."""

from typing import get_args

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.function import FunctionDefaults, PythonFunction, Size
from stacks.settings.deployment import Purpose

SIZE = Size(memory_mb=1_769, timeout_seconds=60)
"""One vCPU: during a flood an invocation reads and updates about 5,000 findings, and is limited by CPU rather than by
DynamoDB. Lower: a summary of that many findings takes longer than one invocation. Higher: sweeps without findings,
0.1 s each minute, cost more."""
SWEEP_MINUTES = 1
"""Interval of the sweep, EventBridge's minimum. Higher: HIGH findings that the stream dropped, or that wait for a
summary, are sent later than within two minutes."""
STREAM_BATCH, STREAM_RETRIES = 100, 3
"""Findings in a batch of the table's stream, and retries of a batch. The most severe findings of a batch are sent
first. Batch higher: it exceeds the timeout, and more is left to the sweep. Batch lower: HIGH waits behind more batches
of MEDIUM. Retries higher: one bad record blocks its part of the shard for longer. Retries lower: more is left to the
sweep."""
STREAM_MAX_AGE_MINUTES = 5
"""Older findings are left to the sweep. Higher: a batch that keeps failing blocks newer findings for longer. Lower: the
sweep has more to send after a flood."""


class Alerting(Construct):
    """The function that sends alerts: within seconds through the table's stream, and in a sweep every minute."""

    def __init__(self, scope: Construct, id_: str, *, defaults: FunctionDefaults, environment: dict[str, str]) -> None:
        super().__init__(scope, id_)
        self._deployment = defaults.deployment
        self.function = PythonFunction(
            self,
            "Function",
            service="notifier",
            defaults=defaults,
            size=SIZE,
            environment=environment,
        )

    def read_from(self, stream_arn: str) -> None:
        """Invokes the function with new findings only: its own updates, and expiry, are in the stream as well."""
        lambda_.EventSourceMapping(
            self,
            "NewFindings",
            target=self.function.invoked,
            event_source_arn=stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=STREAM_BATCH,
            bisect_batch_on_error=True,
            retry_attempts=STREAM_RETRIES,
            parallelization_factor=self._deployment.at_once.findings_batches,
            max_record_age=Duration.minutes(STREAM_MAX_AGE_MINUTES),
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
        )

    def follow_deploys(self) -> None:
        """Invokes the function when a stack of the deployment was created or updated: some minutes after the last one,
        a sweep writes a canary.

        A custom resource would do so only where one of its properties changes, and CloudFormation would wait for it.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
        """
        names = [f"{self._deployment.stack_name(purpose)}/" for purpose in get_args(Purpose)]
        arns = [Stack.of(self).format_arn(service="cloudformation", resource="stack", resource_name=n) for n in names]
        events.Rule(
            self,
            "Deployed",
            event_pattern=events.EventPattern(
                source=["aws.cloudformation"],
                detail_type=["CloudFormation Stack Status Change"],
                detail={
                    "stack-id": [{"prefix": arn} for arn in arns],
                    "status-details": {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]},
                },
            ),
            targets=[targets.LambdaFunction(self.function.invoked)],
        )

    def schedule_sweep(self) -> None:
        """Invokes the function every minute: for findings that the stream dropped, digests, and rate-limited alerts."""
        events.Rule(
            self,
            "Sweep",
            schedule=events.Schedule.rate(Duration.minutes(SWEEP_MINUTES)),
            targets=[targets.LambdaFunction(self.function.invoked)],
        )
