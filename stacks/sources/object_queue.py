"""The queue of object events (S3 notifications of new objects), and its dead-letter queue."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.encrypted_queue import EncryptedQueue

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

BUCKET_NAME_LETTERS = 20
"""Letters of the stack's name that a generated bucket name surely begins with: CloudFormation cuts the stack's name
where the bucket's would have more than 63. Higher: with a long name of the deployment, S3 may not send. Lower: more
buckets of the account may send."""


class ObjectQueue(Construct):
    """The queue (`queue`), to which S3 sends object events, and its dead-letter queue (`dead_letters`).

    `key` encrypts them; without one, SQS's own keys.
    """

    def __init__(
        self, scope: Construct, id_: str, *, function_timeout_seconds: int, key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, id_)
        self.key = key
        self.dead_letters = EncryptedQueue(
            self,
            "DeadLetters",
            key=key,
            retention_period=Duration.days(DEAD_LETTER_DAYS),
        )
        self.queue = EncryptedQueue(
            self,
            "Queue",
            key=key,
            retention_period=Duration.days(RETENTION_DAYS),
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * function_timeout_seconds + BATCH_WINDOW_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES),
        )
        self._allow_buckets()

    def _allow_buckets(self) -> None:
        """Allows the buckets of this stack to send: those of this account whose names begin as it does.

        The whole name of a bucket would be circular, because the bucket depends on this policy.
        """
        stack = Stack.of(self)
        beginning = stack.stack_name[:BUCKET_NAME_LETTERS]
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="ObjectEventsFromBucketsOfThisStack",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": f"arn:{stack.partition}:s3:::{beginning}*"},
                },
            )
        )
