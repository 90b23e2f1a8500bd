"""SNS: the resource types moto skips."""

import json

from local.aws.cloudformation import ResourceType


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
