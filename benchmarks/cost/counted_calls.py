"""What the functions ask of AWS in memory (moto): calls by operation, DynamoDB's units, and the time that moto takes.

boto3 builds, signs and parses each call as in a function, and that time counts. The time inside moto stands for AWS's
and is left out of the functions' processor time.
"""

import json
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest
from moto.core.botocore_stubber import BotocoreStubber

from benchmarks.dynamodb.capacity import item_bytes, read_units, write_units
from flowsentry.aws import clients

INDEXES = ("unpublished", "thread")
"""The keys of the indexes of the findings table: each that an item has costs its write again."""
Answer = tuple[int, Mapping[str, str], str | bytes] | None


@dataclass
class CountedCalls:
    """Calls by `service:Operation`, bytes of S3 objects written, DynamoDB's units, and seconds of processor time that
    were spent in AWS in memory, or on counting.
    """

    calls: Counter[str] = field(default_factory=Counter)
    bytes_put: int = 0
    write_units: float = 0
    read_units: float = 0
    seconds_in_aws: float = 0
    _inside: threading.local = field(default_factory=threading.local)

    def reset(self) -> None:
        """Counts from zero; the seconds go on."""
        self.calls.clear()
        self.bytes_put, self.write_units, self.read_units = 0, 0, 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts while AWS is in memory."""
        real = BotocoreStubber.process_request

        def process_request(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Answer:
            if getattr(self._inside, "counts", False):
                return real(stubber, request)
            begun = time.thread_time()
            try:
                answer: Answer = real(stubber, request)
                self._count(request, answer)
            finally:
                self.seconds_in_aws += time.thread_time() - begun
            return answer

        with patch.object(BotocoreStubber, "process_request", process_request):
            yield

    def _count(self, request: AWSPreparedRequest, answer: Answer) -> None:
        operation = operation_of(request)
        self.calls[operation] += 1
        if operation == "s3:PutObject":
            size = request.headers.get("X-Amz-Decoded-Content-Length") or request.headers["Content-Length"]
            self.bytes_put += int(size)
        if operation.startswith("dynamodb:") and answer is not None:
            asked: Any = request.body
            self._count_units(operation.partition(":")[2], json.loads(asked), json.loads(answer[2]))

    def _count_units(self, operation: str, asked: Any, answered: Any) -> None:
        match operation:
            case "PutItem":
                self.write_units += put_units(asked["Item"])
            case "TransactWriteItems":
                self.write_units += sum(put_units(each["Put"]["Item"], writes=2) for each in asked["TransactItems"])
            case "UpdateItem" | "DeleteItem":
                size = item_bytes(self._stored(asked) or typed(answered.get("Item", {})))
                self.write_units += write_units(size, size)
            case "BatchGetItem":
                self._count_batch(asked["RequestItems"], answered["Responses"])
            case "GetItem" | "Query":
                items = answered.get("Items", [answered.get("Item", {})])
                self.read_units += read_units(sum(item_bytes(typed(item)) for item in items))
            case _:
                raise NotImplementedError(f"the units of {operation} are not counted")

    def _count_batch(self, asked: Any, answered: Any) -> None:
        for table, request in asked.items():
            share = 1.0 if request.get("ConsistentRead") else 0.5
            sizes = [item_bytes(typed(item)) for item in answered.get(table, ())]
            self.read_units += share * (sum(map(read_units, sizes)) + len(request["Keys"]) - len(sizes))

    def _stored(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._inside.counts = True
        try:
            asked_for: Any = {"TableName": asked["TableName"], "Key": typed(asked["Key"])}
            item: Mapping[str, Any] = clients.dynamodb().get_item(**asked_for).get("Item", {})
        finally:
            self._inside.counts = False
        return item


def put_units(item: Mapping[str, Mapping[str, Any]], writes: int = 1) -> int:
    """The units of putting an item into its table, and into the indexes that it is in; of a transaction each item of
    the table is written twice.
    """
    size = item_bytes(typed(item))
    return (writes + sum(name in item for name in INDEXES)) * write_units(size, size)


_S3: Mapping[str, str] = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


def operation_of(request: AWSPreparedRequest) -> str:
    """`dynamodb:UpdateItem` for a request; `s3:GetObject` for one of S3, which the functions make of objects only."""
    header: Any = request.headers.get("X-Amz-Target", "")
    target = header.decode() if isinstance(header, bytes) else header
    if not target:
        return f"s3:{_S3[request.method]}"
    service, _, operation = target.partition(".")
    return f"{SERVICES[service]}:{operation}"


SERVICES: Mapping[str, str] = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AmazonSSM": "ssm"}


def typed(item: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """An item as boto3 has it: what JSON writes as base64 is bytes again."""
    return {name: {kind: _value(kind, value)} for name, given in item.items() for kind, value in given.items()}


def _value(kind: str, value: Any) -> Any:
    match kind:
        case "B":
            return b64decode(value)
        case "BS":
            return [b64decode(each) for each in value]
    return value
