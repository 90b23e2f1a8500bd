"""The function that creates flow logs of every VPC: its schedule, and CloudFormation, which waits for an answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import ModuleType
from typing import Any

import pytest

from flowsentry.aws import clients
from flowsentry.aws.flow_logs import every_vpc
from tests.lambdas.conftest import LOG_BUCKET, Invocation, LoadHandler

VARIABLES = {
    "DEPLOYMENT_NAME": "flowsentry",
    "DELIVERY_ID": "0a1b2c",
    "LOG_FORMAT": "${version} ${srcaddr}",
    "TRAFFIC_TYPE": "ALL",
    "AGGREGATION_SECONDS": "60",
    "DESTINATION_ARN": f"arn:aws:s3:::{LOG_BUCKET}",
    "FILE_FORMAT": "plain-text",
}


@dataclass
class CloudFormation:
    """What waits at a ResponseURL: the answers to it, with their content type."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)

    def request(self, kind: str, on_removal: str = "delete") -> dict[str, Any]:
        return {
            "RequestType": kind,
            "ResponseURL": self.url,
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/x/1",
            "RequestId": "request-1",
            "LogicalResourceId": "EveryVpcFlowLogs",
            "ResourceType": "Custom::FlowLogsOfEveryVpc",
            "ResourceProperties": {"OnRemoval": on_removal},
        }


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    waiting = CloudFormation()

    class Answers(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            waiting.answers.append(json.loads(body))
            waiting.content_types.append(self.headers["Content-Type"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    waiting.url = f"http://127.0.0.1:{server.server_port}/answer"
    yield waiting
    server.shutdown()
    server.server_close()


@pytest.fixture
def handler(load_handler: LoadHandler, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(every_vpc, "LAST_RUN_SECONDS", 0)
    return load_handler("flow_log_creator")


def flow_logs() -> int:
    return len(clients.ec2().describe_flow_logs()["FlowLogs"])


def vpcs() -> int:
    return len(clients.ec2().describe_vpcs()["Vpcs"])


def test_the_schedule_creates_what_is_missing(handler: ModuleType, invocation: Invocation) -> None:
    assert handler.lambda_handler({"source": "aws.events"}, invocation) == {"created": vpcs(), "deleted": 0}
    assert handler.lambda_handler({"source": "aws.events"}, invocation) == {"created": 0, "deleted": 0}


def test_cloudformation_is_answered_after_flow_logs_were_created(
    handler: ModuleType, invocation: Invocation, cloudformation: CloudFormation
) -> None:
    handler.lambda_handler(cloudformation.request("Create"), invocation)
    assert flow_logs() == vpcs()
    assert cloudformation.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "EveryVpcFlowLogs",
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/x/1",
            "RequestId": "request-1",
            "LogicalResourceId": "EveryVpcFlowLogs",
        }
    ]
    assert cloudformation.content_types == [""]


@pytest.mark.parametrize(("on_removal", "left"), [("delete", 0), ("keep", 1)])
def test_on_removal_flow_logs_are_deleted_or_kept_as_the_setting_says(
    handler: ModuleType, invocation: Invocation, cloudformation: CloudFormation, on_removal: str, left: int
) -> None:
    handler.lambda_handler({}, invocation)
    handler.lambda_handler(cloudformation.request("Delete", on_removal), invocation)
    assert (flow_logs() > 0) == bool(left)
    assert cloudformation.answers[-1]["Status"] == "SUCCESS"


def test_what_ec2_refuses_is_told_to_cloudformation_and_fails_the_schedule(
    handler: ModuleType, invocation: Invocation, cloudformation: CloudFormation
) -> None:
    clients.s3().delete_bucket(Bucket=LOG_BUCKET)
    handler.lambda_handler(cloudformation.request("Update"), invocation)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert f"{LOG_BUCKET} does not exist" in answer["Reason"]
    with pytest.raises(Exception, match="does not exist"):
        handler.lambda_handler({}, invocation)
