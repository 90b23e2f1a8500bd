"""Checks of the account itself: who asks, the CDK's bootstrap stack, Lambda's concurrency, what was not answered."""

from collections.abc import Iterator

from local.doctor.account_state import AccountState
from local.doctor.needs import stack_names
from local.doctor.verdicts import Verdict, ok, stop, warning
from stacks.settings.deployment import Deployment
from stacks.settings.operation import (
    AMPLE_CONCURRENCY,
    LEAST_CONCURRENCY,
    LEAST_UNRESERVED,
    fitted,
    most_reserved,
)

LEAST_BOOTSTRAP_VERSION = 6
"""The version that the CDK's default synthesizer needs to deploy stacks with assets.
https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html"""


def caller(_deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The account and Region that a deploy goes to."""
    yield ok("credentials", f"{account.caller}, account {account.account_id}, Region {account.region}")


def bootstrap(_deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The bootstrap stack, which holds the bucket and the roles of a deploy."""
    version, about = account.bootstrap_version, "CDK bootstrap"
    if version is None:
        return
    if version == 0:
        yield stop(about, f"{account.region} was never bootstrapped", "Run make bootstrap.")
    elif version < LEAST_BOOTSTRAP_VERSION:
        finding = f"version {version}; needed: {LEAST_BOOTSTRAP_VERSION}"
        yield stop(about, finding, "Run make bootstrap, which updates it.")
    else:
        yield ok(about, f"version {version}")


def boundary(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """The permissions boundary: IAM creates no role with one that does not exist in the account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    arn, about = deployment.permissions_boundary, "permissions_boundary"
    owner = arn.split(":")[4] if arn else ""
    if arn and owner not in {"aws", account.account_id}:
        finding = f"{arn} is of account {owner}; a role takes a policy of its own account, {account.account_id}"
        yield stop(about, finding, f"Name a policy of account {account.account_id}.")
    elif account.has_boundary is False:
        yield stop(about, f"there is no policy {arn}", "Create it, or correct permissions_boundary.")
    elif account.has_boundary:
        yield ok(about, f"{arn} exists")


def role_names(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Roles with a name that ours needs, made by somebody else: CloudFormation creates no second one.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    """
    for name, stack in (account.roles or {}).items():
        if stack not in stack_names(deployment):
            yield stop(
                f"role {name}",
                f"exists already, made by {f'the stack {stack}' if stack else 'no stack'}, and the app needs its name",
                "Delete the role, or give the deployment another name.",
            )


def concurrency(deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """Lambda's concurrency, and whether the settings fit it."""
    if account.concurrency is None:
        return
    limit, about = account.concurrency.limit, "Lambda concurrency"
    if limit < deployment.lambda_concurrency and limit < AMPLE_CONCURRENCY:
        yield _too_few(about, limit, deployment)
    elif deployment.lambda_concurrency < AMPLE_CONCURRENCY <= limit:
        yield warning(
            about,
            f"the account allows {limit:,} executions at once and lambda_concurrency is "
            f"{deployment.lambda_concurrency}: less is processed at once than could be",
            'Remove "lambda_concurrency" from cdk.json.',
        )
    else:
        yield ok(about, f"{limit:,} executions at once, {account.concurrency.unreserved:,} of them unreserved")
    yield from _reservation(deployment, limit)


def _too_few(about: str, limit: int, deployment: Deployment) -> Verdict:
    fit = fitted(max(limit, LEAST_CONCURRENCY), deployment.object_processor.max_concurrency)
    return warning(
        about,
        f"the account allows {limit} executions at once, and the settings are for {deployment.lambda_concurrency:,}: "
        "executions would be throttled and retried, and findings come later",
        f'Put "lambda_concurrency": {max(limit, LEAST_CONCURRENCY)} into cdk.json: {fit.objects} objects are then '
        f"processed at once (some hundred thousand records a minute), and after an outage findings come later; or ask "
        "Service Quotas for 1,000 (Lambda, Concurrent executions), which costs nothing.",
    )


def _reservation(deployment: Deployment, limit: int) -> Iterator[Verdict]:
    """The reservation of the stream processor. What the account has reserved already may be this one, so only the limit
    is compared.
    """
    reserved, about = deployment.stream_processor.reserved_concurrency, "reserved concurrency"
    if not reserved:
        return
    most = most_reserved(limit)
    finding = f"stream_processor.reserved_concurrency is {reserved} of {limit:,}"
    if reserved > most:
        mend = "Reserve less, or nothing." if most else 'Remove "reserved_concurrency" from cdk.json.'
        yield stop(about, f"{finding}; allowed: {most:,}, because Lambda keeps {LEAST_UNRESERVED} unreserved", mend)
    else:
        yield ok(about, finding)


def unasked(_deployment: Deployment, account: AccountState) -> Iterator[Verdict]:
    """What AWS did not answer."""
    for each in account.unasked:
        yield warning(
            each.action,
            f"could not ask ({each.reason})",
            f"Grant {each.action} to {account.caller}, or check by hand; `flowsentry doctor --policy` prints all.",
        )
