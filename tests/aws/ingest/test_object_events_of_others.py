"""Events that other projects recorded: each names its object, or is ignored or refused with a reason."""

import json
from pathlib import Path

import pytest

from flowsentry.aws.ingest.object_events import direct_messages, is_queue_batch, object_events
from flowsentry.errors import PoisonError
from flowsentry.records.object_key import is_no_flow_log
from tests.recorded import recorded

FOLDERS = ("powertools-python", "datadog", "lambda-promtail-events", "aws-lambda-go")
SHAPES = ("s3", "sqs", "sns", "eventbridge")

REFUSED, TEST = "refused: not-an-object-event", "test"
ARTIFACT = "new: s3://lambda-artifacts-deafc19498e3f2df/b21b84d653bb07b05b1e6b33684dc11b"
FACE = "new: s3://sourcebucket/Happy Face.jpg?versionId=version"
TRAIL = (
    "something else: s3://aws-landing-zone-logs-000000000000-eu-central-1/"
    "AWSLogs/000000000000/CloudTrail/us-east-1/2026/07/16/example_CloudTrail_us-east-1.json.gz"
    "?versionId=096fKKXTRTtl3on89fVO.nfljtsv6qko"
)
EXPECTED = {
    "powertools-python/s3Event.json": [ARTIFACT],
    "powertools-python/s3EventBridgeNotificationObjectCreatedEvent.json": ["new: s3://example-bucket/IMG_m7fzo3.jpg"],
    "powertools-python/s3EventDecodedKey.json": [FACE],
    "powertools-python/s3EventDeleteObject.json": ["ignored: ObjectRemoved:Delete"],
    "powertools-python/s3EventGlacier.json": [ARTIFACT],
    "powertools-python/s3SqsEvent.json": ["new: s3://xxx/test.pdf?versionId=yd3d4HaWOT2zguDLvIQLU6ptDTwKBnQV"],
    "powertools-python/snsEvent.json": [REFUSED],
    "powertools-python/snsSqsEvent.json": [REFUSED],
    "powertools-python/snsSqsFifoEvent.json": [REFUSED],
    "powertools-python/sqsDlqTriggerEvent.json": [REFUSED],
    "powertools-python/sqsEvent.json": [REFUSED, REFUSED],
    "datadog/sqs_s3.json": ["new: s3://my-bucket/my-key.log"],
    "datadog/sqs_sns_s3.json": ["new: s3://my-bucket/my-key.log"],
    "lambda-promtail-events/eventbridge-s3-event.json": ["new: s3://bucket/pizza.txt"],
    "lambda-promtail-events/events_s3-event-generated-tags.json": [TRAIL],
    "lambda-promtail-events/events_s3-event.json": [FACE],
    "lambda-promtail-events/events_s3-test-event.json": [TEST],
    "lambda-promtail-events/events_sns-event.json": [REFUSED],
    "lambda-promtail-events/events_sqs-event.json": [REFUSED],
    "aws-lambda-go/cloudwatch-alarm-sns-payload-single-metric.json": [REFUSED],
    "aws-lambda-go/s3-event-with-decoded.json": [FACE],
    "aws-lambda-go/s3-event.json": [FACE],
    "aws-lambda-go/sns-event.json": [REFUSED],
    "aws-lambda-go/sqs-event.json": [REFUSED],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_event_gives_the_objects_that_it_names(name: str) -> None:
    event = json.loads(recorded(f"samples/{name}").read_text())
    messages = [record["body"] for record in event["Records"]] if is_queue_batch(event) else direct_messages(event)
    assert [each for message in messages for each in objects_named_by(message)] == EXPECTED[name]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_recorded_event_of_these_shapes_is_in_the_table(folder: str) -> None:
    found = (path for path in recorded(f"samples/{folder}").iterdir() if is_of_these_shapes(path))
    assert {f"{folder}/{path.name}" for path in found} == {name for name in EXPECTED if name.startswith(f"{folder}/")}


def is_of_these_shapes(path: Path) -> bool:
    return path.suffix == ".json" and any(shape in path.name.lower() for shape in SHAPES)


def objects_named_by(message: str) -> list[str]:
    """The result for each object that a message names, in words."""
    try:
        events = object_events(message)
    except PoisonError as poison:
        return [f"refused: {poison.reason}"]
    found = []
    for object_event in events:
        kind = "something else" if is_no_flow_log(object_event.source.key) else "new"
        found.append(
            f"{kind}: {object_event.source}" if object_event.is_new_object else f"ignored: {object_event.event_name}"
        )
    return found or [TEST]
