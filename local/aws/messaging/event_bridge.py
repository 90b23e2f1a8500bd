"""EventBridge: schedules fired on request or at a fixed interval, and rules with functions and queues as targets."""

import datetime as dt
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.events.models import Rule, events_backends
from moto.events.utils import EventMessageType, EventTemplateParser
from moto.sqs.models import sqs_backends

from local.aws.compute import lambda_functions
from local.aws.compute.resource_policies import is_admitted, refusal
from local.aws.messaging.polling import FailureLog, Poller
from local.aws.moto_patches import replaces
from local.aws.settings import ACCOUNT, Settings

EVENT_BRIDGE = "events.amazonaws.com"


def scheduled_rules(region: str) -> Sequence[Rule]:
    """The enabled rules with a schedule."""
    buses = events_backends[ACCOUNT][region].event_buses.values()
    rules = [rule for bus in buses for rule in bus.rules.values()]
    return [rule for rule in rules if rule.scheduled_expression and rule.state == "ENABLED"]


def fire_schedules(region: str, containing: str = "") -> list[str]:
    """Fires the scheduled rules with `containing` in their names; returns those names."""
    fired = [rule for rule in scheduled_rules(region) if containing.lower() in rule.name.lower()]
    for rule in fired:
        fire(rule)
    return [rule.name for rule in fired]


def fire(rule: Rule) -> None:
    """Invokes the targets of a scheduled rule."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }
    for target in rule.targets:
        _invoke(rule, target, event)


def _invoke(rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    if ":lambda:" not in target["Arn"]:
        raise NotImplementedError(f"the embedded AWS does not support this target of a schedule: {target['Arn']}")
    if not is_admitted(EVENT_BRIDGE, rule.arn, target["Arn"]):
        return
    lambda_functions.invoke_later(
        rule.region_name, rule.account_id, target["Arn"], json.loads(target.get("Input") or json.dumps(event))
    )


class Schedules:
    """Fires every enabled schedule at the interval of the settings, regardless of its expression."""

    def __init__(self, settings: Settings, failures: FailureLog) -> None:
        self._settings = settings
        self._fired: dict[str, float] = {}
        self._poller = Poller("schedules", self._poll, settings.polling_seconds, failures)
        if settings.schedule_seconds is not None:
            self._poller.start()

    def stop(self) -> None:
        if self._poller.is_alive():
            self._poller.stop()

    def _poll(self) -> None:
        now = time.monotonic()
        for rule in scheduled_rules(self._settings.region):
            if now >= self._fired.setdefault(rule.arn, now) + (self._settings.schedule_seconds or 0):
                self._fired[rule.arn] = now
                fire(rule)


def publish(region: str, event: EventMessageType) -> None:
    """Sends an event of an AWS service to the rules of the default bus, the only one that receives such events."""
    for rule in list(events_backends[ACCOUNT][region].event_buses["default"].rules.values()):
        rule.send_to_targets(event, transform_input=False)


@replaces(Rule, "send_to_targets")
def send_to_functions_and_queues(
    original: Callable[..., Any], rule: Any, original_event: Any, *rest: Any, **more: Any
) -> None:
    """Moto's rules do not invoke functions, and ignore queue policies. Disabled rules still match, and rules with a
    schedule match every event.
    """
    if rule.scheduled_expression or rule.state != "ENABLED" or not rule.event_pattern.matches_event(original_event):
        return
    targets = list(rule.targets)
    senders = {"lambda": _invoke, "sqs": _put}
    reachable = [target for target in targets if _service(target) in senders]
    for target in reachable:
        senders[_service(target)](rule, target, original_event)
    try:
        rule.targets = [target for target in targets if target not in reachable]
        original(rule, original_event, *rest, **more)
    finally:
        rule.targets = targets


def _service(target: Mapping[str, Any]) -> str:
    return str(target["Arn"].split(":")[2])


def _put(rule: Rule, target: Mapping[str, Any], event: EventMessageType) -> None:
    """Sends the event to the queue, or to the target's dead-letter queue if the queue policy does not allow the rule.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    sqs = sqs_backends[rule.account_id][rule.region_name]
    arns = [target["Arn"], target.get("DeadLetterConfig", {}).get("Arn")]
    admitting = next((arn for arn in arns if arn and not refusal(EVENT_BRIDGE, rule.arn, arn)), None)
    if admitting is None:
        is_admitted(EVENT_BRIDGE, rule.arn, target["Arn"])  # records the refusal
        return
    name = admitting.rpartition(":")[2]
    sqs.send_message(name, target.get("Input") or json.dumps(_transformed(target, event)))


def _transformed(target: Mapping[str, Any], event: EventMessageType) -> Mapping[str, Any]:
    """The output of the target's input transformer; the event itself if there is none.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    transformer = target.get("InputTransformer")
    if not transformer:
        return event
    values: Any = {"ingestion-time": "", **event}
    transformed: Mapping[str, Any] = EventTemplateParser.parse(
        transformer["InputTemplate"], transformer.get("InputPathsMap", {}), values
    )
    return transformed
