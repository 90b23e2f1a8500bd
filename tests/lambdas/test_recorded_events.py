"""events/: every recorded event is one that a handler takes; an event nobody takes would rot quietly."""

import json
from pathlib import Path

import pytest

from flowsentry.aws import clients
from flowsentry.aws.failed_invocation import failed_event
from flowsentry.aws.object_notice import object_notices
from tests.lambdas.conftest import ROOT, Invocation, LoadHandler, recorded

EVENTS = sorted(path.stem for path in (ROOT / "events").iterdir())
FUNCTIONS = ("stream_processor", "object_processor", "inventory", "notifier")
OBJECTS = ("failed_invocation_record", "failed_kinesis_batch_record")


def function_of(name: str) -> str:
    return next(function for function in FUNCTIONS if name.startswith(f"{function}_"))


@pytest.mark.parametrize("name", [name for name in EVENTS if name not in OBJECTS])
def test_a_recorded_event_is_taken(name: str, load_handler: LoadHandler, invocation: Invocation) -> None:
    put_what_it_tells_of(name)
    load_handler(function_of(name)).lambda_handler(recorded(name), invocation)


def put_what_it_tells_of(name: str) -> None:
    if name.startswith("object_processor"):
        for message in recorded(name)["Records"]:
            for notice in object_notices(message["body"]):
                clients.s3().put_object(Bucket=notice.source.bucket, Key=notice.source.key, Body=b"")


@pytest.mark.parametrize(
    ("name", "held"), list(zip(OBJECTS, ("stream_processor_payload", "stream_processor_kinesis"), strict=True))
)
def test_a_recorded_failed_invocation_holds_a_recorded_event(name: str, held: str) -> None:
    event, _ = failed_event([json.dumps(recorded(name)).encode()])
    assert event == recorded(held)


def test_every_function_has_a_recorded_event() -> None:
    assert {function_of(name) for name in EVENTS if name not in OBJECTS} == set(FUNCTIONS)


def test_a_handler_wires_and_does_not_decide() -> None:
    for function in FUNCTIONS:
        folder = ROOT / "lambdas" / function
        assert [path.name for path in folder.iterdir() if path.suffix] == ["handler.py"]
        assert len(Path(folder / "handler.py").read_text().splitlines()) < 80


@pytest.mark.parametrize(
    "name",
    [
        "aws-lambda-go/cloudwatch-logs-event.json",
        "lambda-promtail-events/events_cloudwatch-logs-event.json",
        "powertools-python/cloudWatchLogEvent.json",
    ],
)
def test_a_payload_recorded_by_others_is_understood_up_to_its_log_group(
    name: str, load_handler: LoadHandler, invocation: Invocation
) -> None:
    """Its log group has no format here: the error that names it shows that all before was understood."""
    sample = ROOT.parent / "shared" / "samples" / name
    if not sample.exists():
        pytest.skip("the samples of other projects are not here")
    with pytest.raises(Exception, match="has no log format"):
        load_handler("stream_processor").lambda_handler(json.loads(sample.read_text()), invocation)
