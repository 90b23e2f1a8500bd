"""The embedded AWS in this process, and small functions in it."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings

RECORDING_HANDLER = """
import json, os

def answer(event, attempts):
{body}

def lambda_handler(event, context):
    print("EVENT " + json.dumps(event))
    path = os.path.join(os.environ["TMPDIR"], "attempts")
    with open(path, "a+") as file:
        file.write(".")
    return answer(event, os.path.getsize(path))
"""
"""A handler that prints each event; `attempts` counts the invocations of its execution environment."""

READS_QUEUES = [(f"sqs:{action}", "*") for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")]
"""What Lambda requires of a function's role before it polls a queue for it."""
SERVICES = ("events", "logs", "s3", "sns")
"""Services that invoke functions and need their permission."""
TRUSTS_SERVICES = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "logs.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ]
    }
)

ADMITS_S3 = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": "*",
            }
        ]
    }
)
"""A queue policy that admits every bucket."""


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@dataclass(frozen=True)
class Function:
    """A deployed function, with its log and the events that it received."""

    aws: EmbeddedAws
    name: str
    arn: str

    @property
    def log_lines(self) -> list[str]:
        logs = self.aws.client("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{self.name}")["logGroups"]
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}")["events"] if groups else []
        return [event["message"] for event in events]

    @property
    def events(self) -> list[Any]:
        return [json.loads(line.removeprefix("EVENT ")) for line in self.log_lines if line.startswith("EVENT ")]

    def invoke(self, event: Any = None, **more: Any) -> dict[str, Any]:
        response: dict[str, Any] = self.aws.client("lambda").invoke(
            FunctionName=self.name, Payload=json.dumps(event), **more
        )
        return response

    def answer(self, event: Any = None) -> Any:
        return json.loads(self.invoke(event)["Payload"].read())


class FunctionFactory:
    """Creates functions with unique names."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws

    def __call__(
        self,
        body: str = "return event",
        *,
        code: str = "",
        allow: Sequence[tuple[str, str]] = (),
        admits: Sequence[str] = SERVICES,
        **settings: Any,
    ) -> Function:
        """A function whose `answer(event, attempts)` has this body, or with `code` as its module.

        Its role allows the actions on resources in `allow`, its policy the services in `admits`.
        """
        name = f"function-{uuid4().hex[:8]}"
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        created = self.aws.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=self.role(allow),
            Handler="handler.lambda_handler",
            Code={"ZipFile": zipped({"handler.py": code or RECORDING_HANDLER.format(body=indented)})},
            **{"Timeout": 10, **settings},
        )
        for service in admits:
            self.aws.client("lambda").add_permission(
                FunctionName=name,
                StatementId=service,
                Action="lambda:InvokeFunction",
                Principal=f"{service}.amazonaws.com",
            )
        return Function(self.aws, name, created["FunctionArn"])

    def role(self, allow: Sequence[tuple[str, str]]) -> str:
        """The ARN of a role that allows each action on its resource."""
        name = f"role-{uuid4().hex[:8]}"
        iam = self.aws.client("iam")
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUSTS_SERVICES)
        wanted = [*READS_QUEUES, *allow]
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in wanted]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=document)
        return str(created["Role"]["Arn"])


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """One per module, so that other tests of this process use unpatched moto."""
    quick = Settings(async_retry_seconds=0.05, redelivery_seconds=0.05, send_control_messages=False)
    with EmbeddedAws.in_process(quick) as running:
        yield running


@pytest.fixture
def function(aws: EmbeddedAws) -> Iterator[FunctionFactory]:
    """Creates functions; fails the test if it causes a failure of the embedded AWS."""
    before = len(aws.failures())
    yield FunctionFactory(aws)
    assert aws.failures()[before:] == []
