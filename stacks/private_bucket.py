"""The house bucket: private, encrypted, reached by TLS only, kept when its stack goes."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledged import acknowledge

ABANDONED_UPLOAD_DAYS = 7
"""Parts of an upload that never finished are paid for and invisible. Sooner could cut off an upload in progress."""


class PrivateBucket(s3.Bucket):
    """A bucket; `expires_after_days` is by key prefix, the empty prefix being all keys.

    Encrypted with S3's own keys: a customer key would have to admit the log delivery service and every reader, for
    records that CloudWatch Logs holds under its own key in the other way in.
    """

    def __init__(self, scope: Construct, id_: str, *, expires_after_days: dict[str, int]) -> None:
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=_lifecycle(expires_after_days),
        )
        acknowledge(
            self,
            "S1",
            "Who reads it is in CloudTrail's data events where an account records them; access logs would be a second "
            "bucket of logs, written for every object that is read once by a function of this app.",
        )


def _lifecycle(expires_after_days: dict[str, int]) -> Sequence[s3.LifecycleRule]:
    abandoned = s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(ABANDONED_UPLOAD_DAYS))
    return [abandoned] + [
        s3.LifecycleRule(prefix=prefix or None, expiration=Duration.days(days))
        for prefix, days in expires_after_days.items()
    ]
