"""The queue of the inventory: what is sent, what is understood, and what is set aside."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.aws.inventory.requests import (
    ASKED_AGAIN_SECONDS,
    INTERFACES_A_MESSAGE,
    ChangeEvent,
    RequestQueue,
    UnknownInterfaces,
    Wanted,
    request_of,
)
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.telemetry import metrics
from tests.aws.inventory.discovery_world import HOME, Clock
from tests.moto_world import make_queue, messages_in


class Refuses:
    """SQS that lets nobody in, or has no time."""

    def __init__(self, code: str) -> None:
        self.code, self.tries = code, 0

    def send_message(self, **_: Any) -> None:
        self.tries += 1
        raise ClientError({"Error": {"Code": self.code}}, "SendMessage")


def record(body: str) -> dict[str, Any]:
    """A message as Lambda hands it over."""
    return {"messageId": "1", "body": body, "attributes": {"SentTimestamp": "1793676000500"}}


@pytest.fixture(autouse=True)
def fresh_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "function")
    metrics.cache_clear()
    metrics().clear_metrics()


@pytest.fixture
def queue_url() -> str:
    return make_queue("inventory-requests")


def asked_in(queue_url: str) -> list[list[str]]:
    return [json.loads(message["Body"])["interfaces"] for message in messages_in(queue_url)]


def test_a_mark_says_which_place_changed_before_when() -> None:
    assert request_of(record(f'{{"mark":"{HOME}"}}')) == ChangeEvent("1", HOME, 1_793_676_000.5)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("1793676000", 1_793_676_000),
        ("-1", -1),
        *((later, 1_793_676_000.5) for later in ("1793676001", "9" * 400, "1e999", "NaN", "9223372036854775808")),
    ],
)
def test_a_change_was_before_the_message_that_tells_of_it_so_that_no_mark_is_put_off_for_ever(
    told: str, known: float
) -> None:
    assert request_of(record(f'{{"mark":"{HOME}","changed_at":{told}}}')) == ChangeEvent("1", HOME, known)


def test_wanted_interfaces_are_understood() -> None:
    assert request_of(record('{"interfaces":["eni-0a","eni-1"]}')) == Wanted("1", ("eni-0a", "eni-1"))


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            "mark",
            "[]",
            "{}",
            '{"mark":""}',
            '{"mark":5}',
            '{"mark":"a b"}',
            '{"mark":"a\\nb"}',
            '{"interfaces":5}',
        ),
        *(
            '{"interfaces":["eni-"]}',
            '{"interfaces":["eni-1","i-1"]}',
            '{"interfaces":[null]}',
            '{"interfaces":{}}',
            '{"interfaces":5}',
        ),
        *("[" * 100_000, f'{{"mark": "a", "changed_at": {"[" * 5_000}{"]" * 5_000}}}', '{"interfaces":' * 5_000),
        json.dumps({"mark": "1" * 201}),
        json.dumps({"interfaces": ["eni-1"] * (INTERFACES_A_MESSAGE + 1)}),
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(PoisonError) as poison:
        request_of(record(body))
    assert poison.value.reason == "not-an-inventory-request"


@given(st.text() | st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_is_in_the_queue_is_understood_or_refused(value: object) -> None:
    for body in (value if isinstance(value, str) else "", json.dumps(value), json.dumps({"interfaces": value})):
        try:
            assert isinstance(request_of(record(body)), ChangeEvent | Wanted)
        except PoisonError as poison:
            assert poison.reason == "not-an-inventory-request"  # noqa: PT017 - either is right


def test_what_is_not_understood_is_set_aside_and_the_others_are_answered(queue_url: str) -> None:
    dead_letters = make_queue("dead-letters")
    queue = RequestQueue(queue_url, clients.sqs(), DeadLetters(dead_letters, clients.sqs()))
    understood = list(queue.understood([record("?"), record('{"interfaces":["eni-1"]}')]))
    assert understood == [Wanted("1", ("eni-1",))]
    (letter,) = messages_in(dead_letters)
    assert (letter["Body"], letter["MessageAttributes"]["reason"]["StringValue"]) == ("?", "not-an-inventory-request")


def test_a_mark_that_is_to_come_later_waits_in_the_queue(queue_url: str) -> None:
    queue = RequestQueue(queue_url, clients.sqs(), DeadLetters("", clients.sqs()))
    queue.mark(HOME, 1_793_676_000.5, 40)
    assert messages_in(queue_url) == []
    attributes = clients.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesDelayed"] == "1"
    queue.mark(HOME, 1_793_675_000.25, 0)
    (message,) = messages_in(queue_url)
    assert request_of(record(message["Body"])) == ChangeEvent("1", HOME, 1_793_675_000.25)


def test_a_mark_waits_at_most_as_long_as_sqs_lets_it(queue_url: str) -> None:
    RequestQueue(queue_url, clients.sqs(), DeadLetters("", clients.sqs())).mark(HOME, 0, 5_000)


def test_a_mark_that_can_not_be_sent_is_for_the_caller_to_know() -> None:
    queue = RequestQueue("url", Refuses("ThrottlingException"), DeadLetters("", clients.sqs()))  # type: ignore[arg-type]
    with pytest.raises(RetryableError, match="could not send a mark"):
        queue.mark(HOME, 1_793_676_000.5, 40)


def test_unknown_interfaces_are_asked_for_in_messages_that_are_one_call_each(queue_url: str) -> None:
    ids = [f"eni-{number:017x}" for number in range(INTERFACES_A_MESSAGE + 50)]
    UnknownInterfaces(queue_url, clients.sqs()).ask(ids, {})
    asked = sorted(asked_in(queue_url), key=len)
    assert [len(each) for each in asked] == [50, INTERFACES_A_MESSAGE]
    assert sorted([*asked[0], *asked[1]]) == ids


def test_an_interface_is_asked_for_once_in_a_while(queue_url: str) -> None:
    clock = Clock()
    unknown = UnknownInterfaces(queue_url, clients.sqs(), clock)
    unknown.ask(["eni-1"], {})
    clock.pass_by(ASKED_AGAIN_SECONDS - 1)
    unknown.ask(["eni-1", "eni-2"], {})
    clock.pass_by(1)
    unknown.ask(["eni-1"], {})
    assert sorted(asked_in(queue_url)) == [["eni-1"], ["eni-1"], ["eni-2"]]


def test_an_interface_that_was_looked_for_in_vain_is_not_asked_for_while_that_is_fresh(queue_url: str) -> None:
    clock = Clock()
    unknown = UnknownInterfaces(queue_url, clients.sqs(), clock)
    unknown.ask(["eni-1", "eni-2"], {"eni-1": int(clock.now) - 60, "eni-2": int(clock.now) - ASKED_AGAIN_SECONDS})
    assert asked_in(queue_url) == [["eni-2"]]


def test_where_nothing_is_unknown_nothing_is_sent(queue_url: str) -> None:
    UnknownInterfaces(queue_url, clients.sqs()).ask(["", "-", "tgw-attach-1", "eni-"], {})
    assert messages_in(queue_url) == []


@pytest.mark.parametrize("code", ["AccessDenied", "ThrottlingException", "AWS.SimpleQueueService.NonExistentQueue"])
def test_that_the_inventory_can_not_be_asked_is_counted_once_and_harms_nobody(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs = Refuses(code)
    unknown = UnknownInterfaces("url", sqs)  # type: ignore[arg-type]
    unknown.ask(["eni-1"], {})
    unknown.ask(["eni-1"], {})
    metrics().flush_metrics()
    assert '"InventoryRequestsFailed":[1.0]' in capsys.readouterr().out
    assert sqs.tries == 1
