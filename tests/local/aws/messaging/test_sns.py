"""Topics: message structure JSON."""

import json
from uuid import uuid4

from local.aws.embedded import EmbeddedAws


def test_a_queue_receives_the_message_for_its_protocol(aws: EmbeddedAws) -> None:
    name = f"alerts-{uuid4().hex[:8]}"
    admits = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Statement": [{**admits, "Resource": "*"}]})
    url = aws.client("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    sns = aws.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{aws.region}:{aws.account}:{name}")
    texts = {"default": "for others", "email": "for people", "sqs": "for machines"}
    sns.publish(TopicArn=topic, Subject="a scan", Message=json.dumps(texts), MessageStructure="json")
    [message] = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
    notification = json.loads(message["Body"])
    assert (notification["Subject"], notification["Message"]) == ("a scan", "for machines")
