"""Who gets alerts: the subscriptions of the topics, and the channels that are no topics."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from flowsentry.aws import clients
from flowsentry.aws.service_errors import retryable
from flowsentry.settings import NotifierSettings
from flowsentry.value import Value

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

MAX_PAGES = 10
"""Pages of 100 subscriptions that are read of a topic. More: a sweep takes longer. Fewer: subscriptions of a topic with
very many are not listed."""
NOT_CONFIRMED = ("PendingConfirmation", "Deleted")
"""What SNS returns in place of an ARN. https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html"""
OPERATORS = "operators"
"""They get alarms of CloudWatch, and no alerts."""
CONFIRMED, UNCONFIRMED = "(confirmed)", "(not confirmed: gets nothing)"


class Subscription(Value, frozen=True):
    """A subscription of a topic. SNS delivers nothing to one that is not confirmed."""

    protocol: str
    endpoint: str
    is_confirmed: bool

    def __str__(self) -> str:
        state = CONFIRMED if self.is_confirmed else UNCONFIRMED
        return f"{self.protocol} {_without_secrets(self.endpoint)} {state}"


class Recipients(Value, frozen=True):
    """The topics by what they are for, and the other channels in words."""

    topics: Mapping[str, str]
    others: tuple[str, ...]
    client: "SNSClient"

    @classmethod
    def of(cls, given: NotifierSettings) -> Self:
        """Those that the notifier's settings name."""
        arns = {
            "alerts": given.alert_topic_arn,
            "digests": given.digest_topic_arn,
            "chats": given.chat_topic_arn,
            OPERATORS: given.operator_topic_arn,
        }
        others = [f"event bus {given.event_bus}"] if given.event_bus else []
        others += ["Security Hub"] if given.security_hub else []
        return cls({name: arn for name, arn in arns.items() if arn}, tuple(others), clients.sns())

    def listed(self) -> list[str]:
        """All of them in words. Raises RetryableError when SNS can't be reached."""
        topics = [name for name in self.topics if name != OPERATORS]
        return [*(f"topic of {name}: {each}" for name in topics for each in self._of(name)), *self.others]

    def topics_without_subscription(self) -> list[str]:
        """What the topics are for that deliver to nobody. Raises as `listed`."""
        return [name for name in self.topics if not any(each.is_confirmed for each in self._of(name))]

    def _of(self, name: str) -> list[Subscription]:
        return list(subscriptions_of(self.topics[name], self.client))


def confirmed_since(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Those of `now` that were listed before, and not confirmed then; both as `Recipients.listed` returns them."""
    waited = {each.replace(UNCONFIRMED, CONFIRMED) for each in before if each.endswith(UNCONFIRMED)}
    return [each for each in now if each in waited]


def subscriptions_of(topic_arn: str, client: "SNSClient") -> Iterator[Subscription]:
    """The subscriptions of a topic, confirmed or not, of MAX_PAGES. Raises RetryableError."""
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
    with retryable("list the subscriptions"):
        for page in islice(pages, MAX_PAGES):
            for each in page["Subscriptions"]:
                is_confirmed = each["SubscriptionArn"] not in NOT_CONFIRMED
                yield Subscription(each["Protocol"], each["Endpoint"], is_confirmed)


def _without_secrets(endpoint: str) -> str:
    """Of a webhook only the host: its path is often a secret."""
    parts = urlsplit(endpoint)
    return f"{parts.hostname}/..." if parts.scheme in ("http", "https") else endpoint
