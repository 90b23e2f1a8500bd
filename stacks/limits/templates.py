"""Synthesised templates as the limits read them: resources, and the length of values that are known only to AWS."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "0" * 12,
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::URLSuffix": "amazonaws.com.cn",
}
"""The longest value of each. Other references have the length of `longest`."""
NAME, ARN = 64, 140
"""Longest generated name and ARN of a bucket, function, role, queue, topic, key or stream. A table's name, which may
have 255 characters, is generated from the stack and a short id."""
LONGEST = {"-arn": ARN, "-url": ARN, "-bucket-name": 63, "-name": 100}
"""Longest values of the shared parameters with these endings (see `stacks.constructs.parameters`)."""
LOG_GROUP = 160


class Resource(NamedTuple):
    """A resource of a template; `properties` as they are in it."""

    stack: str
    id: str
    type: str
    properties: Mapping[str, Any]


class Excess(NamedTuple):
    """A resource that AWS would refuse, and why, in one sentence."""

    resource: Resource
    sentence: str


@dataclass(frozen=True)
class Templates:
    """The templates of an app by stack, and the folder with their assets."""

    by_stack: Mapping[str, Mapping[str, Any]]
    folder: Path = field(default_factory=Path)

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Templates":
        """The templates in these files, of one folder."""
        files = list(map(Path, paths))
        by_stack = {path.name.removesuffix(".template.json"): json.loads(path.read_text("utf-8")) for path in files}
        return cls(by_stack, files[0].parent if files else Path())

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, in all stacks; those of every type if none is given."""
        for stack, template in self.by_stack.items():
            for id_, resource in template.get("Resources", {}).items():
                if resource["Type"] in types or not types:
                    yield Resource(stack, id_, resource["Type"], resource.get("Properties", {}))

    def filled(self, resource: Resource, value: Any) -> Any:
        """The value with text as long as can be in place of each reference to what only AWS knows."""
        parameters = self.by_stack[resource.stack].get("Parameters", {})
        return _filled(value, {name: str(each.get("Default", "")) for name, each in parameters.items()})

    def text(self, resource: Resource, value: Any) -> str:
        """The value as JSON without white space, with text as long as can be in place of references; text as it is."""
        filled = self.filled(resource, value)
        return filled if isinstance(filled, str) else json.dumps(filled, separators=(",", ":"), ensure_ascii=False)

    def bytes_of(self, resource: Resource, value: Any) -> int:
        """The most bytes that `text` can have."""
        return len(self.text(resource, value).encode())


def _filled(value: Any, defaults: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled(each, defaults) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Ref" or function.startswith("Fn::"):
            return _result(function, argument, defaults)
    return {name: _filled(each, defaults) for name, each in value.items()}


def _result(function: str, argument: Any, defaults: Mapping[str, str]) -> Any:
    """What an intrinsic function returns, as long as can be."""
    match function:
        case "Ref":
            return PSEUDO_PARAMETERS.get(argument, "x" * longest(defaults.get(argument, "")))
        case "Fn::Join":
            separator, parts = argument
            return separator.join(str(_filled(part, defaults)) for part in parts)
        case "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            for name, long in PSEUDO_PARAMETERS.items():
                text = text.replace(f"${{{name}}}", long)
            return text
        case _:
            return "x" * ARN


def longest(parameter: str) -> int:
    """The most characters of the value of a shared parameter; of a name for any other reference."""
    if "/log-group-names/" in parameter:
        return LOG_GROUP
    return next(
        (size for ending, size in LONGEST.items() if parameter.endswith(ending)), NAME if not parameter else ARN
    )
