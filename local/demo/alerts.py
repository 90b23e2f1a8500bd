"""Receives the alerts of the demo: e-mails as people get them, and JSON from a queue as machines get it."""

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
from local.console.inbox.published import CHAT_SOURCE, PublishedMessages

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Delivered:
    """One e-mail, and when it arrived (Unix seconds)."""

    subject: str
    text: str
    at: float


class Inbox:
    """Receives what the topics deliver to e-mail and to a queue. `mails` are the texts of e-mails; `digests` counts the
    digests, `digested` their findings by kind; `published` has each message in all its forms.
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
        self.digested: Counter[str] = Counter()
        self.published = PublishedMessages()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(timeout=30)

    def drained(self) -> list[tuple[Finding, float]]:
        """Stops polling and receives the rest; returns (finding, when its alert arrived)."""
        self._stopped.set()
        self._thread.join(timeout=30)
        self._poll()
        return self._findings

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self._poll()

    def _poll(self) -> None:
        mails = self._aws.emails()
        for mail in mails[len(self.mails) :]:
            self.mails.append(mail["text"])
            self.published.add_mail(mail)
            self._on_delivery(Delivered(mail["subject"], mail["text"], time.time()))
        while messages := self._received():
            for message in messages:
                delivery = json.loads(message["Body"])
                self.published.add_delivery(delivery)
                self._take(json.loads(delivery["Message"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])

    def _received(self) -> list[dict[str, Any]]:
        return list(self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages", ()))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("source") == CHAT_SOURCE:
            return
        if message["type"] == "finding":
            values = {each.name: message[each.name] for each in fields(Finding)}
            self._findings.append((Finding.from_json(json.dumps(values)), time.time()))
        elif message["type"] == "digest":
            self.digests += 1
            self.digested.update(message["kinds"])


def _subscribed_queue(aws: EmbeddedAws) -> str:
    """The URL of a new queue that is subscribed to the alert topic, as that of a ticket system or chat bot."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allowed, "Resource": "*"}]})
    url = str(sqs.create_queue(QueueName="demo-alerts", Attributes={"Policy": policy})["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for topic in sns.list_topics()["Topics"]:
        sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
    return url
