"""The user's settings for who is told what: topics, e-mails, chats, events, and how often."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stacks.settings.allowed import day, list_of, section, setting, text, whole_number, yes_or_no

EMAIL = text(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
EVENT_BUS = text(
    r"|[\w./-]{1,256}|arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[\w./-]{1,256}",
    '"" for none, "default", or the name or ARN of an event bus',
)


@dataclass(frozen=True)
class SlackChannel:
    """A channel of a Slack workspace that Amazon Q Developer in chat applications is already authorised for."""

    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-slackchannelconfiguration.html
    workspace_id: str = setting(text(r"[0-9A-Z]{1,255}", "the id of a workspace such as T0123456789"))
    channel_id: str = setting(text(r"[A-Za-z0-9]{1,255}", "the id of a channel such as C0123456789"))
    name: str = setting(text(r"[A-Za-z0-9-_]{1,64}", "letters, digits, hyphens and underscores, 64 at most"))


def between_channels(channels: Sequence[SlackChannel]) -> Iterator[str]:
    """What can't be between channels: a name or a channel that is there again."""
    for what in ("name", "channel_id"):
        counts = Counter(getattr(each, what) for each in channels)
        again = ((each, times) for each, times in counts.items() if times > 1)
        yield from (f"{what} {each!r} is given {times} times; allowed: once" for each, times in again)


@dataclass(frozen=True)
class AlertSettings:
    """Who is told, and how often."""

    alert_emails: tuple[str, ...] = setting(list_of(EMAIL), default=())
    digest_emails: tuple[str, ...] = setting(list_of(EMAIL), default=())
    digest_topic: bool = setting(yes_or_no(), default=False)
    chat_topic: bool = setting(yes_or_no(), default=False)
    slack_channels: tuple[SlackChannel, ...] = setting(
        list_of(section(SlackChannel), together=between_channels), default=()
    )
    event_bus: str = setting(EVENT_BUS, default="")
    security_hub: bool = setting(yes_or_no(), default=False)
    digest_minutes: int = setting(whole_number(1, 1440, "minutes"), default=60)
    max_urgent_messages_an_hour: int = setting(whole_number(1, 1000, "messages"), default=20)
    observe_only_until: str = setting(day(), default="")

    @property
    def observed_only_until(self) -> int:
        """The Unix second from which on people are told; 0 when they always are."""
        if not self.observe_only_until:
            return 0
        return int(datetime.fromisoformat(self.observe_only_until).replace(tzinfo=UTC).timestamp())

    def problems_of_alerts(self) -> Iterator[str]:
        """What can't be between these settings."""
        twice = sorted(set(self.alert_emails) & set(self.digest_emails))
        if twice and not self.digest_topic:
            yield (
                f"{', '.join(twice)} is in alert_emails and digest_emails; allowed: in one, as alert_emails get "
                "digests too, unless digest_topic is true"
            )
        if self.slack_channels and not self.chat_topic:
            yield "slack_channels are given and chat_topic is false; allowed: chat_topic true"
