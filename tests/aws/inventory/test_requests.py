"""The inventory's request queue: sent, parsed and dead-lettered messages."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.inventory.requests import (
    INTERFACES_A_MESSAGE,
    ChangeEvent,
    InterfaceRequest,
    RequestQueue,
    UnknownInterfaces,
    request_of,
)
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.inventory.inventory import ABSENT_SECONDS
from flowsentry.telemetry import metrics
from tests.aws.inventory.discovery_world import HOME, Clock
from tests.moto_world import make_queue, messages_in


class Refuses:
    """SQS that denies a call, or times out."""

    def __init__(self, code: str) -> None:
        self.code, self.tries = code, 0

    def send_message(self, **_: Any) -> None:
        self.tries += 1
        raise ClientError({"Error": {"Code": self.code}}, "SendMessage")


def record(body: str) -> dict[str, Any]:
    """A message as in a Lambda event."""
    return {"messageId": "1", "body": body, "attributes": {"SentTimestamp": "1793676000500"}}


@pytest.fixture(autouse=True)
def fresh_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "function")
    metrics.cache_clear()
    metrics().clear_metrics()


@pytest.fixture
def queue_url() -> str:
    return make_queue("inventory-requests")


def requested_in(queue_url: str) -> list[list[str]]:
    return [json.loads(message["Body"])["interfaces"] for message in messages_in(queue_url)]


def test_a_change_event_has_a_target_and_the_time_of_the_change() -> None:
    assert request_of(record(f'{{"target":"{HOME}"}}')) == ChangeEvent("1", HOME, 1_793_676_000.5)


@pytest.mark.parametrize(
    ("changed_at", "known"),
    [
        ("1793676000", 1_793_676_000),
        ("-1", -1),
        *((later, 1_793_676_000.5) for later in ("1793676001", "9" * 400, "1e999", "NaN", "9223372036854775808")),
    ],
)
def test_a_change_time_in_the_future_is_replaced_by_the_time_of_sending(changed_at: str, known: float) -> None:
    assert request_of(record(f'{{"target":"{HOME}","changed_at":{changed_at}}}')) == ChangeEvent("1", HOME, known)


def test_a_list_of_interfaces_is_an_interface_request() -> None:
    assert request_of(record('{"interfaces":["eni-0a","eni-1"]}')) == InterfaceRequest("1", ("eni-0a", "eni-1"))


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            "target",
            "[]",
            "{}",
            '{"target":""}',
            '{"target":5}',
            '{"target":"a b"}',
            '{"target":"a\\nb"}',
            '{"interfaces":5}',
        ),
        *(
            '{"interfaces":["eni-"]}',
            '{"interfaces":["eni-1","i-1"]}',
            '{"interfaces":[null]}',
            '{"interfaces":{}}',
            '{"interfaces":5}',
        ),
        *("[" * 100_000, f'{{"target": "", "changed_at": {"[" * 5_000}{"]" * 5_000}}}', '{"interfaces":' * 5_000),
        json.dumps({"target": "1" * 201}),
        json.dumps({"interfaces": ["eni-1"] * (INTERFACES_A_MESSAGE + 1)}),
    ],
)
def test_any_other_message_is_poison(body: str) -> None:
    with pytest.raises(PoisonError) as poison:
        request_of(record(body))
    assert poison.value.reason == "not-an-inventory-request"


@given(st.text() | st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_text_in_the_queue_is_a_request_or_poison(value: object) -> None:
    for body in (value if isinstance(value, str) else "", json.dumps(value), json.dumps({"interfaces": value})):
        try:
            assert isinstance(request_of(record(body)), ChangeEvent | InterfaceRequest)
        except PoisonError as poison:
            assert poison.reason == "not-an-inventory-request"  # noqa: PT017 - either is right


def test_poison_goes_to_the_dead_letter_queue_and_other_requests_are_returned(queue_url: str) -> None:
    dead_letters = make_queue("dead-letters")
    queue = RequestQueue(queue_url, clients.sqs(), DeadLetters(dead_letters, clients.sqs()))
    understood = list(queue.parsed([record("?"), record('{"interfaces":["eni-1"]}')]))
    assert understood == [InterfaceRequest("1", ("eni-1",))]
    (letter,) = messages_in(dead_letters)
    assert (letter["Body"], letter["MessageAttributes"]["reason"]["StringValue"]) == ("?", "not-an-inventory-request")


def test_a_delayed_change_event_waits_in_the_queue(queue_url: str) -> None:
    queue = RequestQueue(queue_url, clients.sqs(), DeadLetters("", clients.sqs()))
    queue.put(HOME, 1_793_676_000.5, 40)
    assert messages_in(queue_url) == []
    attributes = clients.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"
    queue.put(HOME, 1_793_675_000.25, 0)
    (message,) = messages_in(queue_url)
    assert request_of(record(message["Body"])) == ChangeEvent("1", HOME, 1_793_675_000.25)


def test_the_delay_of_a_change_event_is_at_most_the_maximum_of_sqs(queue_url: str) -> None:
    RequestQueue(queue_url, clients.sqs(), DeadLetters("", clients.sqs())).put(HOME, 0, 5_000)


def test_a_change_event_that_can_not_be_sent_raises_retryable_error() -> None:
    queue = RequestQueue("url", Refuses("ThrottlingException"), DeadLetters("", clients.sqs()))  # type: ignore[arg-type]
    with pytest.raises(RetryableError, match="could not send a change event"):
        queue.put(HOME, 1_793_676_000.5, 40)


def test_unknown_interfaces_are_requested_in_messages_of_one_call_each(queue_url: str) -> None:
    ids = [f"eni-{number:017x}" for number in range(INTERFACES_A_MESSAGE + 50)]
    UnknownInterfaces(queue_url, clients.sqs()).request(ids, {})
    requested = sorted(requested_in(queue_url), key=len)
    assert [len(each) for each in requested] == [50, INTERFACES_A_MESSAGE]
    assert sorted([*requested[0], *requested[1]]) == ids


def test_an_interface_is_requested_again_only_after_15_minutes(queue_url: str) -> None:
    clock = Clock()
    unknown = UnknownInterfaces(queue_url, clients.sqs(), clock)
    unknown.request(["eni-1"], {})
    clock.advance(ABSENT_SECONDS - 1)
    unknown.request(["eni-1", "eni-2"], {})
    clock.advance(1)
    unknown.request(["eni-1"], {})
    assert sorted(requested_in(queue_url)) == [["eni-1"], ["eni-1"], ["eni-2"]]


def test_a_recently_absent_interface_is_not_requested(queue_url: str) -> None:
    clock = Clock()
    unknown = UnknownInterfaces(queue_url, clients.sqs(), clock)
    unknown.request(["eni-1", "eni-2"], {"eni-1": int(clock.now) - 60, "eni-2": int(clock.now) - ABSENT_SECONDS})
    assert requested_in(queue_url) == [["eni-2"]]


def test_without_unknown_interfaces_nothing_is_sent(queue_url: str) -> None:
    UnknownInterfaces(queue_url, clients.sqs()).request(["", "-", "tgw-attach-1", "eni-"], {})
    assert messages_in(queue_url) == []


@pytest.mark.parametrize("code", ["AccessDenied", "ThrottlingException", "AWS.SimpleQueueService.NonExistentQueue"])
def test_a_failed_request_is_counted_once_and_raises_nothing(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    sqs = Refuses(code)
    unknown = UnknownInterfaces("url", sqs)  # type: ignore[arg-type]
    unknown.request(["eni-1"], {})
    unknown.request(["eni-1"], {})
    metrics().flush_metrics()
    assert '"InventoryRequestsFailed":[1.0]' in capsys.readouterr().out
    assert sqs.tries == 1
