"""Whether a destination takes the records of a flow log: buckets, log groups, their policies, roles and keys."""

import json
from typing import Any

from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from local.aws.compute.key_permissions import key_of_bucket
from local.aws.compute.permissions import Call, is_allowed, trusts
from local.aws.compute.policy_documents import Request, admits
from local.aws.compute.resource_policies import context_of, key_refusal
from local.aws.resources.flow_log_request import Wanted
from local.aws.settings import ACCOUNT

DELIVERY = "delivery.logs.amazonaws.com"
ADDED_SID = "AWSLogDelivery"
"""Prefix of the names of the statements that EC2 adds to the policy of a bucket."""
VPC_FLOW_LOGS = "vpc-flow-logs.amazonaws.com"


def destination_defect(region: str, wanted: Wanted) -> str:
    """Why EC2 creates no flow log with this bucket; empty for a bucket that admits deliveries.

    EC2 adds its statements to the policy of a bucket if the caller may change it. Here it adds them only if all other
    statements are its own too: a policy of a template would lose them at its next deployment.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-permissions.html
    """
    if wanted.destination_type != "s3":
        return ""
    name, _, prefix = str(wanted.destination).split(":::")[1].partition("/")
    bucket = s3_backends[ACCOUNT]["aws"].buckets.get(name)
    if bucket is None:
        return f"LogDestination: {name} does not exist."
    if "AWSLogs" in prefix.split("/"):
        return "LogDestination: AWSLogs is a reserved term and cannot be used as a subfolder name."
    source = f"arn:aws:logs:{region}:{ACCOUNT}:*"
    policy = json.loads(bucket.policy or b'{"Version": "2012-10-17", "Statement": []}')
    if all(str(each.get("Sid")).startswith(ADDED_SID) for each in policy["Statement"]):
        policy["Statement"] += _delivery_statements(name, prefix, wanted)
        bucket.policy = json.dumps(policy).encode()
    if not all(admits(policy, each) for each in _delivery_requests(name, prefix, source, wanted)):
        return f"Access Denied for LogDestination: {name}. Please check LogDestination permission"
    return ""


def _delivery_requests(bucket: str, prefix: str, source: str, wanted: Wanted) -> tuple[Request, ...]:
    """What the log delivery service does with a bucket."""
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    arn = f"arn:aws:s3:::{bucket}"
    context = {**context_of(source), "s3:x-amz-acl": "bucket-owner-full-control"}
    account = (
        f"aws-account-id={ACCOUNT}/aws-service=vpcflowlogs" if wanted.is_hive_compatible else f"{ACCOUNT}/vpcflowlogs"
    )
    file = f"{arn}/{folder}AWSLogs/{account}/a.log.gz"
    return (
        Request(DELIVERY, "s3:GetBucketAcl", arn, context_of(source)),
        Request(DELIVERY, "s3:PutObject", file, context),
    )


def _delivery_statements(bucket: str, prefix: str, wanted: Wanted) -> list[dict[str, Any]]:
    """The statements that EC2 adds to the policy of a bucket."""
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    service = {"Effect": "Allow", "Principal": {"Service": DELIVERY}}
    account = f"aws-account-id={ACCOUNT}" if wanted.is_hive_compatible else ACCOUNT
    objects = f"arn:aws:s3:::{bucket}/{folder}AWSLogs/{account}/*"
    acl = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": ACCOUNT}}
    check = {**service, "Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}"}
    return [
        {"Sid": f"{ADDED_SID}Write", **service, "Action": "s3:PutObject", "Resource": objects, "Condition": acl},
        {"Sid": f"{ADDED_SID}AclCheck", **check},
    ]


def delivery_error(region: str, wanted: Wanted) -> str:
    """The DeliverLogsErrorMessage: EC2 accepts a role, a log group or a key without permissions, and delivers nothing.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    if wanted.destination_type == "s3":
        bucket = s3_backends[ACCOUNT]["aws"].buckets[str(wanted.destination).split(":::")[1].partition("/")[0]]
        key_id, source = key_of_bucket(bucket), f"arn:aws:logs:{region}:{ACCOUNT}:*"
        return "Access error" if key_id and key_refusal(DELIVERY, source, key_id, region) else ""
    if wanted.destination_type != "cloud-watch-logs":
        return ""
    group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{wanted.target}"
    calls = [Call(f"logs:{name}", f"{group}:log-stream:eni") for name in ("CreateLogStream", "PutLogEvents")]
    can_write = trusts(str(wanted.role), VPC_FLOW_LOGS) and all(is_allowed(str(wanted.role), each) for each in calls)
    return "" if can_write and wanted.target in logs_backends[ACCOUNT][region].groups else "Access error"
