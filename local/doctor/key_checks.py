"""Checks of KMS keys: of this Region, enabled, and with key policies that admit the functions and the services."""

from collections.abc import Iterator
from typing import Any

from local.doctor.account_state import AccountState, Key, Policy
from local.doctor.needs import key_arns
from local.doctor.policies import Admission, admission, ours, partition_of
from local.doctor.verdicts import Verdict, ok, stop, warning
from stacks.constructs.key_statements import service_statements
from stacks.settings.deployment import Deployment
from stacks.settings.logged.delivery import CLOUDWATCH, S3

SYMMETRIC = "SYMMETRIC_DEFAULT"
"""The only kind of key that the services take.
https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html"""
ADMITTED = (Admission.ALLOWED, Admission.CONDITIONAL)
OF_LOG_GROUPS, OF_LOG_BUCKET = "LogGroups", "LogDelivery"
"""Statements that the key of a log group and that of the log bucket need; the key of a deployment needs all others."""
CONCRETE = {"kms:Describe*": "kms:DescribeKey", "kms:ReEncrypt*": "kms:ReEncryptFrom"}
"""An action for each pattern that no action itself begins."""


def keys(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The keys that the settings name."""
    if account.keys is None:
        return
    for arn in key_arns(deployment):
        if (region := arn.split(":")[3]) != account.region:
            finding = f"is in {region}; the services that use it take keys of their own Region, {account.region}"
            yield stop(arn, finding, f"Name a key in {account.region}, or a replica of this one there.")
        elif (known := account.keys.get(arn)) is None:
            yield stop(arn, "does not exist, or not for this account", "Correct the ARN in the settings.")
        else:
            yield _key(arn, known, deployment, account)


def _key(arn: str, known: Key, deployment: Deployment, account: AccountState) -> Verdict:
    if known.state != "Enabled":
        return stop(arn, f"is {known.state}", "Enable the key, or name another one.")
    if known.spec != SYMMETRIC:
        return stop(arn, f"is of the kind {known.spec}; the services take {SYMMETRIC}", "Name another key.")
    if known.policy is None:
        is_own = known.account_id == account.account_id
        reason = "has a key policy that could not be read"
        return warning(
            arn,
            reason if is_own else f"is of account {known.account_id}, so that its key policy can't be read here",
            f"It must allow kms:Decrypt to account {account.account_id}, and its use to the services that write with "
            f"it: {_statements_of(arn, deployment)}.",
        )
    if admission(known.policy, ours(deployment, account), "kms:Decrypt") not in ADMITTED:
        return stop(
            arn,
            f"has a key policy that does not admit account {account.account_id}",
            f"Add a statement that allows kms:Decrypt to arn:aws:iam::{account.account_id}:root.",
        )
    if refused := list(_refused_services(arn, known.policy, deployment, account)):
        return stop(
            arn,
            f"has a key policy that does not admit {', '.join(refused)}",
            f"Add what is missing: {_statements_of(arn, deployment)}.",
        )
    return ok(arn, "is enabled, and its key policy admits this account's IAM policies and the services that use it")


def _statements_of(arn: str, deployment: Deployment) -> str:
    """Where the documentation has the statements that the key needs."""
    section = "encryption" if arn == deployment.kms_key_arn else "a key of your own"
    return f'docs/settings.md, "{section}", has the statements'


def _refused_services(arn: str, policy: Policy, deployment: Deployment, account: AccountState) -> Iterator[str]:
    """The services that the policy does not let use the key, with the actions."""
    for statement in _needed(arn, deployment, account):
        actions = [CONCRETE.get(each, each.removesuffix("*")) for each in statement["Action"]]
        for service in statement["Principal"]["Service"]:
            refused = [each for each in actions if admission(policy, (service,), each) not in ADMITTED]
            if refused:
                yield f"{service} ({', '.join(refused)})"


def _needed(arn: str, deployment: Deployment, account: AccountState) -> Iterator[dict[str, Any]]:
    """The statements that the key needs for what it encrypts. One that is only read with needs none."""
    encrypts = {
        OF_LOG_GROUPS: _encrypts_log_groups(arn, deployment),
        OF_LOG_BUCKET: arn == (deployment.log_bucket_key_arn or deployment.kms_key_arn) and _uses_s3(deployment),
    }
    partition, region = partition_of(account), account.region
    for statement in service_statements(deployment.name, partition, region, account.account_id):
        if encrypts.get(statement["Sid"], arn == deployment.kms_key_arn):
            yield statement


def _encrypts_log_groups(arn: str, deployment: Deployment) -> bool:
    """Whether it is the key of a log group of flow logs, or of the functions."""
    of_sources = {
        each.kms_key_arn for delivery, each in deployment.handlings.items() if delivery.destination == CLOUDWATCH
    }
    return arn in {deployment.kms_key_arn, *of_sources}


def _uses_s3(deployment: Deployment) -> bool:
    return deployment.has_members or any(each.destination == S3 for each in deployment.handlings)
