"""Findings of cdk-nag that are accepted, each at its construct and with its reason."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one rule of AwsSolutions on a construct; `rule` may be granular, as in `IAM5[Resource::*]`."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))


def acknowledge_wildcard(construct: IConstruct, arn: str, reason: str) -> None:
    """Accepts one resource that ends in `*` in the policies of a construct."""
    acknowledge(construct, f"IAM5[Resource::{_as_cdk_nag_writes(Stack.of(construct).resolve(arn))}]", reason)


def _as_cdk_nag_writes(resolved: Any) -> str:
    """A resolved ARN with each reference as `<name>`."""
    if isinstance(resolved, str):
        return resolved
    (function, argument), *_ = resolved.items()
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_as_cdk_nag_writes(part) for part in parts)
    return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"
