"""The KMS permissions that a call needs because its bucket, queue or topic is encrypted with a customer managed key.

The key's policy is assumed to leave its use to IAM policies of the account, as that of the CDK does.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html,
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from collections.abc import Iterator
from typing import Any

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.aws.settings import ACCOUNT

WRITE, READ = "kms:GenerateDataKey", "kms:Decrypt"
ACTIONS = {
    "s3:PutObject": (WRITE,),
    "s3:GetObject": (READ,),
    "sqs:SendMessage": (WRITE, READ),
    "sqs:ReceiveMessage": (READ,),
    "sns:Publish": (WRITE, READ),
}
"""What each call needs of the key. Other services use their keys by grants, which the caller does not need."""


def key_actions(action: str, resource: str) -> Iterator[tuple[str, str]]:
    """The KMS actions that the call needs, each with the ARN of the key; none for resources without such a key."""
    if action not in ACTIONS:
        return
    key_arn = _key_of_object(resource) if action == "s3:GetObject" else _key_of(resource)
    if key_arn is not None:
        yield from ((each, key_arn) for each in ACTIONS[action])


def _key_of_object(resource: str) -> str | None:
    """The key that the object was written with: another key of its bucket changes no object.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html
    """
    name, _, key = resource.split(":::")[1].partition("/")
    bucket: Any = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    if bucket is None:
        return None
    stored: Any = bucket.keys.get(key)
    return _arn_of(bucket.region_name, getattr(stored, "kms_key_id", None))  # a delete marker has no key


def _key_of(resource: str) -> str | None:
    service, region = [*resource.split(":"), *["", "", ""]][2:4]
    if service == "s3":
        bucket: Any = s3_backends[ACCOUNT]["aws"].buckets.get(resource.split(":::")[1].partition("/")[0])
        return _arn_of(bucket.region_name, key_of_bucket(bucket)) if bucket is not None else None
    if service == "sqs":
        queue: Any = sqs_backends[ACCOUNT][region].queues.get(resource.rpartition(":")[2])
        return _arn_of(region, queue.kms_master_key_id) if queue is not None else None
    topic = sns_backends[ACCOUNT][region].topics.get(resource) if service == "sns" else None
    return _arn_of(region, topic.kms_master_key_id) if topic is not None else None


def key_of_bucket(bucket: Any) -> str:
    """The id of the key of a bucket's default encryption; empty without one."""
    rule: Any = (bucket.encryption or {}).get("Rule") or {}
    rule = rule[0] if isinstance(rule, list) else rule
    return str(rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "") or "")


def _arn_of(region: str, key_id: str | None) -> str | None:
    """The ARN of a customer managed key; AWS managed keys admit every caller of their service."""
    if not key_id or key_id.startswith("alias/aws/"):
        return None
    backend = kms_backends[ACCOUNT][region]
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    return str(key.arn) if key is not None else None
