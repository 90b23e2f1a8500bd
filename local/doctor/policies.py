"""Reads resource policies: whether a principal is admitted, denied, or only on conditions that can't be judged here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Admission(StrEnum):
    """What a policy says. SILENT: nothing; in the same account, an IAM policy is then enough."""

    ALLOWED = "allowed"
    CONDITIONAL = "allowed on conditions"
    SILENT = "not mentioned"
    DENIED = "denied"


def admission(policy: Mapping[str, Any], principals: Sequence[str], action: str) -> Admission:
    """What the policy says about this action of any of these principals (ARNs, account IDs, services). A denial on
    conditions counts as none: most require TLS or an organization.
    """
    said = [each for each in _statements(policy) if _is_about(each, principals, action)]
    if any(each.get("Effect") == "Deny" and not each.get("Condition") for each in said):
        return Admission.DENIED
    allowed = [each for each in said if each.get("Effect") == "Allow"]
    if any(not each.get("Condition") for each in allowed):
        return Admission.ALLOWED
    return Admission.CONDITIONAL if allowed else Admission.SILENT


def _statements(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in _listed(policy.get("Statement")) if isinstance(each, Mapping))


def _is_about(statement: Mapping[str, Any], principals: Sequence[str], action: str) -> bool:
    return any(_matches(each, action) for each in _listed(statement.get("Action"))) and bool(
        {"*", *principals} & set(_named(statement.get("Principal")))
    )


def _named(principal: Any) -> list[str]:
    if isinstance(principal, Mapping):
        return [str(each) for kind in principal.values() for each in _listed(kind)]
    return [str(each) for each in _listed(principal)]


def _matches(pattern: Any, action: str) -> bool:
    """IAM's `*` and `?`; actions have no case."""
    escaped = re.escape(str(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, action, re.IGNORECASE) is not None


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
