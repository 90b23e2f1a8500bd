"""Schedules reach functions, and rules reach functions and queues."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from moto.events.models import events_backends

from local.aws.embedded import EmbeddedAws
from local.aws.messaging import event_bridge
from local.aws.messaging.polling import Failures
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
    clock = event_bridge.Schedules(Settings(schedule_seconds=0.1), failures)
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


ADMITTED = {"Service": "events.amazonaws.com"}


class Queue:
    """A queue that admits these rules."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.name = aws, f"queue-{uuid4().hex[:8]}"
        self.url = aws.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{self.name}"

    def admit(self, *rules: str) -> None:
        arns = [f"arn:aws:events:{self.aws.region}:{self.aws.account}:rule/{name}" for name in rules]
        condition = {"ArnEquals": {"aws:SourceArn": arns}}
        allowed = {"Effect": "Allow", "Principal": ADMITTED, "Action": "sqs:SendMessage", "Condition": condition}
        policy = json.dumps({"Statement": [{**allowed, "Resource": self.arn}]})
        self.aws.client("sqs").set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def bodies(self) -> list[dict[str, Any]]:
        told = self.aws.client("sqs").receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(each["Body"]) for each in told]

    def sources(self) -> list[str]:
        return [body["source"] for body in self.bodies()]


def rule_to_queue(aws: EmbeddedAws, queue: Queue, **target: object) -> str:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn, **target}])
    return name


def put_event(aws: EmbeddedAws, source: str, detail: str = "{}") -> None:
    aws.client("events").put_events(Entries=[{"Source": source, "DetailType": "State", "Detail": detail}])


def test_an_event_reaches_a_queue_that_admits_its_rule(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    name, other = rule_to_queue(aws, queue), rule_to_queue(aws, queue)
    queue.admit(name, other)
    put_event(aws, name)
    assert queue.sources() == [name]


def test_a_queue_gets_what_the_target_s_transformer_makes_of_an_event(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    paths = {"account": "$.account", "region": "$.region", "state": "$.detail.state"}
    template = '{"mark":"<account>/<region>","state":"<state>"}'
    name = rule_to_queue(aws, queue, InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    queue.admit(name)
    put_event(aws, name, '{"state": "running"}')
    assert queue.bodies() == [{"mark": f"{aws.account}/{aws.region}", "state": "running"}]


def test_a_disabled_rule_sends_nothing(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    name = rule_to_queue(aws, queue)
    queue.admit(name)
    aws.client("events").disable_rule(Name=name)
    put_event(aws, name)
    assert queue.sources() == []


def test_an_event_that_its_queue_does_not_admit_is_a_dead_letter(aws: EmbeddedAws) -> None:
    queue, dead_letters = Queue(aws), Queue(aws)
    name = rule_to_queue(aws, queue, DeadLetterConfig={"Arn": dead_letters.arn})
    queue.admit("another-rule")
    dead_letters.admit(name)
    put_event(aws, name)
    assert (queue.sources(), dead_letters.sources()) == ([], [name])


def test_an_event_that_no_queue_admits_is_told_and_not_dropped_quietly(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    name = rule_to_queue(aws, queue)
    rules: Any = events_backends[aws.account][aws.region].event_buses["default"].rules
    with pytest.raises(PermissionError, match=f"{name} may not send to {queue.arn}"):
        rules[name].send_to_targets({"source": name})


def test_targets_that_are_not_known_are_refused_rather_than_ignored(aws: EmbeddedAws) -> None:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, ScheduleExpression="rate(5 minutes)")
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:queue"
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    with pytest.raises(NotImplementedError, match=arn):
        event_bridge.fire_schedules(aws.region, name)
