"""The two functions that process flow logs, their triggers, and their failure destinations."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.constructs.function import LIVE, FunctionDefaults, PythonFunction, Size
from stacks.sources.object_queue import BATCH_WINDOW_SECONDS
from stacks.sources.payload_stream import SubscriptionRole

BATCH_SIZE = 10
"""Object events in a batch. Higher: fewer invocations, and more to repeat when one fails. Lower: more cold starts."""
STREAM_RETRIES = 2
"""Retries of an asynchronous invocation, Lambda's maximum; afterwards the payload goes to the bucket of failed
invocations. The same applies to a batch of the data stream. Higher: a failing batch blocks the payloads behind it for
longer. Lower: temporary errors send payloads to the bucket."""
STREAM_MAX_AGE_HOURS = 6
"""Lambda's maximum, so that long throttling delays payloads and loses none."""
MAX_PAYLOAD_AGE_HOURS = 12
"""Older payloads go to the bucket of failed invocations: Lambda has no time limit of its own for a throttled function,
and the stream deletes payloads after a day. Higher: less time to store a backlog in the bucket. Lower: an outage writes
more objects to it."""


class StreamProcessor(Construct):
    """The function that CloudWatch Logs invokes with each payload of the subscribed log groups."""

    def __init__(
        self, scope: Construct, id_: str, *, defaults: FunctionDefaults, environment: Mapping[str, str]
    ) -> None:
        super().__init__(scope, id_)
        self._defaults = defaults
        settings = defaults.deployment.stream_processor
        self.function = PythonFunction(
            self,
            "Function",
            service="stream_processor",
            defaults=defaults,
            size=Size(settings.memory_mb, settings.timeout_seconds, settings.reserved_concurrency),
            environment=environment,
        )

    @property
    def _is_alias(self) -> bool:
        return self.function.invoked is not self.function

    @property
    def _invoked_name(self) -> str:
        """The name for an event source, or the ARN of the alias."""
        return self.function.invoked.function_arn if self._is_alias else self.function.function_name

    def store_failures_in(self, bucket_arn: str) -> None:
        """Stores payloads that failed three times in a bucket, which sends an object event; Lambda would discard them.

        Lambda checks the permissions of the function's role when this resource is created. They exist by then, because
        the function depends on them.
        """
        to_bucket = lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=bucket_arn)
        kept = lambda_.CfnEventInvokeConfig(
            self,
            "KeptFailures",
            function_name=self.function.function_name,
            qualifier=LIVE if self._is_alias else "$LATEST",
            maximum_retry_attempts=STREAM_RETRIES,
            maximum_event_age_in_seconds=STREAM_MAX_AGE_HOURS * 3600,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(on_failure=to_bucket),
        )
        if self._is_alias:
            kept.node.add_dependency(self.function.invoked)

    def subscribe(self, log_groups: Mapping[str, str], names: str) -> None:
        """Subscribes the function to these log groups (names by id).

        One permission covers all log groups whose names match the pattern `names`: with one permission for each, the
        function's policy would exceed its 20 KB at about 30 log groups.
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
            function_name=self.function.invoked.function_arn,
            principal="logs.amazonaws.com",
            source_account=stack.account,
            source_arn=groups,
        )
        for id_, name in log_groups.items():
            subscription = self._subscription(id_, name, destination_arn=self.function.invoked.function_arn)
            subscription.node.add_dependency(permission)

    def read_from(self, stream_arn: str, failures_arn: str) -> lambda_.CfnEventSourceMapping:
        """Invokes the function with payloads of the data stream; a batch that failed three times is stored in a bucket.

        It starts with the oldest payload (TRIM_HORIZON): with LATEST, the payloads of the minutes until Lambda starts
        polling would be missed.

        https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html#services-kinesis-stream-start-pos
        """
        to_bucket = lambda_.CfnEventSourceMapping.OnFailureProperty(destination=failures_arn)
        stream = self._defaults.deployment.payload_stream
        return lambda_.CfnEventSourceMapping(
            self,
            "Payloads",
            function_name=self._invoked_name,
            event_source_arn=stream_arn,
            starting_position="TRIM_HORIZON",
            batch_size=stream.batch_payloads,
            maximum_batching_window_in_seconds=stream.window_seconds,
            parallelization_factor=self._defaults.deployment.at_once.payload_batches,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_retry_attempts=STREAM_RETRIES,
            maximum_record_age_in_seconds=MAX_PAYLOAD_AGE_HOURS * 3600,
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(on_failure=to_bucket),
        )

    def subscribe_to_stream(
        self, stream_arn: str, log_groups: Mapping[str, str], mapping: lambda_.CfnEventSourceMapping
    ) -> None:
        """Subscribes the data stream to these log groups (names by id), after `mapping` reads from it.

        Payloads are distributed randomly over all shards. By log stream, which is the network interface, the shard of a
        busy interface would throttle while other shards are idle.
        """
        path, key = self._defaults.deployment.path_of_roles, self._defaults.key
        role = SubscriptionRole(self, "PayloadRole", stream_arn=stream_arn, key=key, path=path)
        for id_, name in log_groups.items():
            subscription = self._subscription(
                id_, name, destination_arn=stream_arn, role_arn=role.role_arn, distribution="Random"
            )
            subscription.node.add_dependency(mapping)

    def _subscription(
        self,
        id_: str,
        log_group_name: str,
        *,
        destination_arn: str,
        role_arn: str | None = None,
        distribution: str | None = None,
    ) -> logs.CfnSubscriptionFilter:
        """A subscription filter, whose construct id does not depend on its destination.

        Another destination therefore updates it in place: a log group has one filter at any time (the quota is two),
        and no payload is delivered twice or lost.
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
    """The function that processes the object events in the queue."""

    def __init__(
        self, scope: Construct, id_: str, *, defaults: FunctionDefaults, environment: Mapping[str, str]
    ) -> None:
        super().__init__(scope, id_)
        settings = defaults.deployment.object_processor
        self.function = PythonFunction(
            self,
            "Function",
            service="object_processor",
            defaults=defaults,
            size=Size(settings.memory_mb, settings.timeout_seconds),
            environment=environment,
        )
        self._max_concurrency = defaults.deployment.at_once.objects

    def receive_from(self, queue_arn: str) -> None:
        """Invokes the function with object events of the queue, limited by MaximumConcurrency.

        With reserved concurrency, throttled messages would count as received and end in the dead-letter queue
        (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
        """
        lambda_.EventSourceMapping(
            self,
            "Notices",
            target=self.function.invoked,
            event_source_arn=queue_arn,
            batch_size=BATCH_SIZE,
            max_batching_window=Duration.seconds(BATCH_WINDOW_SECONDS),
            max_concurrency=self._max_concurrency,
            report_batch_item_failures=True,
        )
