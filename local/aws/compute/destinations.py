"""Sends invocation records to a destination (bucket, queue or topic) with the permissions of the function's role."""

from moto.awslambda.models import LambdaFunction

from local.aws.clients import client
from local.aws.compute.permissions import Call, is_allowed


def put_record(function: LambdaFunction, destination_arn: str, record: str, key: str) -> None:
    """Writes the record to the destination: an object with this key in a bucket, else a message.

    Raises PermissionError if the role does not allow it.
    """
    service = destination_arn.split(":")[2]
    if service == "s3":
        _require(function, Call("s3:PutObject", f"{destination_arn}/{key}"))
        bucket = destination_arn.split(":::")[1]
        client("s3", function.region).put_object(Bucket=bucket, Key=key, Body=record.encode())
    elif service == "sqs":
        _require(function, Call("sqs:SendMessage", destination_arn))
        sqs = client("sqs", function.region)
        url = sqs.get_queue_url(QueueName=destination_arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=record)
    elif service == "sns":
        _require(function, Call("sns:Publish", destination_arn))
        client("sns", function.region).publish(TopicArn=destination_arn, Message=record)
    else:
        raise NotImplementedError(f"the embedded AWS does not support destinations of {service}: {destination_arn}")


def _require(function: LambdaFunction, call: Call) -> None:
    if not is_allowed(function.role, call):
        raise PermissionError(
            f"{function.function_name} is not allowed to {call.action} on {call.resource}: its event is lost"
        )
