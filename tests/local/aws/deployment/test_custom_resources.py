"""A stack waits for the function of a custom resource, and fails with the reason that the function gives."""

from typing import Any

import pytest

from local.aws.deployment.assembly import delete_stack
from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import Function, FunctionFactory
from tests.local.aws.deployment.test_stack_operations import Stack

ANSWERS = """
import json
from urllib.request import Request, urlopen

def lambda_handler(event, context):
    print("EVENT " + json.dumps(event))
    refused = event["ResourceProperties"].get("Refuse") == event["RequestType"]
    answer = {
        "Status": "FAILED" if refused else "SUCCESS",
        "Reason": "EC2 said no",
        "PhysicalResourceId": "the-one",
        "Data": {"Answer": "42"},
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    urlopen(Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")).close()
"""


@pytest.fixture(scope="module")
def answering(aws: EmbeddedAws) -> Function:
    return FunctionFactory(aws)(code=ANSWERS)


def custom(function: Function, **properties: Any) -> dict[str, Any]:
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": function.arn, **properties}}


def requests(function: Function, stack: Stack) -> list[dict[str, Any]]:
    """What the function was asked for this stack. It writes its log after its answer."""
    function.aws.wait_until_quiet(settle_seconds=0)
    return [each for each in function.events if f"/{stack.name}/" in each["StackId"]]


def test_a_function_is_asked_to_create_update_and_delete_its_resource(aws: EmbeddedAws, answering: Function) -> None:
    stack = Stack(aws)
    parameter = {"Type": "String", "Name": f"/{stack.name}", "Value": {"Fn::GetAtt": ["It", "Answer"]}}
    told = {"Type": "AWS::SSM::Parameter", "Properties": parameter}
    stack.put(It=custom(answering, Number=1, List=[True]), Told=told)
    assert stack.ids()["It"] == "the-one"
    assert aws.client("ssm").get_parameter(Name=f"/{stack.name}")["Parameter"]["Value"] == "42"
    stack.put(It=custom(answering, Number=2, List=[True]), Told=told)
    delete_stack(aws, stack.name)
    created, updated, deleted = requests(answering, stack)
    kinds = [each["RequestType"] for each in (created, updated, deleted)]
    assert kinds == ["Create", "Update", "Delete"]
    assert created["ResourceProperties"] == {"ServiceToken": answering.arn, "Number": "1", "List": ["true"]}
    assert (updated["ResourceProperties"]["Number"], updated["OldResourceProperties"]["Number"]) == ("2", "1")
    assert (updated["PhysicalResourceId"], deleted["PhysicalResourceId"]) == ("the-one", "the-one")


def test_an_unchanged_custom_resource_is_not_asked_for_again(aws: EmbeddedAws, answering: Function) -> None:
    stack = Stack(aws)
    stack.put(It=custom(answering))
    stack.put(It=custom(answering), Topic={"Type": "AWS::SNS::Topic"})
    assert [each["RequestType"] for each in requests(answering, stack)] == ["Create"]


def test_a_refused_creation_fails_the_stack_with_the_reason(aws: EmbeddedAws, answering: Function) -> None:
    with pytest.raises(DeployError, match=r"status \[FAILED\] from custom resource.*: EC2 said no"):
        Stack(aws).put(It=custom(answering, Refuse="Create"))


def test_a_refused_update_is_rolled_back_by_another_update(aws: EmbeddedAws, answering: Function) -> None:
    stack = Stack(aws)
    stack.put(It=custom(answering, Number=1))
    with pytest.raises(DeployError, match="EC2 said no"):
        stack.put(It=custom(answering, Number=2, Refuse="Update"))
    *_, last = requests(answering, stack)
    assert (last["RequestType"], last["ResourceProperties"].get("Number")) == ("Update", "1")


def test_a_function_that_does_not_answer_fails_the_stack_in_the_end(aws: EmbeddedAws) -> None:
    silent = FunctionFactory(aws)()
    with pytest.raises(DeployError, match="did not receive a response from your Custom Resource"):
        Stack(aws).put(It=custom(silent, ServiceTimeout=1))
