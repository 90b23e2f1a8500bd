"""CloudWatch Logs payloads, and the events and records that contain them."""

import base64
import gzip
import json
from typing import Any

from tests.lambdas.conftest import recorded
from tests.moto_world import LOG_GROUP

OWNER = "123456789012"
NO_GZIP = base64.b64encode(b"not gzip").decode()


def payload(*messages: str, log_group: str = LOG_GROUP, log_stream: str = "eni-1-all") -> str:
    """Log events of one interface, as base64."""
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": OWNER,
        "logGroup": log_group,
        "logStream": log_stream,
        "logEvents": [{"id": str(index), "timestamp": 0, "message": line} for index, line in enumerate(messages)],
    }
    return base64.b64encode(gzip.compress(json.dumps(envelope).encode(), mtime=0)).decode()


def recorded_payload() -> str:
    """Fourteen records, among them twelve rejected probes of 10.0.1.5."""
    return str(recorded("stream_processor_payload")["awslogs"]["data"])


def of_subscription(data: str) -> dict[str, Any]:
    return {"awslogs": {"data": data}}


def of_stream(*payloads: str) -> dict[str, Any]:
    """The recorded batch with these payloads; their sequence numbers are 0, 1 and so on."""
    record = recorded("stream_processor_kinesis")["Records"][0]
    records = [{"sequenceNumber": str(number), "data": data} for number, data in enumerate(payloads)]
    ids = [f"shardId-000000000000:{number}" for number in range(len(payloads))]
    return {
        "Records": [
            {**record, "eventID": id_, "kinesis": {**record["kinesis"], **each}}
            for id_, each in zip(ids, records, strict=True)
        ]
    }


def failed_batch(event: dict[str, Any]) -> bytes:
    """The record that Lambda writes to the bucket when the retries of a stream's batch are used up."""
    return json.dumps(recorded("failed_kinesis_batch_record") | {"payload": json.dumps(event)}).encode()
