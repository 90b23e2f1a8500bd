"""Commands of the AWS CLI in a text, and what the CLI's service models say against them."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel

GLOBAL = frozenset(
    {"query", "output", "region", "profile", "max-items", "page-size", "no-paginate", "cli-binary-format"}
)
"""Options of every command. https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html"""
SERVICES = {"s3api": "s3"}
RENAMED = {("sns subscribe", "endpoint"): "notification-endpoint"}
"""Parameters that are other options in the CLI.
https://github.com/aws/aws-cli/blob/v2/awscli/customizations/argrename.py"""
CUSTOM: Mapping[str, frozenset[str]] = {
    "s3 cp": frozenset({"recursive"}),
    "s3 ls": frozenset({"recursive"}),
    "s3 rb": frozenset({"force"}),
    "s3 sync": frozenset({"exclude", "include"}),
    "logs tail": frozenset({"since", "follow", "filter-pattern", "format"}),
    "cloudformation deploy": frozenset({"stack-name", "template-file", "capabilities", "parameter-overrides"}),
}
"""Commands that the CLI makes of several operations, with the options that pages use.
https://awscli.amazonaws.com/v2/documentation/api/latest/reference/s3/index.html and its neighbours."""
SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")
PLACE_HOLDER = re.compile(r"<[^<>]*>|…")


@dataclass(frozen=True)
class AwsCommand:
    """`aws service operation`, its options with their values, and what it is given without an option."""

    service: str
    operation: str
    options: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        return f"{self.service} {self.operation}"


def aws_commands(text: str) -> Iterator[AwsCommand]:
    """The commands in a text of a shell, those in `$(…)` too."""
    text = PLACE_HOLDER.sub("X", text)
    while found := SUBSTITUTION.search(text):
        yield from aws_commands(found[1])
        text = text.replace(found[0], "X")
    for begun in re.finditer(r"\baws (?=[a-z0-9]+ [a-z])", text):
        yield _command_of(shlex.split(_until_its_end(text[begun.end() :])))


def _until_its_end(text: str) -> str:
    """The text as far as the first `|`, `;`, `&`, `>` or line end outside quotes."""
    words = re.match(r"(?:[^'\"|;&>\n]|'[^']*'|\"(?:\\.|[^\"])*\")*", text)
    return words[0] if words else ""


def _command_of(words: list[str]) -> AwsCommand:
    service, operation, *rest = words
    options: dict[str, tuple[str, ...]] = {}
    name = ""
    for word in rest:
        if word.startswith("--"):
            name = word[2:]
            options[name] = ()
        elif name:
            options[name] += (word,)
    return AwsCommand(service, operation, options)


def problems(command: AwsCommand, *, is_whole: bool) -> list[str]:
    """What the CLI would refuse: a service, operation, option or value. A command that is not whole is only named, and
    may lack what is required.
    """
    if command.name in CUSTOM:
        return [f"--{name}" for name in sorted(set(command.options) - CUSTOM[command.name] - GLOBAL)]
    model = operation_of(command.service, command.operation)
    if model is None:
        return [f"no {command.name}"]
    members = model.input_shape.members if model.input_shape else {}
    known = {option_of(command, name): shape for name, shape in members.items()}
    given = {name.removeprefix("no-") for name in command.options}
    unknown = [f"--{name}" for name in command.options if not _is_option(name, known)]
    required = model.input_shape.required_members if model.input_shape and is_whole else ()
    lacking = [f"lacks --{option}" for name in required if (option := option_of(command, name)) not in given]
    return [*unknown, *lacking, *_wrong_values(command, known)]


def option_of(command: AwsCommand, parameter: str) -> str:
    option = xform_name(parameter, "-")
    return RENAMED.get((command.name, option), option)


def _is_option(name: str, known: Mapping[str, Any]) -> bool:
    is_negated = name.startswith("no-") and known.get(name[3:]) and known[name[3:]].type_name == "boolean"
    return name in GLOBAL or name in known or bool(is_negated)


def _wrong_values(command: AwsCommand, known: Mapping[str, Any]) -> Iterator[str]:
    """Values that an option does not have, of those that have a list."""
    for name, values in command.options.items():
        allowed = getattr(known.get(name), "enum", None)
        yield from (f"--{name} {value}" for value in values if allowed and value != "X" and value not in allowed)


@cache
def operation_of(service: str, operation: str) -> OperationModel | None:
    session = botocore.session.get_session()
    name = SERVICES.get(service, service)
    if name not in session.get_available_services():
        return None
    model = session.get_service_model(name)
    found = next((each for each in model.operation_names if xform_name(each, "-") == operation), None)
    return model.operation_model(found) if found else None
