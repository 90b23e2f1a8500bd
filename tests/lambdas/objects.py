"""Objects and object events for the tests of object_processor."""

import copy
import gzip
import json
from typing import Any

from flowsentry.aws import clients
from flowsentry.records.fields import DEFAULT_NAMES
from tests.lambdas.conftest import NOW, recorded
from tests.moto_world import (
    LOG_BUCKET,
    messages_in,
)

KEY = (
    "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=eu-central-1/year=2026/month=11/day=03/"
    "123456789012_vpcflowlogs_eu-central-1_fl-0123456789abcdef0_20261103T0315Z_5f1e2d3c.log.gz"
)
FAILED_KEY = "aws/lambda/async/stream_processor/2026/11/03/2026-11-03T03.23.41-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
HEADER = " ".join(DEFAULT_NAMES)
DONE: dict[str, Any] = {"batchItemFailures": []}


def scan() -> list[str]:
    return [
        f"2 123456789012 eni-1 10.0.1.5 10.0.2.{host} {50_000 + host} 22 6 3 180 {NOW - 300} {NOW - 250} REJECT OK"
        for host in range(10, 22)
    ]


def put(body: bytes, key: str = KEY, bucket: str = LOG_BUCKET) -> None:
    clients.s3().put_object(Bucket=bucket, Key=key, Body=body)


def log_file(*lines: str) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in (HEADER, *lines)).encode(), mtime=0)


def with_messages(*bodies: str) -> dict[str, Any]:
    """The recorded event with these messages, called m0, m1 and so on."""
    (message,) = recorded("object_processor_new_object")["Records"]
    return {"Records": [{**message, "messageId": f"m{index}", "body": body} for index, body in enumerate(bodies)]}


def object_event_of(key: str, **entry: str | int) -> str:
    event = copy.deepcopy(json.loads(recorded("object_processor_new_object")["Records"][0]["body"]))
    event["Records"][0]["s3"]["object"] |= {"key": key, **entry}
    return json.dumps(event)


def reasons_in(queue_url: str) -> list[str]:
    return [message["MessageAttributes"]["reason"]["StringValue"] for message in messages_in(queue_url)]


class Breaking:
    """A client of which some operations fail."""

    def __init__(self, real: Any, **broken: Exception) -> None:
        self.real, self.broken = real, broken

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> None:
            raise self.broken[name]

        return fail if name in self.broken else getattr(self.real, name)
