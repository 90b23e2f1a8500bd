"""Functions that Lambda refuses, each limit just below and just above."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.compute import function_limits
from local.aws.deployment.assembly import put_stack
from local.aws.deployment.deploy import DeployError
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import Function, FunctionFactory, zipped


@pytest.fixture
def create(aws: EmbeddedAws) -> FunctionFactory:
    return FunctionFactory(aws)


def variables(size: int) -> dict[str, Any]:
    """Environment variables whose JSON object has this size."""
    return {"Environment": {"Variables": {"NAME": "x" * (size - len('{"NAME":""}'))}}}


@pytest.mark.parametrize(
    ("valid", "refused", "message"),
    [
        (variables(4096), variables(4097), "exceeded the 4KB limit. String measured"),
        (
            {"Environment": {"Variables": {"REGION": "a"}}},
            {"Environment": {"Variables": {"AWS_REGION": "a"}}},
            "reserved",
        ),
        ({"Description": "x" * 256}, {"Description": "x" * 257}, "'description' failed to satisfy constraint"),
        ({"Timeout": 900}, {"Timeout": 901}, "less than or equal to 900"),
        ({"MemorySize": 10_240}, {"MemorySize": 10_241}, "less than or equal to 10240"),
    ],
    ids=["variables", "reserved variables", "description", "timeout", "memory"],
)
def test_a_function_is_valid_up_to_the_limit(
    aws: EmbeddedAws, create: FunctionFactory, valid: dict[str, Any], refused: dict[str, Any], message: str
) -> None:
    created = create(**valid)
    with pytest.raises(ClientError) as error:
        create(**refused)
    assert message in str(error.value)
    with pytest.raises(ClientError) as error:
        aws.client("lambda").update_function_configuration(FunctionName=created.name, **refused)
    assert message in str(error.value)
    described = aws.client("lambda").get_function_configuration(FunctionName=created.name)
    [(key, value)] = valid.items()
    assert described[key] == value


@pytest.mark.parametrize("name", ["a" * 64, "with-dashes_1"])
def test_a_function_name_has_64_letters_digits_and_dashes(aws: EmbeddedAws, create: FunctionFactory, name: str) -> None:
    def put(function_name: str) -> None:
        code = {"ZipFile": zipped({"handler.py": ""})}
        aws.client("lambda").create_function(
            FunctionName=function_name, Runtime="python3.11", Role=create.role([]), Handler="handler.run", Code=code
        )

    put(name)
    for wrong in (f"{name}{'a' * 64}"[:65], "with.dots"):
        with pytest.raises(ClientError, match="'functionName' failed to satisfy constraint"):
            put(wrong)


def test_a_role_must_trust_lambda(aws: EmbeddedAws, create: FunctionFactory) -> None:
    role = aws.client("iam").create_role(RoleName=f"role-{uuid4().hex[:8]}", AssumeRolePolicyDocument="{}")["Role"][
        "Arn"
    ]
    with pytest.raises(ClientError, match=r"The role defined for the function cannot be assumed by Lambda\."):
        aws.client("lambda").update_function_configuration(FunctionName=create().name, Role=role)


@pytest.fixture
def layers(aws: EmbeddedAws) -> list[str]:
    publish = aws.client("lambda").publish_layer_version
    contents = [zipped({f"python/{number}.py": "x" * 100}) for number in range(6)]
    return [
        publish(LayerName=f"layer-{uuid4().hex[:8]}", Content={"ZipFile": each})["LayerVersionArn"] for each in contents
    ]


def test_a_function_has_5_layers(create: FunctionFactory, layers: list[str]) -> None:
    create(Layers=layers[:5])
    with pytest.raises(ClientError, match="more than 5 layers"):
        create(Layers=layers)


def test_code_and_layers_are_limited_together(
    create: FunctionFactory, layers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function_limits, "MOST_BYTES_UNZIPPED", 450)
    create(code="x" * 250, Layers=layers[:2])
    with pytest.raises(ClientError, match=r"maximum allowed size of 450 bytes\. The actual size is 451 bytes"):
        create(code="x" * 251, Layers=layers[:2])
    with pytest.raises(ClientError, match="Unzipped size must be smaller than 450 bytes"):
        create(code="x" * 451)


@pytest.fixture
def unreserved(aws: EmbeddedAws) -> Iterator[None]:
    """No function of the account has reserved concurrency before and after the test."""
    yield
    for each in aws.client("lambda").list_functions()["Functions"]:
        aws.client("lambda").delete_function_concurrency(FunctionName=each["FunctionName"])


@pytest.mark.usefixtures("unreserved")
def test_100_concurrent_executions_must_stay_unreserved(aws: EmbeddedAws, create: FunctionFactory) -> None:
    first, second = create(), create()
    put = aws.client("lambda").put_function_concurrency
    put(FunctionName=first.name, ReservedConcurrentExecutions=800)
    put(FunctionName=second.name, ReservedConcurrentExecutions=100)
    with pytest.raises(ClientError, match=r"UnreservedConcurrentExecution below its minimum value of \[100\]"):
        put(FunctionName=second.name, ReservedConcurrentExecutions=101)
    assert (
        aws.client("lambda").get_function_concurrency(FunctionName=second.name)["ReservedConcurrentExecutions"] == 100
    )


def test_a_new_account_can_reserve_nothing(
    aws: EmbeddedAws, create: FunctionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function_limits, "account_concurrency", [10])
    with pytest.raises(ClientError, match=r"below its minimum value of \[10\]"):
        aws.client("lambda").put_function_concurrency(FunctionName=create().name, ReservedConcurrentExecutions=1)


def permit(aws: EmbeddedAws, function: Function, statement_id: str, source: str = "") -> None:
    aws.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId=statement_id,
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        **({"SourceArn": source} if source else {}),
    )


def test_a_function_policy_has_20480_bytes(aws: EmbeddedAws, create: FunctionFactory) -> None:
    function, source = create(admits=()), f"arn:aws:logs:us-east-1:123456789012:log-group:{'g' * 1000}:*"
    for number in range(15):
        permit(aws, function, f"statement-{number}", source)
    with pytest.raises(ClientError, match=r"The final policy size \(2\d\d\d\d\) is bigger than the limit \(20480\)"):
        permit(aws, function, "one-more", source)
    policy = aws.client("lambda").get_policy(FunctionName=function.name)["Policy"]
    assert 18_000 < len(json.dumps(json.loads(policy), separators=(",", ":"))) <= 20_480


def test_a_statement_id_is_unique(aws: EmbeddedAws, create: FunctionFactory) -> None:
    function = create(admits=())
    permit(aws, function, "once")
    with pytest.raises(ClientError, match=r"The statement id \(once\) provided already exists"):
        permit(aws, function, "once")


def test_a_stack_with_too_many_variables_is_rolled_back(aws: EmbeddedAws, create: FunctionFactory) -> None:
    name, role = f"stack-{uuid4().hex[:8]}", create.role([])

    def put(size: int) -> None:
        code = {"ZipFile": "def run(*_): pass"}
        properties = {"Code": code, "Handler": "index.run", "Runtime": "python3.11", "Role": role, **variables(size)}
        put_stack(
            aws, name, json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}})
        )

    put(4096)
    with pytest.raises(DeployError, match="exceeded the 4KB limit"):
        put(4097)
    [described] = [
        each for each in aws.client("lambda").list_functions()["Functions"] if each["FunctionName"].startswith(name)
    ]
    assert len(described["Environment"]["Variables"]["NAME"]) == 4096 - len('{"NAME":""}')
