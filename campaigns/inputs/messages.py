"""Groups of hostile messages among valid ones, each with a check of what must exist afterwards."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import polars as pl

from campaigns.emulation.deliveries import Deliveries, Tried
from campaigns.emulation.emulated import Emulated
from campaigns.emulation.outcome import make_interface, outcome_of
from campaigns.inputs.values import KEYS, WRONG, damaged, mutated
from flowsentry.aws import clients
from flowsentry.aws.findings.table import FindingTable
from flowsentry.findings.finding import Finding
from tests.lambdas.conftest import NOW, recorded
from tests.lambdas.objects import KEY, log_file, object_event_of, put
from tests.lambdas.payloads import of_stream, payload
from tests.moto_world import FINDINGS_TABLE, LOG_GROUP, OUTPUT_BUCKET, items_of, keys_in, object_in

Check = Callable[[], list[str]]
Group = Callable[[Emulated, Deliveries, list[str]], Check]
"""Delivers hostile texts among valid ones; returns a function that lists what is missing afterwards."""
END = NOW - 250


def record(number: int) -> str:
    """A record that raises no finding, different for each number."""
    return (
        f"2 123456789012 eni-1 10.0.1.5 10.0.2.9 {1_024 + number % 60_000} 443 6 12 {number} {END - 50} {END} ACCEPT OK"
    )


def missing_records(numbers: list[int]) -> Check:
    """Checks that the records with these numbers are in enriched objects."""

    def check() -> list[str]:
        objects = [object_in(OUTPUT_BUCKET, key) for key in keys_in(OUTPUT_BUCKET, "enriched/")]
        there = {number for each in objects for number in pl.read_parquet(each, columns=["bytes"])["bytes"]}
        return [f"record {number}" for number in numbers if number not in there]

    return check


@dataclass
class Numbers:
    """A counter that numbers the valid messages of a process; hostile ones have lower numbers."""

    last: int = 1_000

    def next(self) -> int:
        self.last += 1
        return self.last


NUMBERS = Numbers()


def good_payload() -> tuple[str, int]:
    """A payload and the number of its record."""
    number = NUMBERS.next()
    return payload(record(number)), number


def good_object_event() -> tuple[str, int]:
    """An object event of an existing object, and the number of its record."""
    number = NUMBERS.next()
    key = KEY.replace("5f1e2d3c", f"{number:08x}")
    put(log_file(record(number)), key)
    return object_event_of(key.replace("=", "%3D"), eTag=key), number


def beside(_: Emulated, to: Deliveries, texts: list[str]) -> Check:
    """Payloads in a stream batch, with a valid one first and last."""
    (first, one), (last, another) = good_payload(), good_payload()
    to.batches.append(Tried("stream_processor", of_stream(first, *texts, last)))
    return missing_records([one, another])


def in_queue(_: Emulated, to: Deliveries, texts: list[str]) -> Check:
    """Messages in the queue of object events."""
    (first, one), (last, another) = good_object_event(), good_object_event()
    for body in (first, *texts, last):
        to.object_event(body)
    return missing_records([one, another])


def for_inventory(aws: Emulated, to: Deliveries, texts: list[str]) -> Check:
    """Messages in the discovery's queue, with one that requests an existing interface."""
    made = make_interface("10.0.1.7")
    for body in (*texts, json.dumps({"interfaces": [made]})):
        to.request(body)

    def check() -> list[str]:
        return [] if made in outcome_of(aws).interfaces else [made]

    return check


def in_findings_stream(aws: Emulated, to: Deliveries, texts: list[str]) -> Check:
    """Items of the findings table, one of them a finding that must be delivered."""
    number = NUMBERS.next()
    (example, _) = recorded("notifier_findings_stream")["Records"]
    values = json.loads(example["dynamodb"]["NewImage"]["finding"]["S"])
    finding = Finding.from_json(json.dumps({**values, "id": f"{number:024x}"}))
    FindingTable(FINDINGS_TABLE, clients.dynamodb(), clock=aws.clock).put_new([finding])
    images = [image for text in texts if isinstance(image := _parsed(text), dict) and _is_stored(image)]
    (good,) = [item for item in items_of(FINDINGS_TABLE) if item["id"]["S"] == finding.id]
    to.known_findings |= {item["id"]["S"] for item in items_of(FINDINGS_TABLE)}
    inserted = [{"eventName": "INSERT", "dynamodb": {"NewImage": image}} for image in (*images[:4], good, *images[4:])]
    to.new_findings.append(Tried("notifier", {"Records": inserted}))
    return lambda: [] if any(finding.id in text for _, text in aws.published) else [finding.id]


def _is_stored(image: dict[str, Any]) -> bool:
    """Whether DynamoDB accepts the item; rejected items are in no stream."""
    try:
        clients.dynamodb().put_item(TableName=FINDINGS_TABLE, Item=image)
    except Exception:  # noqa: BLE001 - rejected by the client, or by the table, in whichever way
        return False
    return True


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def envelopes(chance: Random) -> Iterator[str]:
    """Payloads, as base64."""
    events = [{"id": str(n), "timestamp": END * 1_000, "message": record(n)} for n in range(2)]
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": LOG_GROUP,
        "logStream": "eni-1-all",
        "subscriptionFilters": ["all"],
        "logEvents": events,
    }
    for text in damaged(envelope, chance):
        data = gzip.compress(text.encode(errors="surrogatepass"), mtime=0)
        yield base64.b64encode(data if chance.random() < 0.8 else mutated(data, chance)).decode()  # noqa: PLR2004


def record_lines(chance: Random) -> Iterator[str]:
    """Payloads in which one record has an invalid value."""
    fields = record(1).split()
    resources = [
        (at, value) for at in range(len(fields)) for value in (*map(str, WRONG), "vpc-" + "x" * 300, "é", "\x1b[0m")
    ]
    chance.shuffle(resources)
    for at, value in resources:
        yield payload(" ".join([*fields[:at], value, *fields[at + 1 :]]))


def object_events(chance: Random) -> Iterator[str]:
    """Damaged object events of a missing object, and object events with unusual keys."""
    key = KEY.replace("5f1e2d3c", "00000000")
    plain = json.loads(object_event_of(key, eTag="0"))
    bridged = recorded("object_processor_eventbridge_direct")
    wrapped = {"Type": "Notification", "Message": json.dumps(plain), "MessageId": "1", "TopicArn": "arn:aws:sns:::t"}
    kinds = [damaged(each, chance) for each in (plain, bridged, wrapped)]
    odd = iter([*map(object_event_of, KEYS), *(json.dumps(_bridged(bridged, name)) for name in KEYS)])
    yield from (text for each in zip(*kinds, strict=False) for text in (*each, next(odd, "{}")))
    for each in kinds:
        yield from each


def _bridged(event: dict[str, Any], key: str) -> dict[str, Any]:
    detail = event["detail"]
    return {**event, "detail": {**detail, "object": {**detail["object"], "key": key}}}


def requests(chance: Random) -> Iterator[str]:
    """Requests to the inventory."""
    for each in ({"target": "123456789012/eu-central-1", "changed_at": NOW}, {"interfaces": ["eni-0a1b2c3d4e5f60718"]}):
        yield from damaged(each, chance)


def findings(chance: Random) -> Iterator[str]:
    """Items of the findings table."""
    (example, _) = recorded("notifier_findings_stream")["Records"]
    image = example["dynamodb"]["NewImage"]
    yield from damaged(image, chance)
    for text in damaged(json.loads(image["finding"]["S"]), chance):
        yield json.dumps({**image, "finding": {"S": text}})


GROUPS: dict[str, tuple[Callable[[Random], Iterator[str]], Group, int]] = {
    "envelopes": (envelopes, beside, 40),
    "records": (record_lines, beside, 60),
    "object_events": (object_events, in_queue, 28),
    "requests": (requests, for_inventory, 28),
    "findings": (findings, in_findings_stream, 18),
}
"""Hostile texts, how they come, and how many at once."""
