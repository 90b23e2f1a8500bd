"""The queue of notices that there is a new object to read, and its dead-letter queue."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

MAX_RECEIVES = 100
"""Receives before SQS puts a notice aside by itself, without a reason. One that goes back unbegun, or whose neighbour
ended the function, was received too, so that this is no count of tries: the function sets aside by its own, with a
reason. Fewer: under load, good notices are put aside. More: one that fails for a reason nobody thought of, some six
minutes a try, is tried for longer than ten hours; the alarm oldest-notice tells of it before."""
TIMEOUTS_VISIBLE = 6
"""Visibility timeout in timeouts of the function: AWS's rule, so that a throttled batch is not delivered twice.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
BATCH_WINDOW_SECONDS = 5
"""How long the queue waits for more notices. Longer: fewer runs. Shorter: earlier findings; 5 s is nothing to a file
that was ten minutes in the making."""
DAYS_QUEUED, DAYS_DEAD = 4, 14
"""A message keeps its age when it moves to the dead-letter queue, so that one must hold it for longer."""


class ObjectQueue(Construct):
    """`queue`, filled by S3, and `dead_letters`."""

    def __init__(self, scope: Construct, id_: str, *, function_timeout_seconds: int) -> None:
        super().__init__(scope, id_)
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(DAYS_DEAD),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(DAYS_QUEUED),
            visibility_timeout=Duration.seconds(TIMEOUTS_VISIBLE * function_timeout_seconds + BATCH_WINDOW_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES),
        )
        self._admit_buckets()

    def _admit_buckets(self) -> None:
        """Buckets of this account may send. Naming the bucket would be a circle: it depends on this policy."""
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NoticesFromBucketsOfThisAccount",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
