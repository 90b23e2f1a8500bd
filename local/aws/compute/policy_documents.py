"""Evaluates policy documents: principals, actions, resources and conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EVERYONE = "*"


@dataclass(frozen=True)
class Request:
    """One action on one resource, by a service or an account, with the condition keys that it carries."""

    principal: str
    """A service such as `s3.amazonaws.com`, or an account id."""
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def admits(policy: Mapping[str, Any], request: Request) -> bool:
    """True if a statement of the resource policy allows the request and none denies it."""
    effects = {each["Effect"] for each in listed(policy.get("Statement", [])) if covers(each, request)}
    return effects == {"Allow"}


def denies(policy: Mapping[str, Any], request: Request) -> bool:
    """True if a statement of the resource policy denies the request."""
    return any(each["Effect"] == "Deny" and covers(each, request) for each in listed(policy.get("Statement", [])))


def covers(statement: Mapping[str, Any], request: Request) -> bool:
    """True if the statement of a resource policy applies to the request."""
    return (
        _is_principal(statement, request.principal)
        and covers_call(statement, request.action, request.resource)
        and all(_is_met(*condition, request.context) for condition in _conditions(statement))
    )


def covers_call(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """True if the statement names the action and the resource, or patterns of them, or excludes others."""
    actions = [each.lower() for each in listed(statement.get("Action", statement.get("NotAction", [])))]
    resources = listed(statement.get("Resource", statement.get("NotResource", EVERYONE)))
    is_action = any(is_like(each, action.lower()) for each in actions) != ("NotAction" in statement)
    return is_action and any(is_like(each, resource) for each in resources) != ("NotResource" in statement)


def _is_principal(statement: Mapping[str, Any], principal: str) -> bool:
    if "NotPrincipal" in statement:
        raise NotImplementedError(f"the embedded AWS does not support NotPrincipal: {statement}")
    named = statement.get("Principal", EVERYONE)
    if named == EVERYONE:
        return True
    if "." in principal:
        return principal in listed(named.get("Service", []))
    accounts = listed(named.get("AWS", []))
    return any(each in {EVERYONE, principal} or f"::{principal}:" in each for each in accounts)


def is_like(pattern: str, value: str) -> bool:
    """True if the value matches a pattern in which `*` stands for any characters and `?` for one."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def listed(value: Any) -> Sequence[Any]:
    """The value as a list: policies may state a single value without brackets."""
    return value if isinstance(value, list) else [value]


Condition = tuple[str, str, Sequence[str]]


def _conditions(statement: Mapping[str, Any]) -> Iterator[Condition]:
    """The operator, key and values of each condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, [_text(value) for value in listed(values)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equal_without_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


def _equal(pattern: str, value: str) -> bool:
    return pattern == value


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": is_like,
    "StringEqualsIgnoreCase": _equal_without_case,
    "ArnEquals": is_like,
    "ArnLike": is_like,
    "Bool": _equal_without_case,
    "NumericEquals": lambda limit, value: float(value) == float(limit),
    "NumericLessThan": lambda limit, value: float(value) < float(limit),
    "NumericLessThanEquals": lambda limit, value: float(value) <= float(limit),
    "NumericGreaterThan": lambda limit, value: float(value) > float(limit),
    "NumericGreaterThanEquals": lambda limit, value: float(value) >= float(limit),
}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""


def _is_met(operator: str, key: str, values: Sequence[str], context: Mapping[str, str]) -> bool:
    """True if the condition holds. A key that the request does not carry meets only negated and IfExists operators."""
    actual = next((value for name, value in context.items() if name.lower() == key.lower()), None)
    name = operator.rpartition(":")[2]
    if name == "Null":
        return (actual is None) == (values[0].lower() == "true")
    plain = name.removesuffix("IfExists")
    positive = plain.replace("StringNot", "String").replace("ArnNot", "Arn").replace("NumericNot", "Numeric")
    if positive not in OPERATORS:
        raise NotImplementedError(f"the embedded AWS does not support the condition operator {operator}")
    is_negated = positive != plain
    if actual is None:
        return is_negated or plain != name
    return any(OPERATORS[positive](each, actual) for each in values) != is_negated
