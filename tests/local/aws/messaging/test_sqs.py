"""Event source mappings of queues: batches, partial batch responses, retries and dead-letter queues."""

import json
from itertools import chain
from uuid import uuid4

from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import ADMITS_S3, Function, FunctionFactory


def queue(aws: EmbeddedAws, **attributes: str) -> tuple[str, str]:
    """The URL and ARN of a new queue."""
    name = f"queue-{uuid4().hex[:8]}"
    url = aws.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"


def connect(aws: EmbeddedAws, queue_arn: str, function: Function, *, partial: bool = False, **more: object) -> None:
    types = {"FunctionResponseTypes": ["ReportBatchItemFailures"]} if partial else {}
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=queue_arn, FunctionName=function.name, **types, **more
    )


def send(aws: EmbeddedAws, url: str, *bodies: str) -> None:
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def bodies(function: Function) -> list[list[str]]:
    return [[record["body"] for record in event["Records"]] for event in function.events]


def remaining(aws: EmbeddedAws, url: str) -> list[str]:
    messages = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in messages]


def test_messages_are_delivered_in_batches_and_deleted(aws: EmbeddedAws, function: FunctionFactory) -> None:
    url, arn = queue(aws)
    sees = function()
    connect(aws, arn, sees, BatchSize=3, MaximumBatchingWindowInSeconds=1)
    send(aws, url, "a", "b", "c", "d", "e")
    aws.wait_until_quiet()
    assert sorted(len(batch) for batch in bodies(sees)) == [2, 3]
    assert sorted(chain.from_iterable(bodies(sees))) == ["a", "b", "c", "d", "e"]
    assert remaining(aws, url) == []


def test_a_message_is_delivered_with_its_attributes(aws: EmbeddedAws, function: FunctionFactory) -> None:
    url, arn = queue(aws)
    sees = function()
    connect(aws, arn, sees)
    attributes = {"reason": {"DataType": "String", "StringValue": "cut off"}}
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="a", MessageAttributes=attributes)
    aws.wait_until_quiet()
    [[record]] = [event["Records"] for event in sees.events]
    assert record["messageAttributes"]["reason"]["stringValue"] == "cut off"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["eventSourceARN"] == arn


def test_a_message_in_a_partial_batch_response_is_delivered_again_alone(
    aws: EmbeddedAws, function: FunctionFactory
) -> None:
    url, arn = queue(aws)
    picky = function(
        "bad = [r['messageId'] for r in event['Records'] if r['body'] == 'bad' and attempts == 1]\n"
        "return {'batchItemFailures': [{'itemIdentifier': each} for each in bad]}"
    )
    connect(aws, arn, picky, partial=True, BatchSize=10, MaximumBatchingWindowInSeconds=1)
    send(aws, url, "good", "bad", "fine")
    aws.wait_until_quiet()
    assert [sorted(batch) for batch in bodies(picky)] == [["bad", "fine", "good"], ["bad"]]
    assert remaining(aws, url) == []


def test_a_message_that_fails_too_often_moves_to_the_dead_letter_queue(
    aws: EmbeddedAws, function: FunctionFactory
) -> None:
    dead_url, dead_arn = queue(aws)
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    url, arn = queue(aws, RedrivePolicy=policy, VisibilityTimeout="60")
    fails = function("raise ValueError")
    connect(aws, arn, fails)
    send(aws, url, "poison")
    aws.wait_until_quiet()
    assert bodies(fails) == [["poison"]] * 3
    assert remaining(aws, dead_url) == ["poison"]


def test_an_object_event_reaches_a_function_through_a_queue(aws: EmbeddedAws, function: FunctionFactory) -> None:
    url, arn = queue(aws, Policy=ADMITS_S3)
    bucket = f"bucket-{uuid4().hex[:8]}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    object_event = {
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "AWSLogs/"}]}},
    }
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [object_event]}
    )
    assert json.loads(remaining(aws, url)[0])["Event"] == "s3:TestEvent"
    aws.client("sqs").purge_queue(QueueUrl=url)
    sees = function()
    connect(aws, arn, sees)
    s3.put_object(Bucket=bucket, Key="AWSLogs/a b+c/day=1/flow log.gz", Body=b"x")
    s3.put_object(Bucket=bucket, Key="elsewhere/x", Body=b"x")
    aws.wait_until_quiet()
    [[body]] = bodies(sees)
    [record] = json.loads(body)["Records"]
    assert record["s3"]["object"]["key"] == "AWSLogs/a+b%2Bc/day%3D1/flow+log.gz"
    assert record["s3"]["bucket"]["name"] == bucket


def test_a_batch_can_have_more_messages_than_one_receive_call_returns(
    aws: EmbeddedAws, function: FunctionFactory
) -> None:
    url, arn = queue(aws)
    sees = function()
    for number in range(0, 60, 10):
        send(aws, url, *(str(each) for each in range(number, number + 10)))
    connect(aws, arn, sees, BatchSize=50, MaximumBatchingWindowInSeconds=60)
    aws.wait_until_quiet()
    assert sorted(len(batch) for batch in bodies(sees)) == [10, 50]


def test_a_message_with_a_delay_is_delivered_later(aws: EmbeddedAws, function: FunctionFactory) -> None:
    url, arn = queue(aws)
    sees = function()
    connect(aws, arn, sees)
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="later", DelaySeconds=2)
    send(aws, url, "now")
    aws.wait_until_quiet()
    assert bodies(sees) == [["now"], ["later"]]
    (now,), (later,) = (event["Records"] for event in sees.events)
    assert int(later["attributes"]["SentTimestamp"]) <= int(now["attributes"]["SentTimestamp"]) + 1_000


CALLS_SQS = """import json, os, urllib.request

def call_sqs(action, url, entries):
    # small functions have no boto3
    region, key = os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"]
    signed = f"AWS4-HMAC-SHA256 Credential={key}/20261103/{region}/sqs/aws4_request, SignedHeaders=host, Signature=x"
    headers = {
        "Authorization": signed,
        "X-Amz-Target": f"AmazonSQS.{action}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    body = json.dumps({"QueueUrl": url, "Entries": entries}).encode()
    urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=body, headers=headers)).read()

"""


def calling(body: str) -> str:
    """The code of a function with this body that can call SQS."""
    return f"{CALLS_SQS}def lambda_handler(event, context):\n    print('EVENT ' + json.dumps(event))\n" + "".join(
        f"    {line}\n" for line in body.splitlines()
    )


def test_a_message_made_visible_is_delivered_before_failed_ones(aws: EmbeddedAws, function: FunctionFactory) -> None:
    url, arn = queue(aws, VisibilityTimeout="60")
    shows = function(
        code=calling(
            "first = [r for r in event['Records'] if r['attributes']['ApproximateReceiveCount'] == '1']\n"
            "shown = [r['receiptHandle'] for r in first if r['body'] == 'unbegun']\n"
            "entries = [{'Id': '0', 'ReceiptHandle': each, 'VisibilityTimeout': 0} for each in shown]\n"
            f"entries and call_sqs('ChangeMessageVisibilityBatch', {url!r}, entries)\n"
            "return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in first]}"
        ),
        allow=[("sqs:ChangeMessageVisibility", "*")],
    )
    connect(aws, arn, shows, partial=True, BatchSize=10, MaximumBatchingWindowInSeconds=1)
    send(aws, url, "begun", "unbegun")
    aws.wait_until_quiet()
    first, second, *_ = bodies(shows)
    assert sorted(first) == ["begun", "unbegun"]
    assert second[0] == "unbegun"


def test_a_message_that_the_function_deleted_is_not_delivered_again_after_a_crash(
    aws: EmbeddedAws, function: FunctionFactory
) -> None:
    url, arn = queue(aws, VisibilityTimeout="60")
    dies = function(
        code=calling(
            "done = [r['receiptHandle'] for r in event['Records'] if r['body'] == 'done']\n"
            f"done and call_sqs('DeleteMessageBatch', {url!r}, [{{'Id': '0', 'ReceiptHandle': done[0]}}])\n"
            "if done: os._exit(1)"
        ),
        allow=[("sqs:DeleteMessage", "*")],
    )
    connect(aws, arn, dies, BatchSize=10, MaximumBatchingWindowInSeconds=1)
    send(aws, url, "done", "killer")
    aws.wait_until_quiet()
    assert [sorted(batch) for batch in bodies(dies)] == [["done", "killer"], ["killer"]]
