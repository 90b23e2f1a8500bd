"""Published versions, aliases and SnapStart in templates."""

import json
from typing import Any
from uuid import uuid4

import pytest

from local.aws.deployment.assembly import delete_stack, put_stack
from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import FunctionFactory


def template(role: str, version: str = "First", **properties: Any) -> str:
    """A function with the alias `live` of a version."""
    function = {
        "Code": {"ZipFile": "def run(*_): pass"},
        "Handler": "index.run",
        "Runtime": "python3.13",
        "Role": role,
        "SnapStart": {"ApplyOn": "PublishedVersions"},
        **properties,
    }
    alias = {"FunctionName": {"Ref": "F"}, "FunctionVersion": {"Fn::GetAtt": [version, "Version"]}, "Name": "live"}
    permission = {
        "FunctionName": {"Ref": "Live"},
        "Action": "lambda:InvokeFunction",
        "Principal": "logs.amazonaws.com",
    }
    resources = {
        "F": {"Type": "AWS::Lambda::Function", "Properties": function},
        version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
        "Live": {"Type": "AWS::Lambda::Alias", "Properties": alias},
        "P": {"Type": "AWS::Lambda::Permission", "Properties": permission},
    }
    return json.dumps({"Resources": resources, "Outputs": {"Alias": {"Value": {"Ref": "Live"}}}})


def alias_of(aws: EmbeddedAws, stack: str) -> dict[str, Any]:
    [described] = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    arn = described["Outputs"][0]["OutputValue"]
    found: dict[str, Any] = aws.client("lambda").get_alias(FunctionName=arn.rpartition(":")[0], Name="live")
    assert found["AliasArn"] == arn
    return found


def test_an_alias_follows_the_version_that_a_change_of_the_function_publishes(aws: EmbeddedAws) -> None:
    stack, role = f"stack-{uuid4().hex[:8]}", FunctionFactory(aws).role([])
    put_stack(aws, stack, template(role))
    assert alias_of(aws, stack)["FunctionVersion"] == "1"
    put_stack(aws, stack, template(role, "Second", MemorySize=256))
    assert alias_of(aws, stack)["FunctionVersion"] == "2"
    delete_stack(aws, stack)


def test_a_second_version_of_an_unchanged_function_is_refused(aws: EmbeddedAws) -> None:
    stack, role = f"stack-{uuid4().hex[:8]}", FunctionFactory(aws).role([])
    put_stack(aws, stack, template(role))
    with pytest.raises(DeployError, match="A version for this Lambda function exists"):
        put_stack(aws, stack, template(role, "Second"))


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Runtime": "python3.11"}, "python3.11 is not supported for SnapStart enabled functions"),
        ({"EphemeralStorage": {"Size": 513}}, "ephemeral storage greater than 512 MB"),
        ({"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a"}]}, "does not support Amazon EFS"),
    ],
)
def test_snap_start_is_refused_where_aws_refuses_it(aws: EmbeddedAws, properties: dict[str, Any], message: str) -> None:
    stack, role = f"stack-{uuid4().hex[:8]}", FunctionFactory(aws).role([])
    with pytest.raises(DeployError, match=message):
        put_stack(aws, stack, template(role, **properties))


def test_storage_of_512_mb_and_python_3_12_are_accepted(aws: EmbeddedAws) -> None:
    stack, role = f"stack-{uuid4().hex[:8]}", FunctionFactory(aws).role([])
    put_stack(aws, stack, template(role, Runtime="python3.12", EphemeralStorage={"Size": 512}))
