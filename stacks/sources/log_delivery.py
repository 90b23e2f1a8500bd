"""What the policy of the log bucket allows the log delivery service: for this account, and for member accounts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from stacks.settings.logged.delivery import AWS_PREFIX, LOG_PREFIX
from stacks.settings.logged.members import MemberSettings

DELIVERY = "delivery.logs.amazonaws.com"
"""The service that delivers flow logs to buckets."""

Conditions = dict[str, dict[str, Any]]


def allow_log_delivery(bucket: s3.Bucket, settings: MemberSettings) -> None:
    """Allows the delivery of flow logs of this account and Region, and of the member accounts in all Regions. Nothing
    else is granted to members.

    Without these statements AWS adds them to the bucket policy itself, and a later deployment overwrites them
    (https://github.com/aws/aws-cdk/issues/20765); in a member account, creating a flow log fails.

    Flow logs of this account have a prefix each, of which none is named: a flow log that is being replaced writes its
    last objects under one that has left the settings. Those of members have the bucket itself as destination, so keys
    begin with AWS's folder; `<account>/` follows, or `aws-account-id=<account>/`. AWS writes the account of the flow
    log there; whoever creates it can't choose another.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/configure-vpc-flow-logs-for-centralization-across-aws-accounts.html
    """
    stack = Stack.of(bucket)
    own: Conditions = {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": stack.format_arn(service="logs", resource="*")},
    }
    folders = (stack.account, f"aws-account-id={stack.account}")
    _allow(bucket, "LogDelivery", [f"{LOG_PREFIX}*/{AWS_PREFIX}{folder}/*" for folder in folders], own)
    for members, conditions in member_conditions(stack, settings):
        _allow(bucket, members, [f"{AWS_PREFIX}*"], conditions)


def member_conditions(stack: Stack, settings: MemberSettings) -> Iterator[tuple[str, Conditions]]:
    """(name, conditions) under which the log delivery service acts for a member account: one for the organization, one
    for the accounts that are named. They apply to a bucket and to its key alike.

    The service calls for a resource of the member account, so `aws:SourceOrgID` and `aws:SourceAccount` are those of
    the member; `aws:PrincipalOrgID` is absent, because a service principal belongs to no organization.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid
    """
    if settings.organization_id:
        yield "OrganizationDelivery", {"StringEquals": {"aws:SourceOrgID": settings.organization_id}}
    if ids := list(settings.member_account_ids):
        sources = [f"arn:{stack.partition}:logs:*:{id_}:*" for id_ in ids]
        yield "MemberDelivery", {"StringEquals": {"aws:SourceAccount": ids}, "ArnLike": {"aws:SourceArn": sources}}


def _allow(bucket: s3.Bucket, name: str, keys: Sequence[str], conditions: Mapping[str, Any]) -> None:
    """Adds the two statements that AWS requires of the owner of a bucket: writing objects, and looking at the bucket.

    AWS's statement requires `s3:x-amz-acl`. Here it may be absent, because the bucket has no ACLs and owns every object
    anyway, and some found that the service then sends none
    (https://github.com/cloudposse/terraform-aws-vpc-flow-logs-s3-bucket/pull/101).
    """
    owned = {"StringEqualsIfExists": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    objects = [bucket.arn_for_objects(key) for key in keys]
    for sid, actions, resources, required in (
        (f"{name}Write", ["s3:PutObject"], objects, {**conditions, **owned}),
        (f"{name}Check", ["s3:GetBucketAcl", "s3:ListBucket"], [bucket.bucket_arn], dict(conditions)),
    ):
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal(DELIVERY)],
                actions=actions,
                resources=resources,
                conditions=required,
            )
        )
