"""One run's way with channels: one that fails neither stops the others nor is waited for again."""

from dataclasses import dataclass, field

from botocore.exceptions import ClientError, ParamValidationError

from flowsentry.aws.notifications.channels import Channel, Notification
from flowsentry.errors import PoisonError, RetryableError
from flowsentry.telemetry import count_by, logger


@dataclass
class Delivery:
    """Tells channels, and remembers which of them can't be reached."""

    out_of_reach: set[str] = field(default_factory=set)

    def is_told(self, channel: Channel, notification: Notification) -> bool:
        """Whether the channel needs to be told no more: it has it, or it refused it for good and may.

        A channel that could not be reached is left alone for the rest of the run: boto3 has tried four times, and more
        would cost the others their time.
        """
        if channel.name in self.out_of_reach:
            return False
        try:
            channel.tell(notification)
        except RetryableError as error:
            self.out_of_reach.add(channel.name)
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
    logger().error("channel not told", extra={"channel": channel.name, "finding": finding, "error": str(error)})
