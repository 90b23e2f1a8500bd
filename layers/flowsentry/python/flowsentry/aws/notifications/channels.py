"""Channels: where alerts and digests go, and how a run delivers to them."""

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError, ParamValidationError
from msgspec import Struct, field

from flowsentry.emit.alert_message import AlertMessage
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.findings.finding import Finding
from flowsentry.telemetry import count_by, logger
from flowsentry.value import Value


class Notification(Value, frozen=True):
    """A message about one finding, which is then given, or about several."""

    message: AlertMessage
    finding: Finding | None = None
    found_at: int = 0


TRANSIENT_CODES = ("Internal", "Throttl", "LimitExceeded")
"""Parts of the error codes after which a retry helps."""


def refusal(channel: str, answer: Mapping[str, Any]) -> RetryableError | PoisonError:
    """The error for an entry that a successful call did not accept; its code says whether a retry helps."""
    code, sentence = str(answer.get("ErrorCode", "")), str(answer.get("ErrorMessage", ""))
    if any(part in code for part in TRANSIENT_CODES):
        return RetryableError(f"{channel} did not accept it: {code}")
    return PoisonError(code or "refused", f"{channel} refused it: {code} {sentence}")


class Channel(Protocol):
    """A destination of messages. Its name is stored with a finding until all channels have it: do not change it."""

    @property
    def name(self) -> str: ...

    @property
    def may_refuse(self) -> bool:
        """Whether a permanent refusal counts as delivery. Not for the topic: a finding that it refuses stays in the
        outbox.
        """
        ...

    def send(self, notification: Notification) -> None:
        """Raises RetryableError when the channel can't be reached; PoisonError or ClientError when it refuses
        permanently.
        """
        ...


class Channels(Value, frozen=True):
    """`people` get urgent findings within the rate limit, `machines` get each one; `digest` are the channels of the
    digest.
    """

    people: tuple[Channel, ...]
    machines: tuple[Channel, ...] = ()
    digest: tuple[Channel, ...] = ()

    @property
    def urgent_names(self) -> frozenset[str]:
        """The channels that must have an urgent finding before it leaves the outbox."""
        return frozenset(channel.name for channel in (*self.people, *self.machines))

    @property
    def digest_names(self) -> frozenset[str]:
        """The channels that must have a digest finding before it leaves the outbox."""
        return frozenset(channel.name for channel in self.digest)


class Delivery(Struct):
    """Delivers to channels; skips a failed channel for the rest of the run."""

    unreachable: set[str] = field(default_factory=set)

    def deliver(self, channel: Channel, notification: Notification) -> bool:
        """Whether delivery is complete: the channel accepted the message, or refused it permanently and may do so.

        A channel that can't be reached is skipped for the rest of the run: boto3 has tried four times, and more would
        cost the other channels their time.
        """
        if channel.name in self.unreachable:
            return False
        try:
            channel.send(notification)
        except RetryableError as error:
            self.unreachable.add(channel.name)
            _failed(channel, notification, error)
            return False
        except (PoisonError, ClientError, ParamValidationError) as error:
            _failed(channel, notification, error)
            if channel.may_refuse:
                count_by("ChannelRefusals", {channel.name: 1})
            return channel.may_refuse
        return True


def _failed(channel: Channel, notification: Notification, error: Exception) -> None:
    finding = notification.finding.id if notification.finding else None
    logger().error("delivery failed", extra={"channel": channel.name, "finding": finding, "error": str(error)})
