"""The house bucket: private, encrypted, reached by TLS only, kept when its stack goes."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.nag_suppressions import acknowledge

ABANDONED_UPLOAD_DAYS = 7
"""Parts of an upload that never finished are paid for and invisible. Sooner could cut off an upload in progress."""


class PrivateBucket(s3.Bucket):
    """A bucket; `expires_after_days` is by key prefix, the empty prefix being all keys. One with `versions_kept_days`,
    by key prefix as well, is versioned: it keeps what was replaced or deleted for so long.

    Encrypted with S3's own keys: a customer key would have to admit the log delivery service and every reader, for
    records that CloudWatch Logs holds under its own key in the other way in.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        expires_after_days: Mapping[str, int],
        versions_kept_days: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True if versions_kept_days else None,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[*_clearing(versions_kept_days), *_expiring(expires_after_days, versions_kept_days or {})],
        )
        acknowledge(
            self,
            "S1",
            "Who reads it is in CloudTrail's data events where an account records them; access logs would be a second "
            "bucket of logs, written for every object that is read once by a function of this app.",
        )


def _clearing(versions_kept_days: Mapping[str, int] | None) -> Sequence[s3.LifecycleRule]:
    """Of what is left behind: parts of uploads, and marks that say that an object is deleted of which no version is
    left.
    """
    return [
        s3.LifecycleRule(
            abort_incomplete_multipart_upload_after=Duration.days(ABANDONED_UPLOAD_DAYS),
            expired_object_delete_marker=True if versions_kept_days else None,
        )
    ]


def _expiring(
    expires_after_days: Mapping[str, int], versions_kept_days: Mapping[str, int]
) -> Sequence[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            prefix=prefix or None,
            expiration=_days(expires_after_days.get(prefix)),
            noncurrent_version_expiration=_days(versions_kept_days.get(prefix)),
        )
        for prefix in dict.fromkeys((*expires_after_days, *versions_kept_days))
    ]


def _days(number: int | None) -> Duration | None:
    return None if number is None else Duration.days(number)
