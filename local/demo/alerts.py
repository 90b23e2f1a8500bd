"""Alerts as they are delivered: the e-mail a person gets, and the JSON a machine gets from its queue."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Self

from flowsentry.findings.finding import Finding
from local.aws.embedded import EmbeddedAws

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Delivered:
    """One e-mail, when it arrived (wall clock), and the findings it told of."""

    subject: str
    text: str
    at: float


class Inbox:
    """Reads what the alert topic delivers, while it runs: e-mails for people, a queue for machines. `mails` are the
    texts of e-mails; `digests` counts them, `told_in_digests` their findings by kind.
    """

    def __init__(self, aws: EmbeddedAws, on_delivery: Callable[[Delivered], None]) -> None:
        self._aws = aws
        self._on_delivery = on_delivery
        self._sqs = aws.client("sqs")
        self._queue_url = _subscribed_queue(aws)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.mails: list[str] = []
        self._findings: list[tuple[Finding, float]] = []
        self.digests = 0
        self.told_in_digests: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(timeout=30)

    def drained(self) -> list[tuple[Finding, float]]:
        """(finding, when its alert arrived), once no more is on its way; ends the reading."""
        self._stopped.set()
        self._thread.join(timeout=30)
        self._look()
        return self._findings

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self._look()

    def _look(self) -> None:
        mails = self._aws.mails()
        for mail in mails[len(self.mails) :]:
            self.mails.append(mail["text"])
            self._on_delivery(Delivered(mail["subject"], mail["text"], time.time()))
        while messages := self._received():
            for message in messages:
                self._take(json.loads(json.loads(message["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])

    def _received(self) -> list[dict[str, Any]]:
        return list(self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages", ()))

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "finding":
            told = {each.name: message[each.name] for each in fields(Finding)}
            self._findings.append((Finding.from_json(json.dumps(told)), time.time()))
        elif message["type"] == "digest":
            self.digests += 1
            self.told_in_digests.update(message["kinds"])


def _subscribed_queue(aws: EmbeddedAws) -> str:
    """The URL of a queue that the alert topic delivers to, as a ticket system or chat bot would have one."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = str(sqs.create_queue(QueueName="demo-alerts")["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for topic in sns.list_topics()["Topics"]:
        sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
    return url
