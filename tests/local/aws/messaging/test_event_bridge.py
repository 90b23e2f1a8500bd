"""Schedules invoke functions; rules send events to functions and queues."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from local.aws.embedded import EmbeddedAws
from local.aws.messaging import event_bridge
from local.aws.messaging.polling import FailureLog
from local.aws.settings import Settings
from tests.local.aws.conftest import Function, FunctionFactory


def rule(aws: EmbeddedAws, function: Function, **when: str) -> str:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, **when)
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": function.arn}])
    return name


def test_a_schedule_fires_on_request(aws: EmbeddedAws, function: FunctionFactory) -> None:
    sees = function()
    name = rule(aws, sees, ScheduleExpression="rate(5 minutes)")
    assert aws.fire_schedules(name) == [name]
    aws.wait_until_quiet()
    [event] = sees.events
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert event["resources"][0].endswith(name)


def test_a_disabled_schedule_does_not_fire(aws: EmbeddedAws, function: FunctionFactory) -> None:
    name = rule(aws, function(), ScheduleExpression="rate(5 minutes)", State="DISABLED")
    assert aws.fire_schedules(name) == []


def test_schedules_fire_repeatedly_at_the_configured_interval(aws: EmbeddedAws, function: FunctionFactory) -> None:
    sees = function()
    name = rule(aws, sees, ScheduleExpression="rate(1 day)")
    failures = FailureLog()
    clock = event_bridge.Schedules(Settings(schedule_seconds=0.1), failures)
    deadline = time.monotonic() + 20
    while len(sees.events) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    clock.stop()
    aws.client("events").disable_rule(Name=name)
    aws.wait_until_quiet()
    assert len(sees.events) >= 3
    assert failures.count == 0


def test_an_event_invokes_the_functions_of_matching_rules(aws: EmbeddedAws, function: FunctionFactory) -> None:
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


EVENT_BRIDGE = {"Service": "events.amazonaws.com"}


class Queue:
    """A queue and its policy."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws, self.name = aws, f"queue-{uuid4().hex[:8]}"
        self.url = aws.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{self.name}"

    def allow(self, *rules: str) -> None:
        arns = [f"arn:aws:events:{self.aws.region}:{self.aws.account}:rule/{name}" for name in rules]
        condition = {"ArnEquals": {"aws:SourceArn": arns}}
        allowed = {"Effect": "Allow", "Principal": EVENT_BRIDGE, "Action": "sqs:SendMessage", "Condition": condition}
        policy = json.dumps({"Statement": [{**allowed, "Resource": self.arn}]})
        self.aws.client("sqs").set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def bodies(self) -> list[dict[str, Any]]:
        messages = self.aws.client("sqs").receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(each["Body"]) for each in messages]

    def sources(self) -> list[str]:
        return [body["source"] for body in self.bodies()]


def rule_to_queue(aws: EmbeddedAws, queue: Queue, **target: object) -> str:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn, **target}])
    return name


def put_event(aws: EmbeddedAws, source: str, detail: str = "{}") -> None:
    aws.client("events").put_events(Entries=[{"Source": source, "DetailType": "State", "Detail": detail}])


def test_a_queue_whose_policy_allows_the_rule_receives_its_event(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    name, other = rule_to_queue(aws, queue), rule_to_queue(aws, queue)
    queue.allow(name, other)
    put_event(aws, name)
    assert queue.sources() == [name]


def test_a_queue_receives_the_output_of_the_input_transformer(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    paths = {"account": "$.account", "region": "$.region", "state": "$.detail.state"}
    template = '{"target":"<account>/<region>","state":"<state>"}'
    name = rule_to_queue(aws, queue, InputTransformer={"InputPathsMap": paths, "InputTemplate": template})
    queue.allow(name)
    put_event(aws, name, '{"state": "running"}')
    assert queue.bodies() == [{"target": f"{aws.account}/{aws.region}", "state": "running"}]


def test_a_disabled_rule_sends_nothing(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    name = rule_to_queue(aws, queue)
    queue.allow(name)
    aws.client("events").disable_rule(Name=name)
    put_event(aws, name)
    assert queue.sources() == []


def test_an_event_goes_to_the_dead_letter_queue_if_the_queue_policy_denies_the_rule(aws: EmbeddedAws) -> None:
    queue, dead_letters = Queue(aws), Queue(aws)
    name = rule_to_queue(aws, queue, DeadLetterConfig={"Arn": dead_letters.arn})
    queue.allow("another-rule")
    dead_letters.allow(name)
    put_event(aws, name)
    assert (queue.sources(), dead_letters.sources()) == ([], [name])


def test_an_event_that_no_queue_policy_allows_is_a_failure(aws: EmbeddedAws) -> None:
    queue = Queue(aws)
    name = rule_to_queue(aws, queue)
    before = len(aws.failures())
    put_event(aws, name)
    assert queue.sources() == []
    [failure] = aws.failures()[before:]
    assert f"rule/{name} cannot deliver to {queue.arn}" in failure
    assert "its policy does not allow events.amazonaws.com to sqs:SendMessage" in failure


def test_a_function_that_does_not_admit_the_rule_is_not_invoked(aws: EmbeddedAws) -> None:
    sees = FunctionFactory(aws)(admits=())
    name = rule(aws, sees, ScheduleExpression="rate(5 minutes)")
    before = len(aws.failures())
    aws.fire_schedules(name)
    aws.wait_until_quiet()
    assert sees.events == []
    assert "does not allow events.amazonaws.com to lambda:InvokeFunction" in aws.failures()[before:][0]


def test_an_unsupported_schedule_target_raises_an_error(aws: EmbeddedAws) -> None:
    name = f"rule-{uuid4().hex[:8]}"
    aws.client("events").put_rule(Name=name, ScheduleExpression="rate(5 minutes)")
    arn = f"arn:aws:sqs:{aws.region}:{aws.account}:queue"
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    with pytest.raises(NotImplementedError, match=arn):
        event_bridge.fire_schedules(aws.region, name)
