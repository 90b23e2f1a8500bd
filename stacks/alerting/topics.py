"""The topics that findings and alarms are sent to, by who is told."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from flowsentry.findings.finding import Audience
from stacks.settings.deployment import Deployment

DIGESTS_ONLY = {"audience": sns.SubscriptionFilter.string_filter(allowlist=[Audience.DIGEST.value])}
"""By the attribute that every message has. Alarms have none, so they stay with who must act."""


class AlertTopics(Construct):
    """`topic` of what is urgent, and of digests unless `digests` is a topic of its own; `chats` where there is one; and
    the `key` they are encrypted with: a customer key, because AWS's own key for SNS does not admit CloudWatch, and an
    alarm that can't be sent is silent (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        self.key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN)
        self.topic = self._topic("Topic")
        self.digests = self._topic("DigestTopic") if deployment.digest_topic else None
        self.chats = self._topic("ChatTopic") if deployment.chat_topic else None
        self._admit_services()
        self._subscribe(deployment)
        if self.chats:
            self._show_in_slack(self.chats, deployment)

    def _topic(self, id_: str) -> sns.Topic:
        return sns.Topic(self, id_, master_key=self.key, enforce_ssl=True)

    def _subscribe(self, deployment: Deployment) -> None:
        for email in deployment.alert_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        for email in deployment.digest_emails:
            if self.digests:
                self.digests.add_subscription(subscriptions.EmailSubscription(email))
            else:
                self.topic.add_subscription(subscriptions.EmailSubscription(email, filter_policy=DIGESTS_ONLY))

    def _show_in_slack(self, topic: sns.Topic, deployment: Deployment) -> None:
        """The role may do nothing, and the guardrail allows nothing; without one it would be AdministratorAccess.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-slackchannelconfiguration.html
        """
        for channel in deployment.slack_channels:
            role = iam.Role(self, f"SlackRole-{channel.name}", assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"))
            chatbot.SlackChannelConfiguration(
                self,
                f"Slack-{channel.name}",
                slack_channel_configuration_name=f"{deployment.name}-{channel.name}",
                slack_workspace_id=channel.workspace_id,
                slack_channel_id=channel.channel_id,
                notification_topics=[topic],
                role=role,
                guardrail_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AWSDenyAll")],
            )

    def _admit_services(self) -> None:
        """CloudWatch may tell the topic of what is urgent: alarms are."""
        of_this_account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com")
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsAndTopic",
                principals=[alarms, iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key policy: this key
                conditions=of_this_account,
            )
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[alarms],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=of_this_account,
            )
        )
