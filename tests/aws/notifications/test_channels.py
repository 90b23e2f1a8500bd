"""Channels: message formats, and which errors are transient or permanent."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowsentry.aws import clients
from flowsentry.aws.notifications.channels import Channel, Notification
from flowsentry.aws.notifications.event_bridge import EventBridgeBus
from flowsentry.aws.notifications.security_hub import SecurityHub
from flowsentry.aws.notifications.sns import SnsChatTopic, SnsTopic
from flowsentry.emit.alert_message import alert_message
from flowsentry.emit.console_queries import AccountResources
from flowsentry.emit.digest import digest_message
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Severity
from tests.aws.notifications.outbox_world import NOW, finding
from tests.moto_world import REGION

HERE = AccountResources(region=REGION, account_id="123456789012")
ONE = Notification(alert_message(finding("a")), finding("a"), NOW)
SEVERAL = Notification(digest_message([finding("a", Severity.LOW)], 60))
ARN = f"arn:aws:sns:{REGION}:123456789012:alerts"


class Service:
    """A client of any service: it records its calls, and returns or raises the given answer."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = {} if answer is None else answer
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, _: str) -> Callable[..., Any]:
        return self._ask

    def _ask(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]


CHANNELS: dict[str, Callable[[Any], Channel]] = {
    "topic": lambda service: SnsTopic(ARN, service),
    "chat": lambda service: SnsChatTopic(ARN, service),
    "events": lambda service: EventBridgeBus("security", service),
    "security-hub": lambda service: SecurityHub(HERE, service),
}


def test_people_receive_text_and_machines_json() -> None:
    service = Service()
    CHANNELS["topic"](service).send(ONE)
    (call,) = service.calls
    forms = json.loads(call["Message"])
    assert forms["default"] == forms["email"] == ONE.message.text
    assert forms["sqs"] == forms["lambda"] == forms["https"] == ONE.message.json
    assert call["Subject"] == ONE.message.subject
    assert call["MessageAttributes"]["audience"] == {"DataType": "String", "StringValue": "urgent"}


def test_a_chat_receives_its_own_format_as_the_whole_message() -> None:
    service = Service()
    CHANNELS["chat"](service).send(ONE)
    assert service.calls == [{"TopicArn": ARN, "Message": ONE.message.chat}]
    assert json.loads(ONE.message.chat)["source"] == "custom"


@pytest.mark.parametrize(("notification", "kind"), [(ONE, "Flowsentry Finding"), (SEVERAL, "Flowsentry Digest")])
def test_an_event_bus_receives_an_event_for_rules_to_match(notification: Notification, kind: str) -> None:
    service = Service({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    CHANNELS["events"](service).send(notification)
    detail = notification.message.json
    entry = {"Source": "flowsentry", "DetailType": kind, "Detail": detail, "EventBusName": "security"}
    assert service.calls == [{"Entries": [entry]}]


def test_an_event_reaches_an_emulated_bus() -> None:
    clients.event_bridge().create_event_bus(Name="security")
    EventBridgeBus("security", clients.event_bridge()).send(ONE)


def test_security_hub_receives_the_finding_in_its_finding_format() -> None:
    service = Service({"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []})
    CHANNELS["security-hub"](service).send(ONE)
    (imported,) = service.calls[0]["Findings"]
    assert imported["AwsAccountId"] == "123456789012"


def test_the_emulated_security_hub_accepts_the_finding() -> None:
    clients.security_hub().enable_security_hub()  # type: ignore[attr-defined]
    SecurityHub(HERE, clients.security_hub()).send(ONE)
    answer = clients.security_hub().get_findings()  # type: ignore[attr-defined]
    assert len(answer["Findings"]) == 1


def test_security_hub_refuses_digests() -> None:
    with pytest.raises(PoisonError):
        CHANNELS["security-hub"](Service()).send(SEVERAL)


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("error", [refusal("InternalError", 500), refusal("ThrottlingException"), refusal("x", 429)])
def test_an_unreachable_channel_raises_retryable_error(name: str, error: ClientError) -> None:
    with pytest.raises(RetryableError):
        CHANNELS[name](Service(error)).send(ONE)


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessException", "NotFound"])
def test_a_refusing_channel_raises_client_error(name: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        CHANNELS[name](Service(refusal(code))).send(ONE)


FAILURES = {
    "events": lambda code: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "why"}]},
    "security-hub": lambda code: {
        "FailedCount": 1,
        "SuccessCount": 0,
        "FailedFindings": [{"Id": "a", "ErrorCode": code, "ErrorMessage": "why"}],
    },
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "InternalException", "LimitExceeded"])
def test_a_successful_call_with_a_transient_error_entry_raises_retryable_error(name: str, code: str) -> None:
    with pytest.raises(RetryableError, match=code):
        CHANNELS[name](Service(FAILURES[name](code))).send(ONE)


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("code", ["InvalidInput", "MalformedDetail", "NotAuthorizedForSourceException"])
def test_a_successful_call_with_a_permanent_error_entry_is_poison(name: str, code: str) -> None:
    with pytest.raises(PoisonError, match="why") as poison:
        CHANNELS[name](Service(FAILURES[name](code))).send(ONE)
    assert poison.value.reason == code


def test_only_the_topic_may_not_refuse() -> None:
    assert {name for name, channel in CHANNELS.items() if not channel(Service()).may_refuse} == {"topic"}
    assert {name: channel(Service()).name for name, channel in CHANNELS.items()} == {name: name for name in CHANNELS}
