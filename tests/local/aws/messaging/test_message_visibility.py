"""A failed message keeps the visibility timeout that the function set, as on AWS: nothing shortens the wait here."""

import time
from collections.abc import Iterator

import pytest

from local.aws.embedded import EmbeddedAws
from local.aws.settings import Settings
from tests.local.aws.conftest import FunctionFactory
from tests.local.aws.messaging.test_sqs import bodies, calling, connect, queue, send


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws.in_process(Settings(redelivery_seconds=None, send_control_messages=False)) as running:
        yield running


def test_a_reported_failure_returns_after_the_timeout_that_the_function_set(
    aws: EmbeddedAws, function: FunctionFactory
) -> None:
    url, arn = queue(aws, VisibilityTimeout="600")
    fails_once = function(
        code=calling(
            "first = [r for r in event['Records'] if r['attributes']['ApproximateReceiveCount'] == '1']\n"
            "entries = [{'Id': '0', 'ReceiptHandle': r['receiptHandle'], 'VisibilityTimeout': 2} for r in first]\n"
            f"entries and call_sqs('ChangeMessageVisibilityBatch', {url!r}, entries)\n"
            "return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in first]}"
        ),
        allow=[("sqs:ChangeMessageVisibility", "*")],
    )
    connect(aws, arn, fails_once, partial=True, BatchSize=1)
    began = time.monotonic()
    send(aws, url, "fails once")
    aws.wait_until_quiet()
    assert bodies(fails_once) == [["fails once"]] * 2
    assert 2 <= time.monotonic() - began < 60
