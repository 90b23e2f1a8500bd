"""What the policy of the log bucket allows for flow logs of member accounts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from stacks.settings.logged.members import MemberSettings
from stacks.sources.log_buckets import AWS_PREFIX

DELIVERY = "delivery.logs.amazonaws.com"
"""The service that delivers flow logs to buckets."""

Conditions = dict[str, dict[str, Any]]


def allow_member_delivery(bucket: s3.Bucket, settings: MemberSettings) -> None:
    """Allows the delivery of flow logs of the member accounts, of all Regions. Nothing else is granted to them.

    Their flow logs have the bucket itself as destination, so keys begin with AWS's folder; `<account>/` follows, or
    `aws-account-id=<account>/`. AWS writes the account of the flow log there; whoever creates it can't choose another.

    The statements are those that AWS requires of the owner of a bucket: without them, creating a flow log in another
    account fails. `s3:x-amz-acl` may be absent, because the bucket has no ACLs and owns every object anyway
    (https://github.com/cloudposse/terraform-aws-vpc-flow-logs-s3-bucket/pull/101).

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/configure-vpc-flow-logs-for-centralization-across-aws-accounts.html
    """
    owned = {"StringEqualsIfExists": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    objects = [bucket.arn_for_objects(f"{AWS_PREFIX}*")]
    for members, conditions in member_conditions(Stack.of(bucket), settings):
        _allow(bucket, f"{members}Write", ["s3:PutObject"], objects, conditions | owned)
        _allow(bucket, f"{members}Check", ["s3:GetBucketAcl", "s3:ListBucket"], [bucket.bucket_arn], conditions)


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


def _allow(
    bucket: s3.Bucket, sid: str, actions: Sequence[str], resources: Sequence[str], conditions: Mapping[str, Any]
) -> None:
    statement = iam.PolicyStatement(
        sid=sid,
        principals=[iam.ServicePrincipal(DELIVERY)],
        actions=list(actions),
        resources=list(resources),
        conditions=dict(conditions),
    )
    bucket.add_to_resource_policy(statement)
