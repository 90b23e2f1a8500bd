"""All delivery paths, each with deliveries that lead to findings."""

import json
from collections.abc import Callable
from typing import Any

from campaigns.emulation.deliveries import Deliveries, Tried
from campaigns.emulation.emulated import FAILED_BUCKET
from campaigns.emulation.outcome import make_interface
from flowsentry.aws import clients
from tests.lambdas.conftest import NOW, recorded
from tests.lambdas.objects import KEY, log_file, object_event_of, put, scan
from tests.lambdas.payloads import of_stream, of_subscription, payload
from tests.moto_world import REGION

Deliver = Callable[[Deliveries], None]
HOME = f"123456789012/{REGION}"
INTERNET, OURS = "203.0.113.7", "10.0.1.9"


def session(client: str = INTERNET) -> list[str]:
    """Both directions of an external login session."""
    ends = f"6 60 9000 {NOW - 300} {NOW - 250} ACCEPT OK"
    return [
        f"2 123456789012 eni-2 {client} {OURS} 40000 22 {ends}",
        f"2 123456789012 eni-2 {OURS} {client} 22 40000 {ends}",
    ]


def probes(source: str = "203.0.113.50") -> list[str]:
    """An external source that probes twelve closed ports."""
    return [
        f"2 123456789012 eni-2 {source} {OURS} 40000 {port} 6 1 40 {NOW - 300} {NOW - 250} REJECT OK"
        for port in range(8_001, 8_013)
    ]


RECORDS = [*scan(), *session(), *probes(), "this is no record"]


def subscription(to: Deliveries) -> None:
    to.asynchronous.append(Tried("stream_processor", of_subscription(payload(*RECORDS))))


def kinesis(to: Deliveries) -> None:
    to.batches.append(Tried("stream_processor", of_stream(payload(*scan()), payload(*session()), payload(*probes()))))


def _objects() -> list[str]:
    """Puts three objects into the bucket; returns their keys."""
    keys = [KEY.replace("5f1e2d3c", f"5f1e2d{n}c") for n in range(3)]
    for key, lines in zip(keys, ([*scan(), "this is no record"], session(), probes()), strict=True):
        put(log_file(*lines), key)
    return keys


def _noticed(key: str) -> str:
    return object_event_of(key.replace("=", "%3D"), eTag=key)


def _through_sns(key: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": key, "Message": _noticed(key)})


def _through_event_bridge(key: str) -> str:
    event = recorded("object_processor_eventbridge_direct")
    event["detail"]["object"] |= {"key": key, "etag": key}
    return json.dumps(event)


def s3_to_queue(to: Deliveries) -> None:
    for key in _objects():
        to.object_event(_noticed(key))


def sns_to_queue(to: Deliveries) -> None:
    for key in _objects():
        to.object_event(_through_sns(key))


def event_bridge_to_queue(to: Deliveries) -> None:
    for key in _objects():
        to.object_event(_through_event_bridge(key))


def s3_direct(to: Deliveries) -> None:
    _direct(to, [json.loads(_noticed(key)) for key in _objects()])


def sns_direct(to: Deliveries) -> None:
    (record,) = recorded("object_processor_sns_direct")["Records"]
    records = [{**record, "Sns": {**record["Sns"], "Message": _noticed(key)}} for key in _objects()]
    _direct(to, [{"Records": [each]} for each in records])


def event_bridge_direct(to: Deliveries) -> None:
    _direct(to, [json.loads(_through_event_bridge(key)) for key in _objects()])


def _direct(to: Deliveries, events: list[dict[str, Any]]) -> None:
    to.asynchronous += [Tried("object_processor", event) for event in events]


def recovery(to: Deliveries) -> None:
    """Failed deliveries: an invocation, and a batch of the stream."""
    once = recorded("failed_invocation_record") | {"requestPayload": of_subscription(payload(*scan()))}
    batch = of_stream(payload(*session()), payload(*probes()))
    several = recorded("failed_kinesis_batch_record") | {"payload": json.dumps(batch)}
    for key, record in (("aws/lambda/once", once), ("aws/lambda/several", several)):
        clients.s3().put_object(Bucket=FAILED_BUCKET, Key=key, Body=json.dumps(record).encode())
        to.object_event(object_event_of(key, eTag=key).replace('"flow-logs"', f'"{FAILED_BUCKET}"'))


def inventory_schedule(to: Deliveries) -> None:
    make_interface("10.0.1.5")
    to.asynchronous.append(Tried("inventory", recorded("inventory_schedule")))


def inventory_requests(to: Deliveries) -> None:
    made = make_interface("10.0.1.6")
    to.request(json.dumps({"target": HOME}))
    to.request(json.dumps({"interfaces": [made, "eni-0123456789abcdef0"]}))


def unknown_interfaces(to: Deliveries) -> None:
    """A processor that requests the discovery of an unknown interface. If the request fails, the next full discovery
    finds the interface.
    """
    made = make_interface("10.0.1.5")
    lines = [line.replace("eni-1", made) for line in scan()]
    to.asynchronous.append(Tried("stream_processor", of_subscription(payload(*lines))))
    to.later.append(Tried("inventory", recorded("inventory_schedule")))


DELIVERY_PATHS: dict[str, Deliver] = {
    "subscription": subscription,
    "kinesis": kinesis,
    "s3 to queue": s3_to_queue,
    "sns to queue": sns_to_queue,
    "event bridge to queue": event_bridge_to_queue,
    "s3 direct": s3_direct,
    "sns direct": sns_direct,
    "event bridge direct": event_bridge_direct,
    "recovery": recovery,
    "inventory schedule": inventory_schedule,
    "inventory requests": inventory_requests,
    "unknown interfaces": unknown_interfaces,
}
