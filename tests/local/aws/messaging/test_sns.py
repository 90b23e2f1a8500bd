"""Topics: what a queue is sent is its own text."""

import json
from uuid import uuid4

from local.aws.embedded import EmbeddedAws


def test_each_protocol_gets_its_own_text(aws: EmbeddedAws) -> None:
    name = f"alerts-{uuid4().hex[:8]}"
    url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    sns = aws.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{aws.region}:{aws.account}:{name}")
    texts = {"default": "for whoever", "email": "for people", "sqs": "for machines"}
    sns.publish(TopicArn=topic, Subject="a scan", Message=json.dumps(texts), MessageStructure="json")
    [message] = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    told = json.loads(message["Body"])
    assert (told["Subject"], told["Message"]) == ("a scan", "for machines")
