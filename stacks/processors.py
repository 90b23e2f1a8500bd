"""The two functions that read flow logs, what triggers them, and where what fails goes."""

from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.notice_queue import BATCH_WINDOW_SECONDS
from stacks.python_function import House, PythonFunction, Size

BATCH_SIZE = 10
"""Notices a run. More: fewer runs, and a longer one to repeat when it dies. Fewer: more cold starts."""
STREAM_RETRIES = 2
"""Lambda's most for asynchronous invocations; after them the payload goes to the bucket of failed invocations."""
STREAM_MAX_AGE_HOURS = 6
"""Lambda's most, so that a long throttling costs time and no payload."""


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

    def subscribe(self, log_groups: Mapping[str, str], name_prefix: str) -> None:
        """A subscription for each log group (name by id). One permission serves all that begin with `name_prefix`: one
        each would burst the function's policy of 20 KB at about 60 groups.
        """
        stack = Stack.of(self)
        groups = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{name_prefix}*:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        permission = lambda_.CfnPermission(
            self,
            "LogGroupsMayInvoke",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="logs.amazonaws.com",
            source_account=stack.account,
            source_arn=groups,
        )
        for id_, name in log_groups.items():
            subscription = logs.CfnSubscriptionFilter(
                self,
                f"Subscription-{id_}",
                log_group_name=name,
                destination_arn=self.function.function_arn,
                filter_pattern="",
            )
            subscription.node.add_dependency(permission)


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
