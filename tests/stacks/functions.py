"""Helpers: the Lambda functions in the templates, and the permissions of their roles."""

import json
from collections.abc import Callable
from typing import Any

PropertiesOf = Callable[[str], dict[str, Any]]
SOURCE = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch", "kinesis": False}
FUNCTIONS = ("stream_processor", "object_processor", "inventory", "notifier", "rule_usage")


def functions(properties_of: PropertiesOf) -> dict[str, Any]:
    made = properties_of("AWS::Lambda::Function").values()
    return {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: each for each in made}


def grants(properties_of: PropertiesOf, service: str) -> dict[str, set[str]]:
    """Permissions of a function's role: {action: its resources, each as text}."""
    role = functions(properties_of)[service]["Role"]["Fn::GetAtt"][0]
    policies = [each for each in properties_of("AWS::IAM::Policy").values() if {"Ref": role} in each["Roles"]]
    found: dict[str, set[str]] = {}
    for statement in (s for each in policies for s in each["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"):
        for action in listed(statement["Action"]):
            found.setdefault(action, set()).update(json.dumps(r) for r in listed(statement["Resource"]))
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
