"""The channels that the notifier's settings turn on, and the resources that its messages link to."""

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


def account_resources(given: NotifierSettings) -> AccountResources:
    """What messages link to, in the account and Region that the function runs in."""
    meta = clients.sns().meta
    return AccountResources(
        region=meta.region_name,
        partition=meta.partition,
        account_id=given.account_id,
        log_groups=given.log_groups,
        vpcs_in_s3=given.vpcs_in_s3,
        athena_table=given.athena_table,
        athena_workgroup=given.athena_workgroup,
        deployment=given.deployment_name,
    )
