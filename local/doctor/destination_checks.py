"""Checks of existing log groups and buckets: that they exist, and that their policies admit us."""

from collections.abc import Iterator

from local.doctor.account_state import AccountState, Bucket, LogGroup
from local.doctor.needs import bucket_names, database_keys, stack_names
from local.doctor.object_keys import example_under
from local.doctor.policies import Admission, admission, ours, partition_of
from local.doctor.verdicts import Verdict, ok, stop, warning
from stacks.limits.observability import SUBSCRIPTIONS
from stacks.settings.deployment import Deployment

SUBSCRIBED_CLASS = "STANDARD"
"""The class of log groups that can be subscribed.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html"""


def log_groups(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Existing log groups: one more subscription filter must fit."""
    if account.log_groups is None:
        return
    for each in deployment.existing_log_groups:
        known = account.log_groups.get(each.name)
        if known is None:
            yield stop(
                each.name,
                f"is no log group of account {account.account_id}, {account.region}",
                "Correct existing_log_groups.",
            )
        else:
            yield _log_group(each.name, known, deployment)


def _log_group(name: str, known: LogGroup, deployment: Deployment) -> Verdict:
    others = [filter_name for filter_name, destination in known.filters if not _is_own(destination, deployment)]
    if known.log_class != SUBSCRIBED_CLASS:
        finding = f"has the class {known.log_class}, which can't be subscribed"
        return stop(name, finding, "Let the flow log write to a log group of class STANDARD.")
    if len(others) >= SUBSCRIPTIONS:
        finding = f"has {len(others)} subscription filters ({', '.join(others)}); AWS takes {SUBSCRIPTIONS}"
        return stop(name, finding, "Delete one, or let both share a Kinesis data stream.")
    return ok(name, f"exists, with {len(others)} subscription filters of others")


def _is_own(destination: str, deployment: Deployment) -> bool:
    """Whether a stack of the deployment made the function or data stream of this ARN; their names begin with it."""
    return any(f"{mark}{stack}-" in destination for stack in stack_names(deployment) for mark in (":", "/"))


def buckets(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Existing buckets: they must send events, and let the function read."""
    if account.buckets is None:
        return
    sending = {each.name for each in deployment.existing_buckets}
    for name in bucket_names(deployment):
        known = account.buckets.get(name)
        if known is None:
            yield stop(name, "is no bucket", "Correct the name in the settings.")
        else:
            denied = list(_denied(name, known, deployment, account))
            yield _bucket(name, known, account, is_sending=name in sending, denied=denied)


def _bucket(name: str, known: Bucket, account: AccountState, *, is_sending: bool, denied: list[str]) -> Verdict:
    if is_sending and known.region != account.region:
        finding = f"is in {known.region}, and its events stay there; the deployment is in {account.region}"
        return stop(name, finding, "Deploy in the Region of the bucket.")
    if not known.is_own:
        return warning(
            name,
            "belongs to another account, so that its policy can't be read here",
            f"Its policy must allow s3:GetObject and s3:ListBucket to account {account.account_id}, and its events "
            "must be sent to this account's event bus.",
        )
    if denied:
        finding = f"has a policy that denies s3:GetObject of {denied[0]} to everybody, or to this account"
        return stop(name, finding, "Exempt the function's role from the denial.")
    if is_sending and known.sends_events is False:
        return warning(
            name,
            "does not send its events to EventBridge: nothing of it is read",
            f"aws s3api put-bucket-notification-configuration --bucket {name} turns it on; keep what is configured "
            "there (docs/settings.md, an existing bucket).",
        )
    return ok(name, "exists, and its policy does not deny reading")


def _denied(name: str, bucket: Bucket, deployment: Deployment, account: AccountState) -> Iterator[str]:
    """The keys, of those that are read, of which the policy of the bucket denies s3:GetObject: an example for each
    prefix. A denial of other keys is none of ours.
    """
    prefixes = [each.prefix for each in deployment.existing_buckets if each.name == name]
    keys = [*(example_under(prefix, account) for prefix in prefixes), *database_keys(name, deployment)]
    for key in keys if bucket.policy else ():
        resource = f"arn:{partition_of(account)}:s3:::{name}/{key}"
        if admission(bucket.policy or {}, ours(deployment, account), "s3:GetObject", resource) is Admission.DENIED:
            yield key
