"""The queue of object events (S3 notifications of new objects), and its dead-letter queue."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

MAX_RECEIVES = 100
"""Receives before SQS moves an object event to the dead-letter queue by itself, without a reason.

This is not the number of attempts: an event also counts as received when it is returned unprocessed, or when another
object of its batch ended the function. The function itself moves events to the dead-letter queue, with a reason. Lower:
under load, valid events are moved. Higher: an event that fails for an unforeseen reason, five to ten minutes after the
last attempt, is retried for more than ten hours; the alarm oldest-object-event fires before."""
VISIBILITY_TIMEOUTS = 6
"""Visibility timeout as a multiple of the function's timeout: AWS's rule, so that a throttled batch is not received
twice. The function shortens it for the messages that it has received.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
BATCH_WINDOW_SECONDS = 5
"""How long Lambda gathers a batch. Higher: fewer invocations. Lower: earlier findings, by seconds; an object holds
up to ten minutes of records."""
RETENTION_DAYS, DEAD_LETTER_DAYS = 4, 14
"""A message keeps its age when it moves to the dead-letter queue, whose retention must therefore be longer."""


class ObjectQueue(Construct):
    """The queue (`queue`), to which S3 sends object events, and its dead-letter queue (`dead_letters`)."""

    def __init__(self, scope: Construct, id_: str, *, function_timeout_seconds: int) -> None:
        super().__init__(scope, id_)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(DEAD_LETTER_DAYS),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(RETENTION_DAYS),
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * function_timeout_seconds + BATCH_WINDOW_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES),
        )
        self._allow_buckets()

    def _allow_buckets(self) -> None:
        """Allows buckets of this account to send. A bucket's name would be circular: it depends on this policy."""
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NoticesFromBucketsOfThisAccount",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
