"""SNS: topic updates in place, email delivery, and the resource types that moto does not support."""

import json
from collections import deque
from collections.abc import Callable
from typing import Any

from moto.sns.models import Subscription as MotoSubscription
from moto.sns.models import Topic

from local.aws.compute.resource_policies import is_admitted
from local.aws.deployment.cloudformation import ResourceType
from local.aws.moto_patches import replaces


@replaces(Topic, "update_from_cloudformation_json")
def update_topic_in_place(
    _original: Callable[..., Any], _cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any
) -> Any:
    """Moto replaces a topic whose properties change, and loses its subscriptions."""
    properties = cloudformation_json["Properties"]
    original_resource.display_name = properties.get("DisplayName", "")
    original_resource.kms_master_key_id = properties.get("KmsMasterKeyId", "")
    return original_resource


MAX_EMAILS = 10_000
"""Kept in memory; beyond this number the oldest are dropped."""

emails: deque[dict[str, str]] = deque(maxlen=MAX_EMAILS)
"""The emails that topics delivered: address, subject, text, message_id."""


@replaces(MotoSubscription, "publish")
def deliver_email(
    original: Callable[..., Any], subscription: Any, message: str, message_id: str, **options: Any
) -> None:
    """Moto delivers no email, and ignores the policies of queues and functions. Here emails are stored, with the
    message for the protocol `email`.
    """
    is_checked = subscription.protocol in {"sqs", "lambda"}
    if is_checked and not is_admitted("sns.amazonaws.com", subscription.topic.arn, subscription.endpoint):
        return
    original(subscription, message, message_id, **options)
    matcher = subscription._filter_policy_matcher  # noqa: SLF001 - moto applies the filter before it checks the protocol
    if subscription.protocol == "email" and (not matcher or matcher.matches(options["message_attributes"], message)):
        forms = json.loads(message) if options.get("message_structure") == "json" else {"default": message}
        text = forms.get("email", forms["default"])
        subject = options.get("subject") or ""
        emails.append({"address": subscription.endpoint, "subject": subject, "text": text, "message_id": message_id})


class TopicPolicy(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::SNS::TopicPolicy"

    def create(self) -> str:
        policy = json.dumps(self.properties["PolicyDocument"])
        for arn in self.properties["Topics"]:
            self.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        return self.name


class Subscription(ResourceType):
    """moto's CloudFormation does not support this type."""

    type_name = "AWS::SNS::Subscription"

    def create(self) -> str:
        attributes = {
            key: self.properties[key]
            for key in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")
            if key in self.properties
        }
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        created = self.client("sns").subscribe(
            TopicArn=self.properties["TopicArn"],
            Protocol=self.properties["Protocol"],
            Endpoint=self.properties.get("Endpoint", ""),
            Attributes=texts,
            ReturnSubscriptionArn=True,
        )
        return str(created["SubscriptionArn"])
