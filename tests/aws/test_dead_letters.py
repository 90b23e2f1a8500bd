"""The dead-letter queue gets the original message with the reason."""

import pytest

from flowsentry.aws import clients
from flowsentry.aws.dead_letters import DeadLetters
from flowsentry.errors import PoisonError
from tests.moto_world import make_queue, messages_in


@pytest.mark.parametrize("sentence", ["the bucket is gone", "control \x00\x1b[31m characters", "ü" * 5_000, ""])
def test_a_dead_letter_has_its_reason(sentence: str) -> None:
    queue = make_queue("dlq")
    DeadLetters(queue, clients.sqs()).send('{"Records": []}', PoisonError("object-missing", sentence))
    (message,) = messages_in(queue)
    assert message["Body"] == '{"Records": []}'
    assert message["MessageAttributes"]["reason"]["StringValue"] == "object-missing"
    assert message["MessageAttributes"]["message"]["StringValue"].isprintable()
