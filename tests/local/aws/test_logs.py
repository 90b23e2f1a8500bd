"""Log groups and functions: subscriptions, their probe, and their patterns."""

import base64
import gzip
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from local.aws import logs
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import Function, Maker


def payloads(function: Function) -> list[Any]:
    return [json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"]))) for event in function.events]


@pytest.fixture
def group(aws: EmbeddedAws) -> str:
    name = f"flow-logs-{uuid4().hex[:8]}"
    aws.client("logs").create_log_group(logGroupName=name)
    aws.client("logs").create_log_stream(logGroupName=name, logStreamName="eni-1-all")
    return name


def subscribe(aws: EmbeddedAws, group: str, function: Function, pattern: str = "") -> None:
    aws.client("logs").put_subscription_filter(
        logGroupName=group, filterName="to-function", filterPattern=pattern, destinationArn=function.arn
    )


def put(aws: EmbeddedAws, group: str, *lines: str) -> int:
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    aws.client("logs").put_log_events(logGroupName=group, logStreamName="eni-1-all", logEvents=events)
    return now


def test_log_events_reach_a_function_as_cloudwatch_sends_them(aws: EmbeddedAws, group: str, function: Maker) -> None:
    sees = function()
    subscribe(aws, group, sees)
    now = put(aws, group, "2 line one", "2 line two")
    aws.wait_until_quiet()
    [payload] = payloads(sees)
    ids = [event.pop("id") for event in payload["logEvents"]]
    assert all(isinstance(id_, str) for id_ in ids)
    assert payload == {
        "messageType": "DATA_MESSAGE",
        "owner": aws.account,
        "logGroup": group,
        "logStream": "eni-1-all",
        "subscriptionFilters": ["to-function"],
        "logEvents": [{"timestamp": now, "message": "2 line one"}, {"timestamp": now, "message": "2 line two"}],
    }


def test_a_filter_lets_only_its_pattern_through(aws: EmbeddedAws, group: str, function: Maker) -> None:
    sees = function()
    subscribe(aws, group, sees, pattern="REJECT")
    put(aws, group, "2 ACCEPT OK", "2 REJECT OK")
    put(aws, group, "2 ACCEPT OK")
    aws.wait_until_quiet()
    assert [[event["message"] for event in payload["logEvents"]] for payload in payloads(sees)] == [["2 REJECT OK"]]


@pytest.fixture
def _probing() -> Iterator[None]:
    logs.set_probes(enabled=True)
    yield
    logs.set_probes(enabled=False)


@pytest.mark.usefixtures("_probing")
def test_a_new_filter_probes_its_function_once(aws: EmbeddedAws, group: str, function: Maker) -> None:
    sees = function()
    subscribe(aws, group, sees)
    subscribe(aws, group, sees, pattern="REJECT")
    aws.wait_until_quiet()
    assert [payload["messageType"] for payload in payloads(sees)] == ["CONTROL_MESSAGE"]


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ("", True),
        ("REJECT", True),
        ("ACCEPT", False),
        ("REJECT OK", True),
        ("-REJECT", False),
        ("-NODATA", True),
        ("?ACCEPT ?REJECT", True),
        ('"REJECT OK"', True),
        ('"OK REJECT"', False),
    ],
)
def test_patterns_of_terms_mean_what_they_mean_on_aws(pattern: str, *, passes: bool) -> None:
    assert logs.matches(pattern, "2 10.0.0.1 REJECT OK") == passes


def test_patterns_of_other_kinds_are_refused_rather_than_guessed() -> None:
    with pytest.raises(NotImplementedError):
        logs.matches("[version, account, ...]", "2 123456789012")
