"""A bucket construct: private, encrypted, TLS only, retained when its stack is deleted."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.constructs.nag_suppressions import acknowledge

ABANDONED_UPLOAD_DAYS = 7
"""Parts of an unfinished multipart upload are billed and not listed. Lower: an upload in progress may be aborted."""


class PrivateBucket(s3.Bucket):
    """A bucket whose objects expire. `expires_after_days` is by key prefix; the empty prefix is all keys.

    With `versions_kept_days`, by key prefix as well, the bucket is versioned and keeps replaced and deleted objects for
    these days.

    Its policy is retained with it: flow logs that are kept, and those of other accounts, deliver on, and it still
    refuses access without TLS.

    It is encrypted with SSE-S3, or with a customer managed key and a bucket key, which S3 uses for many objects.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        expires_after_days: Mapping[str, int],
        versions_kept_days: Mapping[str, int] | None = None,
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True if versions_kept_days else None,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            lifecycle_rules=[
                *_cleanup_rules(versions_kept_days),
                *_expiry_rules(expires_after_days, versions_kept_days or {}),
            ],
        )
        assert self.policy is not None  # noqa: S101 - for the type checker; a TLS-only bucket has one
        self.policy.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(
            self,
            "S1",
            "CloudTrail data events record who reads the bucket, where an account has enabled them. Server access "
            "logs would need a second log bucket, for objects that a function of this app reads once.",
        )


def _cleanup_rules(versions_kept_days: Mapping[str, int] | None) -> Sequence[s3.LifecycleRule]:
    """Rule that removes parts of unfinished uploads, and delete markers of objects that have no version left."""
    return [
        s3.LifecycleRule(
            abort_incomplete_multipart_upload_after=Duration.days(ABANDONED_UPLOAD_DAYS),
            expired_object_delete_marker=True if versions_kept_days else None,
        )
    ]


def _expiry_rules(
    expires_after_days: Mapping[str, int], versions_kept_days: Mapping[str, int]
) -> Sequence[s3.LifecycleRule]:
    """Rules that expire objects and noncurrent versions, one for each key prefix."""
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
