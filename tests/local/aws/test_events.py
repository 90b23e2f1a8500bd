"""Schedules and rules reach functions."""

import json
import time
from uuid import uuid4

import pytest

from local.aws import events
from local.aws.embedded import EmbeddedAws
from local.aws.polling import Failures
from local.aws.settings import Settings
from tests.local.aws.conftest import Function, Maker


def rule(aws: EmbeddedAws, function: Function, **when: str) -> str:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, **when)
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": function.arn}])
    return name


def test_a_schedule_fires_when_asked_to(aws: EmbeddedAws, function: Maker) -> None:
    sees = function()
    name = rule(aws, sees, ScheduleExpression="rate(5 minutes)")
    assert aws.fire_schedules(name) == [name]
    aws.wait_until_quiet()
    [event] = sees.events
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert event["resources"][0].endswith(name)


def test_a_disabled_schedule_does_not_fire(aws: EmbeddedAws, function: Maker) -> None:
    name = rule(aws, function(), ScheduleExpression="rate(5 minutes)", State="DISABLED")
    assert aws.fire_schedules(name) == []


def test_in_compressed_time_every_schedule_fires_again_and_again(aws: EmbeddedAws, function: Maker) -> None:
    sees = function()
    name = rule(aws, sees, ScheduleExpression="rate(1 day)")
    failures = Failures()
    clock = events.Schedules(Settings(schedule_seconds=0.1), failures)
    deadline = time.monotonic() + 20
    while len(sees.events) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    clock.stop()
    aws.client("events").disable_rule(Name=name)
    aws.wait_until_quiet()
    assert len(sees.events) >= 3
    assert failures.count == 0


def test_an_event_reaches_the_functions_whose_rule_it_matches(aws: EmbeddedAws, function: Maker) -> None:
    sees, scheduled = function(), function()
    rule(aws, sees, EventPattern=json.dumps({"source": ["test"], "detail": {"state": ["running"]}}))
    rule(aws, scheduled, ScheduleExpression="rate(5 minutes)")
    aws.client("events").put_events(
        Entries=[
            {"Source": "test", "DetailType": "State", "Detail": json.dumps({"state": state})}
            for state in ("pending", "running")
        ]
    )
    aws.wait_until_quiet()
    assert [event["detail"]["state"] for event in sees.events] == ["running"]
    assert scheduled.events == []


def test_targets_that_are_not_known_are_refused_rather_than_ignored(aws: EmbeddedAws) -> None:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, ScheduleExpression="rate(5 minutes)")
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:queue"
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    with pytest.raises(NotImplementedError, match=arn):
        events.fire_schedules(aws.region, name)
