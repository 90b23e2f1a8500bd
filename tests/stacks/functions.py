"""The functions in the templates, and what their roles may do."""

import json
from collections.abc import Callable
from typing import Any

Every = Callable[[str], dict[str, Any]]
SOURCE = {"vpc_ids": ["vpc-0123456789abcdef0"], "destination": "cloudwatch"}
FUNCTIONS = ("stream_processor", "object_processor", "inventory", "notifier")


def functions(every: Every) -> dict[str, Any]:
    made = every("AWS::Lambda::Function").values()
    return {each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: each for each in made}


def grants(every: Every, service: str) -> dict[str, set[str]]:
    """{action: its resources, each as text} of a function's role."""
    role = functions(every)[service]["Role"]["Fn::GetAtt"][0]
    policies = [each for each in every("AWS::IAM::Policy").values() if {"Ref": role} in each["Roles"]]
    found: dict[str, set[str]] = {}
    for statement in (s for each in policies for s in each["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"):
        for action in listed(statement["Action"]):
            found.setdefault(action, set()).update(json.dumps(r) for r in listed(statement["Resource"]))
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
