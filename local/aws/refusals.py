"""Errors with which AWS services refuse requests, in the protocol of each service."""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.exceptions import ServiceException

from local.aws.compute.policy_documents import listed


class Refusal(ServiceException):
    """An error of the service whose request is being processed: moto takes the service from the class's module, if that
    is one of moto's.
    """


def refuse(code: str, message: str) -> Refusal:
    """The error with this code of the service whose request is being processed."""
    return Refusal(code, message)


def too_long(name: str, value: str, most: int, code: str = "ValidationError") -> Refusal:
    """The error for a text that is longer than allowed."""
    text = f"1 validation error detected: Value '{value[:100]}' at '{name}' failed to satisfy constraint"
    return refuse(code, f"{text}: Member must have length less than or equal to {most}")


def count_principals(statements: Sequence[Mapping[str, Any]]) -> int:
    """How many principals the statements of a policy name."""
    named = [each.get("Principal", {}) for each in statements]
    return sum(
        1 if not isinstance(principal, Mapping) else sum(len(listed(values)) for values in principal.values())
        for principal in named
    )


def count_conditions(statements: Sequence[Mapping[str, Any]]) -> int:
    """How many condition keys the statements of a policy have."""
    return sum(len(keys) for each in statements for keys in each.get("Condition", {}).values())
