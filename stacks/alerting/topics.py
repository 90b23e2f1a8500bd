"""SNS topics for findings and alarms, by audience, and their subscriptions."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from flowsentry.findings.finding import Audience
from stacks.constructs.parameters import Value
from stacks.settings.deployment import Deployment

DIGESTS_ONLY = {"audience": sns.SubscriptionFilter.string_filter(allowlist=[Audience.DIGEST.value])}
"""Filters by the attribute `audience`, which every message has. Alarms have none, so digest readers do not get them."""


class AlertTopics(Construct):
    """The SNS topics and their key.

    `topic` gets urgent alerts and alarms, and digests unless there is a separate topic `digests`. `chats` is the topic
    of chat channels, if any, and `operators` that of people who get the composite alarms only. `key` encrypts them:
    that of the deployment, or one of their own, because the AWS managed key for SNS does not allow CloudWatch, whose
    alarms would fail silently
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html).
    """

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment, key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        self.key = key or kms.Key(
            self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        )
        self.topic = self._topic("Topic")
        self.digests = self._topic("DigestTopic") if deployment.digest_topic else None
        self.chats = self._topic("ChatTopic") if deployment.chat_topic else None
        self.operators = self._topic("OperatorTopic") if deployment.operator_emails else None
        for topic in filter(None, (self.topic, self.operators)):
            self._allow_alarms(topic)
        if key is None:
            self._allow_use_of_own_key()
        self._subscribe(deployment)
        if self.chats:
            self._show_in_slack(self.chats, deployment)

    @property
    def optional_arns(self) -> dict[str, str]:
        """The topics that only some settings create, by the shared value that holds their ARN."""
        topics = {
            Value.DIGEST_TOPIC_ARN: self.digests,
            Value.CHAT_TOPIC_ARN: self.chats,
            Value.OPERATOR_TOPIC_ARN: self.operators,
        }
        return {value: topic.topic_arn for value, topic in topics.items() if topic}

    def _topic(self, id_: str) -> sns.Topic:
        return sns.Topic(self, id_, master_key=self.key, enforce_ssl=True)

    def _subscribe(self, deployment: Deployment) -> None:
        for email in deployment.alert_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        if self.operators:
            for email in deployment.operator_emails:
                self.operators.add_subscription(subscriptions.EmailSubscription(email))
        for email in deployment.digest_emails:
            if self.digests:
                self.digests.add_subscription(subscriptions.EmailSubscription(email))
            else:
                self.topic.add_subscription(subscriptions.EmailSubscription(email, filter_policy=DIGESTS_ONLY))

    def _show_in_slack(self, topic: sns.Topic, deployment: Deployment) -> None:
        """Shows the topic in the Slack channels of the settings.

        The role has no permissions, and the guardrail denies all; without a guardrail, it would be AdministratorAccess.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-chatbot-slackchannelconfiguration.html
        """
        for channel in deployment.slack_channels:
            role = iam.Role(
                self,
                f"SlackRole-{channel.name}",
                assumed_by=iam.ServicePrincipal("chatbot.amazonaws.com"),
                path=deployment.path_of_roles,
            )
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

    def _allow_alarms(self, topic: sns.Topic) -> None:
        """Allows CloudWatch alarms of this account to publish to the topic."""
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )

    def _allow_use_of_own_key(self) -> None:
        """Allows CloudWatch alarms of this account and SNS to use the key of the topics."""
        services = ("cloudwatch.amazonaws.com", "sns.amazonaws.com")
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsAndTopic",
                principals=[iam.ServicePrincipal(service) for service in services],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],  # in a key policy: this key
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
