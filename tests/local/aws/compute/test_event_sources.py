"""Event source mappings that Lambda refuses, each limit just below and just above."""

from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import FunctionFactory, zipped


@pytest.fixture
def create(aws: EmbeddedAws) -> FunctionFactory:
    return FunctionFactory(aws)


def queue(aws: EmbeddedAws, visibility: int = 30) -> str:
    name = f"queue-{uuid4().hex[:8]}"
    aws.client("sqs").create_queue(QueueName=name, Attributes={"VisibilityTimeout": str(visibility)})
    return f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"


def connect(aws: EmbeddedAws, function: str, source: str, **more: Any) -> str:
    mapping = aws.client("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=source, **more)
    return str(mapping["UUID"])


def concurrency(number: int) -> dict[str, Any]:
    return {"ScalingConfig": {"MaximumConcurrency": number}}


WINDOW = {"MaximumBatchingWindowInSeconds": 1}


@pytest.mark.parametrize(
    ("valid", "refused", "message"),
    [
        ({"BatchSize": 10_000, **WINDOW}, {"BatchSize": 10_001, **WINDOW}, "less than or equal to 10000"),
        ({"BatchSize": 10}, {"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ({"MaximumBatchingWindowInSeconds": 300}, {"MaximumBatchingWindowInSeconds": 301}, "less than or equal to 300"),
        (concurrency(1000), concurrency(1001), "'maximumConcurrency' .* less than or equal to 1000"),
    ],
    ids=["batch", "batch without window", "window", "concurrency"],
)
def test_a_mapping_is_valid_up_to_the_limit(
    aws: EmbeddedAws, create: FunctionFactory, valid: dict[str, Any], refused: dict[str, Any], message: str
) -> None:
    function, source = create().name, queue(aws)
    with pytest.raises(ClientError, match=message):
        connect(aws, function, source, **refused)
    mapping = connect(aws, function, source, **valid)
    with pytest.raises(ClientError, match=message):
        aws.client("lambda").update_event_source_mapping(UUID=mapping, **refused)


def test_a_visibility_timeout_shorter_than_the_function_timeout_is_refused(
    aws: EmbeddedAws, create: FunctionFactory
) -> None:
    function = create(Timeout=60).name
    with pytest.raises(
        ClientError, match="Queue visibility timeout: 59 seconds is less than Function timeout: 60 seconds"
    ):
        connect(aws, function, queue(aws, visibility=59))
    connect(aws, function, queue(aws, visibility=60))


def test_more_concurrency_than_the_function_has_reserved_is_refused(aws: EmbeddedAws, create: FunctionFactory) -> None:
    function = create().name
    aws.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)
    with pytest.raises(ClientError, match="MaximumConcurrency 6 is greater than the function's reserved concurrency 5"):
        connect(aws, function, queue(aws), **concurrency(6))
    connect(aws, function, queue(aws), **concurrency(5))
    aws.client("lambda").delete_function_concurrency(FunctionName=function)


def test_a_role_that_may_not_receive_messages_is_refused(aws: EmbeddedAws) -> None:
    name, trusted = f"function-{uuid4().hex[:8]}", '{"Service": "lambda.amazonaws.com"}'
    trust = f'{{"Statement": [{{"Effect": "Allow", "Principal": {trusted}, "Action": "sts:AssumeRole"}}]}}'
    role = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    code = {"ZipFile": zipped({"handler.py": ""})}
    aws.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Role=role, Handler="handler.run", Code=code
    )
    with pytest.raises(ClientError, match="role does not have permissions to call ReceiveMessage on SQS"):
        connect(aws, name, queue(aws))


def test_a_second_mapping_of_one_queue_and_function_is_refused(aws: EmbeddedAws, create: FunctionFactory) -> None:
    function, source = create().name, queue(aws)
    first = connect(aws, function, source)
    with pytest.raises(
        ClientError, match=f"already exists. Please update or delete the existing mapping with UUID {first}"
    ):
        connect(aws, function, source)
