"""Channels: what each hands on, and what it takes for away and for refused."""

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
    """A client of any service: it keeps what it is asked, and answers what it is told to, or raises it."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = {} if answer is None else answer
        self.asked: list[dict[str, Any]] = []

    def __getattr__(self, _: str) -> Callable[..., Any]:
        return self._ask

    def _ask(self, **arguments: Any) -> Any:
        self.asked.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]


CHANNELS: dict[str, Callable[[Any], Channel]] = {
    "topic": lambda service: SnsTopic(ARN, service),
    "chat": lambda service: SnsChatTopic(ARN, service),
    "events": lambda service: EventBridgeBus("security", service),
    "security-hub": lambda service: SecurityHub(HERE, service),
}


def test_people_read_text_and_machines_json() -> None:
    service = Service()
    CHANNELS["topic"](service).tell(ONE)
    (asked,) = service.asked
    forms = json.loads(asked["Message"])
    assert forms["default"] == forms["email"] == ONE.message.text
    assert forms["sqs"] == forms["lambda"] == forms["https"] == ONE.message.json
    assert asked["Subject"] == ONE.message.subject
    assert asked["MessageAttributes"]["audience"] == {"DataType": "String", "StringValue": "urgent"}


def test_a_chat_gets_its_own_form_as_the_whole_message() -> None:
    service = Service()
    CHANNELS["chat"](service).tell(ONE)
    assert service.asked == [{"TopicArn": ARN, "Message": ONE.message.chat}]
    assert json.loads(ONE.message.chat)["source"] == "custom"


@pytest.mark.parametrize(("notification", "kind"), [(ONE, "Flowsentry Finding"), (SEVERAL, "Flowsentry Digest")])
def test_a_bus_gets_an_event_for_rules_to_match(notification: Notification, kind: str) -> None:
    service = Service({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
    CHANNELS["events"](service).tell(notification)
    detail = notification.message.json
    entry = {"Source": "flowsentry", "DetailType": kind, "Detail": detail, "EventBusName": "security"}
    assert service.asked == [{"Entries": [entry]}]


def test_an_event_reaches_a_real_bus() -> None:
    clients.event_bridge().create_event_bus(Name="security")
    EventBridgeBus("security", clients.event_bridge()).tell(ONE)


def test_security_hub_gets_the_finding_in_its_own_form() -> None:
    service = Service({"FailedCount": 0, "SuccessCount": 1, "FailedFindings": []})
    CHANNELS["security-hub"](service).tell(ONE)
    (imported,) = service.asked[0]["Findings"]
    assert imported["AwsAccountId"] == "123456789012"


def test_security_hub_takes_what_it_gets_in_the_form_that_it_asks_for() -> None:
    clients.security_hub().enable_security_hub()  # type: ignore[attr-defined]
    SecurityHub(HERE, clients.security_hub()).tell(ONE)
    answer = clients.security_hub().get_findings()  # type: ignore[attr-defined]
    assert len(answer["Findings"]) == 1


def test_security_hub_takes_no_digests() -> None:
    with pytest.raises(PoisonError):
        CHANNELS["security-hub"](Service()).tell(SEVERAL)


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("error", [refused("InternalError", 500), refused("ThrottlingException"), refused("x", 429)])
def test_a_channel_that_is_away_is_to_be_tried_again(name: str, error: ClientError) -> None:
    with pytest.raises(RetryableError):
        CHANNELS[name](Service(error)).tell(ONE)


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessException", "NotFound"])
def test_a_channel_that_refuses_says_so(name: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        CHANNELS[name](Service(refused(code))).tell(ONE)


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
def test_a_call_that_succeeds_and_took_nothing_for_now_is_to_be_tried_again(name: str, code: str) -> None:
    with pytest.raises(RetryableError, match=code):
        CHANNELS[name](Service(FAILURES[name](code))).tell(ONE)


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("code", ["InvalidInput", "MalformedDetail", "NotAuthorizedForSourceException"])
def test_a_call_that_succeeds_and_refused_for_good_is_poison(name: str, code: str) -> None:
    with pytest.raises(PoisonError, match="why") as poison:
        CHANNELS[name](Service(FAILURES[name](code))).tell(ONE)
    assert poison.value.reason == code


def test_only_the_topic_may_not_refuse() -> None:
    assert {name for name, channel in CHANNELS.items() if not channel(Service()).may_refuse} == {"topic"}
    assert {name: channel(Service()).name for name, channel in CHANNELS.items()} == {name: name for name in CHANNELS}
