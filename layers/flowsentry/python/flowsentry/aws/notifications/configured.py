"""The channels that the notifier's settings turn on."""

from flowsentry.aws import clients
from flowsentry.aws.notifications.channels import Channel, Channels
from flowsentry.aws.notifications.event_bridge import EventBridgeBus
from flowsentry.aws.notifications.security_hub import SecurityHub
from flowsentry.aws.notifications.sns import SnsChatTopic, SnsTopic
from flowsentry.emit.console_queries import AccountResources
from flowsentry.settings import NotifierSettings


def channels_of(given: NotifierSettings, here: AccountResources) -> Channels:
    """The alert topic, and the other channels that the settings name."""
    topic = SnsTopic(given.alert_topic_arn, clients.sns())
    of_digests = SnsTopic(given.digest_topic_arn, clients.sns(), "digest-topic") if given.digest_topic_arn else topic
    chats: list[Channel] = [SnsChatTopic(given.chat_topic_arn, clients.sns())] if given.chat_topic_arn else []
    buses: list[Channel] = [EventBridgeBus(given.event_bus, clients.event_bridge())] if given.event_bus else []
    hubs: list[Channel] = [SecurityHub(here, clients.security_hub())] if given.security_hub else []
    return Channels(people=(topic, *chats), machines=(*buses, *hubs), digest=(of_digests, *chats, *buses))
