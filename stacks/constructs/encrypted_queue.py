"""A queue construct: encrypted, TLS only."""

from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

KEY_REUSE_SECONDS = 300
"""How long SQS uses a data key. Higher: fewer requests to KMS, and a disabled key has an effect later. Lower: more
requests. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-how-it-works-kms.html"""


class EncryptedQueue(sqs.Queue):
    """A queue encrypted by SQS's own keys, or by a customer managed key.

    The key is set on the L1 construct: a rule of EventBridge that sends to a queue whose key the L2 construct knows is
    admitted as any rule of the account, instead of by its ARN. The statements of `customer_key` admit EventBridge.
    """

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey | None, **properties: Any) -> None:
        super().__init__(scope, id_, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=True, **properties)
        if key is not None:
            queue = self.node.default_child
            assert isinstance(queue, sqs.CfnQueue)  # noqa: S101 - for the type checker
            queue.sqs_managed_sse_enabled = None
            queue.kms_master_key_id = key.key_arn
            queue.kms_data_key_reuse_period_seconds = KEY_REUSE_SECONDS
