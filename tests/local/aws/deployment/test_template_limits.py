"""Templates that CloudFormation rejects before it touches a resource, each limit just below and just above."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import ValidationError

from local.aws.deployment import template_limits
from local.aws.embedded import EmbeddedAws

TOPIC = {"Type": "AWS::SNS::Topic"}


def template(**sections: Any) -> str:
    return json.dumps({"Resources": {"Topic": TOPIC}, **sections})


def topics(number: int) -> dict[str, Any]:
    return {f"Topic{index}": TOPIC for index in range(number)}


def strings(number: int) -> dict[str, Any]:
    return {f"Name{index}": {"Type": "String"} for index in range(number)}


def of_bytes(number: int) -> str:
    short = template(Metadata="")
    return template(Metadata="x" * (number - len(short)))


@pytest.mark.parametrize(
    ("valid", "invalid", "message"),
    [
        (of_bytes(1_000_000), of_bytes(1_000_001), "Template may not exceed 1000000 bytes in size"),
        (template(Resources=topics(500)), template(Resources=topics(501)), "Number of resources, 501, is greater"),
        (template(Parameters=strings(200)), template(Parameters=strings(201)), "Number of parameters, 201"),
        (template(Outputs=strings(200)), template(Outputs=strings(201)), "Number of outputs, 201"),
        (template(Resources={"a" * 255: TOPIC}), template(Resources={"a" * 256: TOPIC}), "longer than 255"),
        (template(Resources={"aB1": TOPIC}), template(Resources={"a-B": TOPIC}), "a-B is non alphanumeric"),
        (template(Description="x" * 1024), template(Description="x" * 1025), "'Description' length is greater"),
    ],
    ids=["bytes", "resources", "parameters", "outputs", "long names", "names", "description"],
)
def test_a_template_is_valid_up_to_the_limit(valid: str, invalid: str, message: str) -> None:
    template_limits.validate(valid)
    with pytest.raises(ValidationError) as error:
        template_limits.validate(invalid)
    assert message in error.value.message


def referring(name: str) -> dict[str, Any]:
    return {**TOPIC, "Properties": {"DisplayName": {"Fn::Sub": f"${{{name}}} and ${{AWS::Region}}"}}}


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"A": referring("B"), "B": referring("A")}, "Circular dependency between resources: [A, B]"),
        ({"A": referring("B")}, "Unresolved resource dependencies ['B']"),
        ({"A": {"Type": "AWS::Braket::Nothing"}}, "Unrecognized resource types: [AWS::Braket::Nothing]"),
    ],
)
def test_a_template_with_wrong_references_is_rejected(resources: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        template_limits.validate(template(Resources=resources))
    assert message in error.value.message


def test_a_request_holds_51200_bytes_of_template(aws: EmbeddedAws) -> None:
    create = aws.client("cloudformation").create_stack
    create(StackName=f"stack-{uuid4().hex[:8]}", TemplateBody=of_bytes(51_200))
    with pytest.raises(ClientError, match=r"'templateBody' failed to satisfy constraint: .* equal to 51200"):
        create(StackName=f"stack-{uuid4().hex[:8]}", TemplateBody=of_bytes(51_201))


def test_a_parameter_value_holds_4096_bytes(aws: EmbeddedAws) -> None:
    body = template(Parameters={"Name": {"Type": "String"}})

    def create(size: int) -> None:
        parameters = [{"ParameterKey": "Name", "ParameterValue": "x" * size}]
        name = f"stack-{uuid4().hex[:8]}"
        aws.client("cloudformation").create_stack(StackName=name, TemplateBody=body, Parameters=parameters)

    create(4096)
    with pytest.raises(ClientError, match=r"'parameters\.Name' failed to satisfy constraint"):
        create(4097)
