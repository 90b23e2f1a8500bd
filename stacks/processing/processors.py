"""The two functions that read flow logs, what triggers them, and where what fails goes."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.function import House, PythonFunction, Size
from stacks.sources.object_queue import BATCH_WINDOW_SECONDS
from stacks.sources.payload_stream import SubscriptionRole

BATCH_SIZE = 10
"""Notices a run. More: fewer runs, and a longer one to repeat when it dies. Fewer: more cold starts."""
STREAM_RETRIES = 2
"""Lambda's most for asynchronous invocations; after them the payload goes to the bucket of failed invocations. For a
batch of the stream the same: more holds up the payloads behind it, fewer makes work of what passes by itself."""
STREAM_MAX_AGE_HOURS = 6
"""Lambda's most, so that a long throttling costs time and no payload."""
PAYLOADS_A_BATCH, PAYLOAD_WINDOW_SECONDS = 100, 5
"""One payload takes some 0.1 s. More at a time: a batch nears the function's timeout. Fewer: more runs. The window is
nothing to a payload that is minutes old."""
BATCHES_AT_ONCE = 10
"""For each shard; Lambda's most, because no payload needs to come before another. A stream on demand begins with four
shards, so 40 runs take some 400 payloads a second. Fewer: fewer payloads, and more that a failed batch holds up."""
MAX_PAYLOAD_AGE_HOURS = 12
"""Older payloads go to the bucket of failed invocations: Lambda waits for a throttled function as long as it takes, and
the stream forgets after a day. Longer: less time to write what has piled up. Shorter: an outage costs more objects."""


class StreamProcessor(Construct):
    """`function`, which CloudWatch Logs invokes with each payload of the log groups."""

    def __init__(self, scope: Construct, id_: str, *, house: House, environment: Mapping[str, str]) -> None:
        super().__init__(scope, id_)
        wanted = house.deployment.stream_processor
        self.function = PythonFunction(
            self,
            "Function",
            service="stream_processor",
            house=house,
            size=Size(wanted.memory_mb, wanted.timeout_seconds, wanted.reserved_concurrency),
            environment=environment,
        )

    def keep_failures_in(self, bucket_arn: str) -> None:
        """What fails thrice would be discarded; it becomes an object, and so a notice. Lambda checks the grants of the
        function's role when this is made; they come first, because the function depends on them.
        """
        to_bucket = lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=bucket_arn)
        lambda_.CfnEventInvokeConfig(
            self,
            "KeptFailures",
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=STREAM_RETRIES,
            maximum_event_age_in_seconds=STREAM_MAX_AGE_HOURS * 3600,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(on_failure=to_bucket),
        )

    def subscribe(self, log_groups: Mapping[str, str], names: str) -> None:
        """The function to each of these log groups (name by id). One permission serves all whose names are as `names`
        says: one each would burst the function's policy of 20 KB at about 30 groups.
        """
        stack = Stack.of(self)
        groups = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{names}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        permission = lambda_.CfnPermission(
            self,
            f"LogGroupsMayInvoke-{names.replace('/', ':')}",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="logs.amazonaws.com",
            source_account=stack.account,
            source_arn=groups,
        )
        for id_, name in log_groups.items():
            subscription = self._subscription(id_, name, destination_arn=self.function.function_arn)
            subscription.node.add_dependency(permission)

    def follow(self, stream_arn: str, failures_arn: str) -> lambda_.CfnEventSourceMapping:
        """What fails thrice becomes an object. From the oldest payload: from the latest, those are missed that come in
        the minutes until Lambda begins to poll.

        https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html#services-kinesis-stream-start-pos
        """
        to_bucket = lambda_.CfnEventSourceMapping.OnFailureProperty(destination=failures_arn)
        return lambda_.CfnEventSourceMapping(
            self,
            "Payloads",
            function_name=self.function.function_name,
            event_source_arn=stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=PAYLOADS_A_BATCH,
            maximum_batching_window_in_seconds=PAYLOAD_WINDOW_SECONDS,
            parallelization_factor=BATCHES_AT_ONCE,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=STREAM_RETRIES,
            maximum_record_age_in_seconds=MAX_PAYLOAD_AGE_HOURS * 3600,
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(on_failure=to_bucket),
        )

    def subscribe_through(
        self, stream_arn: str, log_groups: Mapping[str, str], followed: lambda_.CfnEventSourceMapping
    ) -> None:
        """The stream to each of these log groups (name by id), once it is followed. Payloads spread over all shards: by
        log stream, which is the interface, a busy one would be throttled by its shard while the others idle.
        """
        role = SubscriptionRole(self, "PayloadRole", stream_arn=stream_arn)
        for id_, name in log_groups.items():
            subscription = self._subscription(
                id_, name, destination_arn=stream_arn, role_arn=role.role_arn, distribution="Random"
            )
            subscription.node.add_dependency(followed)

    def _subscription(
        self,
        id_: str,
        log_group_name: str,
        *,
        destination_arn: str,
        role_arn: str | None = None,
        distribution: str | None = None,
    ) -> logs.CfnSubscriptionFilter:
        """Of one id whatever its destination: another destination changes it in place, so that a log group has one
        filter at any time (of two that it may have), and nothing is delivered twice or never.
        """
        return logs.CfnSubscriptionFilter(
            self,
            f"Subscription-{id_}",
            log_group_name=log_group_name,
            filter_pattern="",
            destination_arn=destination_arn,
            role_arn=role_arn,
            distribution=distribution,
        )


class ObjectProcessor(Construct):
    """`function`, which takes notices of new objects from the queue."""

    def __init__(self, scope: Construct, id_: str, *, house: House, environment: Mapping[str, str]) -> None:
        super().__init__(scope, id_)
        wanted = house.deployment.object_processor
        self.function = PythonFunction(
            self,
            "Function",
            service="object_processor",
            house=house,
            size=Size(wanted.memory_mb, wanted.timeout_seconds),
            environment=environment,
        )
        self._max_concurrency = wanted.max_concurrency

    def take_from(self, queue_arn: str) -> None:
        """Bounded by MaximumConcurrency: reserved concurrency would count throttles as tries and fill the dead-letter
        queue (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
        """
        lambda_.EventSourceMapping(
            self,
            "Notices",
            target=self.function,
            event_source_arn=queue_arn,
            batch_size=BATCH_SIZE,
            max_batching_window=Duration.seconds(BATCH_WINDOW_SECONDS),
            max_concurrency=self._max_concurrency,
            report_batch_item_failures=True,
        )
