"""Commands of the AWS CLI on pages: the service, the operation and the parameters exist, and none is missing."""

import pytest

from tests.documented.aws_commands import AwsCommand, aws_commands, problems
from tests.documented.blocks import blocks, inline_code
from tests.documented.kinds import is_shell


def in_blocks() -> dict[str, AwsCommand]:
    shell = (line for block in blocks() if is_shell(block) for line in block.commands)
    return {str(command): command for line in shell for command in aws_commands(line)}


def in_backticks() -> dict[str, AwsCommand]:
    return {str(command): command for _, code in inline_code() for command in aws_commands(code)}


WHOLE = [*in_blocks().values(), *(each for each in in_backticks().values() if each.options)]
NAMED = [each for each in in_backticks().values() if not each.options]


def test_commands_are_found() -> None:
    assert len(WHOLE) > 50
    assert {each.service for each in WHOLE} >= {"s3", "s3api", "logs", "ssm", "cloudformation", "kms", "sqs"}


@pytest.mark.parametrize("command", WHOLE, ids=lambda each: each.name)
def test_a_command_is_one_that_the_cli_accepts(command: AwsCommand) -> None:
    assert problems(command, is_whole=True) == []


@pytest.mark.parametrize("command", NAMED, ids=lambda each: each.name)
def test_a_command_that_is_only_named_exists(command: AwsCommand) -> None:
    assert problems(command, is_whole=False) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aws sqs no-such --x 1", ["no sqs no-such"]),
        ("aws nothing list", ["no nothing list"]),
        ("aws sqs purge-queue --queue X", ["--queue", "lacks --queue-url"]),
        ("aws s3 cp --wrong a b", ["--wrong"]),
        ("aws cloudwatch set-alarm-state --alarm-name a --state-value BAD --state-reason r", ["--state-value BAD"]),
        ('aws sns publish --message "$(aws sts who)" | jq .', ["no sts who"]),
        ("aws cloudformation delete-stack-set --stack-set-name X", []),
    ],
)
def test_wrong_commands_are_noticed(text: str, expected: list[str]) -> None:
    found = [problem for command in aws_commands(text) for problem in problems(command, is_whole=True)]
    assert found == expected
