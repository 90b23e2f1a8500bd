"""Reads resource policies: whether a principal is admitted, denied, or only on conditions that can't be judged here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from local.doctor.account_state import AccountState
from local.doctor.needs import stack_names
from stacks.settings.deployment import Deployment

WHOLE_ACCOUNT = re.compile(r"[0-9]{12}|arn:[^:]+:iam::[0-9]{12}:root")


class Admission(StrEnum):
    """What a policy says. SILENT: nothing; in the same account, an IAM policy is then enough."""

    ALLOWED = "allowed"
    CONDITIONAL = "allowed on conditions"
    SILENT = "not mentioned"
    DENIED = "denied"


def admission(
    policy: Mapping[str, Any], principals: Sequence[str], action: str, resource: str | None = None
) -> Admission:
    """What the policy says about this action of any of these principals (ARNs, in which `*` is any text, account IDs,
    services), on this resource; without one, on whatever it names. A denial on conditions counts as none: most require
    TLS or an organization.
    """
    said = [each for each in _statements(policy) if _is_about(each, principals, action, resource)]
    if any(each.get("Effect") == "Deny" and not each.get("Condition") for each in said):
        return Admission.DENIED
    allowed = [each for each in said if each.get("Effect") == "Allow"]
    if any(not each.get("Condition") for each in allowed):
        return Admission.ALLOWED
    return Admission.CONDITIONAL if allowed else Admission.SILENT


def _statements(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in _listed(policy.get("Statement")) if isinstance(each, Mapping))


def _is_about(statement: Mapping[str, Any], principals: Sequence[str], action: str, resource: str | None) -> bool:
    return (
        _is_named(statement, "Action", action, re.IGNORECASE)
        and (resource is None or _is_named(statement, "Resource", resource))
        and _is_about_any(statement, principals)
    )


def _is_named(statement: Mapping[str, Any], element: str, value: str, flags: int = 0) -> bool:
    """Whether Action or Resource names the value, or NotAction or NotResource does not."""
    if f"Not{element}" in statement:
        return not any(_matches(each, value, flags) for each in _listed(statement[f"Not{element}"]))
    return any(_matches(each, value, flags) for each in _listed(statement.get(element)))


def _is_about_any(statement: Mapping[str, Any], principals: Sequence[str]) -> bool:
    """Whether Principal names one of them, or NotPrincipal none. There, an account alone excepts none of its roles.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if "NotPrincipal" in statement:
        excepted = [each for each in _named(statement["NotPrincipal"]) if not WHOLE_ACCOUNT.fullmatch(each)]
        return not any(_matches(principal, each) for principal in principals for each in excepted)
    named = _named(statement.get("Principal"))
    return "*" in named or any(_matches(principal, each) for principal in principals for each in named)


def _named(principal: Any) -> list[str]:
    if isinstance(principal, Mapping):
        return [str(each) for kind in principal.values() for each in _listed(kind)]
    return [str(each) for each in _listed(principal)]


def _matches(pattern: Any, value: str, flags: int = 0) -> bool:
    """IAM's `*` and `?`; actions have no case."""
    escaped = re.escape(str(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, value, flags) is not None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def partition_of(account: AccountState) -> str:
    """`aws`, `aws-cn` or `aws-us-gov`."""
    return account.caller.split(":")[1]


def ours(deployment: Deployment, account: AccountState) -> tuple[str, ...]:
    """How a policy may name the roles of the functions: as all of the account, or one by one."""
    iam = f"arn:{partition_of(account)}:iam::{account.account_id}"
    roles = (f"{iam}:role/*{stack}-*" for stack in sorted(stack_names(deployment)))
    return (f"{iam}:root", account.account_id, *roles)
