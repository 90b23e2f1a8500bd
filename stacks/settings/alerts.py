"""Settings for alerts: e-mail addresses, chat channels, event buses, and how often messages are sent."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from stacks.settings.excerpts import cut
from stacks.settings.values import NAMED_ONCE, Email, Section, repeated, together

EventBus = Annotated[
    str,
    Field(
        # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
        pattern=r"^(|[A-Za-z0-9_./-]{1,256}|arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9_./-]{1,256})$",
        title='"" for none, "default", or the name or ARN of an event bus',
    ),
]
DAY_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
GIVE_EMAILS = "Put an address into alert_emails."
"""What to do about `missed_without_emails`."""
FIRST_DAY = date(1970, 1, 2)
"""Earlier days have no Unix second above zero."""


def _as_day(value: Any) -> Any:
    """The day in a text. Pydantic and datetime take other forms too, such as the digits of a Unix second."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(DAY_PATTERN, value):
        raise ValueError
    return date.fromisoformat(value)


def _after_1970_began(day: date) -> date:
    if day < FIRST_DAY:
        raise ValueError(f"from {FIRST_DAY} on")
    return day


Day = Annotated[
    date,
    Field(
        title="a day",
        examples=["2026-12-31"],
        json_schema_extra={"pattern": DAY_PATTERN},
    ),
    BeforeValidator(_as_day),
    AfterValidator(_after_1970_began),
]


class SlackChannel(Section):
    """A channel of a Slack workspace that is authorized for Amazon Q Developer in chat applications."""

    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-slackchannelconfiguration.html
    workspace_id: Annotated[
        str, Field(pattern=r"^[0-9A-Z]{1,255}$", title="the ID of a workspace", examples=["T0123456789"])
    ]
    """The ID of the workspace."""
    channel_id: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9]{1,255}$", title="the ID of a channel", examples=["C0123456789"])
    ]
    """The ID of the channel. The application must have been invited to a private channel."""
    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-]{1,64}$",
            title="at most 64 letters, digits, hyphens and underscores",
        ),
    ]
    """Names the configuration, `<name of the deployment>-<name>`."""


def broken_rules_between_channels(channels: Sequence[SlackChannel]) -> Iterator[str]:
    """Names and channels that are given twice."""
    for key in ("name", "channel_id"):
        again = repeated(getattr(each, key) for each in channels)
        yield from (f"{key} {each!r} is given {times} times; allowed: once" for each, times in again.items())


class AlertSettings(Section):
    """Where alerts and digests are sent, and how often."""

    alert_emails: Annotated[tuple[Email, ...], NAMED_ONCE] = ()
    """Addresses that alerts and alarms are sent to. Each must confirm the e-mail that SNS sends. They get digests too,
    unless `digest_topic` is true."""
    digest_emails: Annotated[tuple[Email, ...], NAMED_ONCE] = ()
    """Addresses that only digests are sent to."""
    digest_topic: bool = False
    """Digests are sent to a topic of their own, not to the topic of alerts."""
    chat_topic: bool = False
    """Creates a topic for Amazon Q Developer in chat applications, with alerts and digests in a form for Slack and
    Microsoft Teams. Subscribe a channel to it there, or list it in `slack_channels`."""
    slack_channels: Annotated[tuple[SlackChannel, ...], together(broken_rules_between_channels)] = ()
    """Slack channels that are subscribed to the chat topic: [Slack channels](#a-slack-channel)."""
    event_bus: EventBus = ""
    """An event bus that also gets every alert, as an event with the source `flowsentry`."""
    security_hub: bool = False
    """Every alert is also a finding in AWS Security Hub of this account and Region. Security Hub must be enabled."""
    digest_minutes: int = Field(default=60, ge=1, le=1440)
    """A digest is sent once in this many minutes. It lists findings that need no action at night: scans from outside
    that nothing answered, records that AWS skipped."""
    max_urgent_messages_an_hour: int = Field(default=20, ge=1, le=1000)
    """If there are more alerts in an hour, the others are summarized in one message; every alert is in the findings
    table. A quarter is reserved for HIGH; more of these are summarized once a minute ([many
    alerts](alerts.md#when-there-are-many)). Lower: an outage that breaks many paths is one message sooner. Higher: each
    path sends a message of its own."""
    canary_after_deploy: bool = True
    """True: some minutes after each deploy a canary record is written into the flow log bucket, and into a log group of
    the sources, and the test alert that comes of it says who gets alerts; an alarm is raised if none comes. False: only
    when you run `flowsentry test-alert`."""
    observe_only_until: Day | None = None
    """Findings before this day (UTC) are recorded and counted, and no alert is ever sent for them. For the first
    week. Test alerts are sent."""

    @property
    def missed_without_emails(self) -> str:
        """What nobody gets because no e-mail address is given; empty where one is."""
        if self.alert_emails:
            return ""
        machines = self.chat_topic or self.event_bus or self.security_hub
        others = "alerts go only to the other channels of the settings" if machines else "nobody gets alerts"
        return f"{others}, and nobody gets the alarms about Flowsentry itself, unless you subscribe to the alert topic"

    @property
    def observed_only_until(self) -> int:
        """The Unix second from which alerts are sent; 0 if they always are."""
        if not self.observe_only_until:
            return 0
        return int(datetime.combine(self.observe_only_until, datetime.min.time(), UTC).timestamp())

    def broken_rules(self) -> Iterator[str]:
        """Addresses that would get digests twice, and Slack channels without a topic."""
        yield from super().broken_rules()
        twice = sorted(set(self.alert_emails) & set(self.digest_emails))
        if twice and not self.digest_topic:
            yield (
                f"{cut(', '.join(twice))} is in alert_emails and digest_emails; allowed: in one of them, because "
                "alert_emails get digests too unless digest_topic is true"
            )
        if self.slack_channels and not self.chat_topic:
            yield "slack_channels are given and chat_topic is false; allowed: chat_topic true"
