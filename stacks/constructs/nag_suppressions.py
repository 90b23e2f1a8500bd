"""Accepts single findings of cdk-nag, each at its construct and with a reason."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one AwsSolutions rule on a construct; `rule` may name one finding, such as `IAM5[Resource::*]`."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))


def acknowledge_control(construct: IConstruct, rule: str, reason: str) -> None:
    """Accepts one rule of NIST 800-53 R5 on a construct."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"NIST.800.53.R5::NIST.800.53.R5-{rule}", reason=reason))


def acknowledge_wildcard(construct: IConstruct, arn: str, reason: str) -> None:
    """Accepts one ARN that contains `*` in the policies of a construct."""
    acknowledge(construct, f"IAM5[Resource::{_cdk_nag_form(Stack.of(construct).resolve(arn))}]", reason)


def _cdk_nag_form(resolved: Any) -> str:
    """A resolved ARN as cdk-nag writes it: each reference as `<name>`."""
    if isinstance(resolved, str):
        return resolved
    (function, argument), *_ = resolved.items()
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_cdk_nag_form(part) for part in parts)
    return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"
