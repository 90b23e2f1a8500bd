"""SNS: topics that keep their subscriptions, and the resource types moto skips."""

import json
from collections.abc import Callable
from typing import Any

from moto.sns.models import Topic

from local.aws.cloudformation import ResourceType
from local.aws.gaps import fills


@fills(Topic, "update_from_cloudformation_json")
def change_the_topic_in_place(
    _original: Callable[..., Any], _cls: Any, original_resource: Any, cloudformation_json: Any, **_: Any
) -> Any:
    """Moto deletes and makes anew a topic whose properties change, and with it its subscriptions."""
    properties = cloudformation_json["Properties"]
    original_resource.display_name = properties.get("DisplayName", "")
    original_resource.kms_master_key_id = properties.get("KmsMasterKeyId", "")
    return original_resource


class TopicPolicy(ResourceType):
    """moto's CloudFormation does not know the type."""

    type_name = "AWS::SNS::TopicPolicy"

    def create(self) -> str:
        policy = json.dumps(self.properties["PolicyDocument"])
        for arn in self.properties["Topics"]:
            self.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        return self.name


class Subscription(ResourceType):
    """moto's CloudFormation does not know the type."""

    type_name = "AWS::SNS::Subscription"

    def create(self) -> str:
        attributes = {
            key: self.properties[key]
            for key in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery")
            if key in self.properties
        }
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        made = self.client("sns").subscribe(
            TopicArn=self.properties["TopicArn"],
            Protocol=self.properties["Protocol"],
            Endpoint=self.properties.get("Endpoint", ""),
            Attributes=texts,
            ReturnSubscriptionArn=True,
        )
        return str(made["SubscriptionArn"])
