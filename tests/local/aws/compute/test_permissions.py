"""Requests of functions are checked against their roles."""

import io
import json
from typing import Any
from uuid import uuid4

import pytest

from local.aws.compute.permissions import Call, calls
from local.aws.embedded import EmbeddedAws
from tests.local.aws.conftest import FunctionFactory

SIGNS_A_REQUEST = """
import os, urllib.error, urllib.request

def lambda_handler(event, context):
    credential = os.environ["AWS_ACCESS_KEY_ID"] + "/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=host, Signature=0"}
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + event["path"], headers=headers)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]
"""
"""Small functions have no boto3; the embedded AWS checks the access key, not the signature."""


@pytest.fixture
def bucket(aws: EmbeddedAws) -> str:
    name = f"bucket-{uuid4().hex[:8]}"
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("s3").put_object(Bucket=name, Key="ours/a", Body=b"")
    aws.client("s3").put_object(Bucket=name, Key="theirs/a", Body=b"")
    return name


def test_an_allowed_request_succeeds(bucket: str, function: FunctionFactory) -> None:
    reads = function(code=SIGNS_A_REQUEST, allow=[("s3:Get*", f"arn:aws:s3:::{bucket}/ours/*")])
    assert reads.answer({"path": f"/{bucket}/ours/a"}) == 200


def test_a_request_without_permission_is_denied_and_recorded(aws: EmbeddedAws, bucket: str) -> None:
    reads = FunctionFactory(aws)(code=SIGNS_A_REQUEST, allow=[("s3:GetObject", f"arn:aws:s3:::{bucket}/ours/*")])
    before = len(aws.failures())
    status, text = reads.answer({"path": f"/{bucket}/theirs/a"})
    assert status == 403
    assert "<Code>AccessDenied</Code>" in text
    [failure] = aws.failures()[before:]
    assert f"{reads.name} is not allowed to s3:GetObject on arn:aws:s3:::{bucket}/theirs/a" in failure


def request(service: str, target: str = "", body: str = "", **more: str) -> dict[str, Any]:
    credential = f"AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"
    targeted = {"HTTP_X_AMZ_TARGET": target} if target else {}
    length = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body.encode())}
    return {"HTTP_AUTHORIZATION": credential, "REQUEST_METHOD": "POST", "PATH_INFO": "/", **length, **targeted, **more}


TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (request("s3", REQUEST_METHOD="PUT", PATH_INFO="/b/k/x"), Call("s3:PutObject", "arn:aws:s3:::b/k/x")),
        (
            request("events", "AWSEvents.PutEvents", json.dumps({"Entries": [{"EventBusName": "security"}]})),
            Call("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-bus/security"),
        ),
        (
            request("securityhub", body='{"Findings": [{"ProductArn": "arn:own"}]}', PATH_INFO="/findings/import"),
            Call("securityhub:BatchImportFindings", "arn:own"),
        ),
        (request("s3", REQUEST_METHOD="GET", PATH_INFO="/b"), Call("s3:ListBucket", "arn:aws:s3:::b")),
        (
            request("s3", REQUEST_METHOD="GET", PATH_INFO="/b", QUERY_STRING="versions&prefix=k"),
            Call("s3:ListBucketVersions", "arn:aws:s3:::b"),
        ),
        (
            request("s3", REQUEST_METHOD="GET", PATH_INFO="/b/k", QUERY_STRING="versionId=v1"),
            Call("s3:GetObjectVersion", "arn:aws:s3:::b/k"),
        ),
        (
            request("dynamodb", "DynamoDB_20120810.PutItem", json.dumps({"TableName": "t"})),
            Call("dynamodb:PutItem", TABLE),
        ),
        (
            request("dynamodb", "DynamoDB_20120810.Query", json.dumps({"TableName": "t", "IndexName": "i"})),
            Call("dynamodb:Query", f"{TABLE}/index/i"),
        ),
        (
            request("dynamodb", "DynamoDB_20120810.BatchGetItem", json.dumps({"RequestItems": {"t": {}}})),
            Call("dynamodb:BatchGetItem", TABLE),
        ),
        (
            request("sqs", "AmazonSQS.SendMessageBatch", json.dumps({"QueueUrl": "http://localhost/1/q"})),
            Call("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:q"),
        ),
        (
            request("ssm", "AmazonSSM.GetParameter", json.dumps({"Name": "/flowsentry/x"})),
            Call("ssm:GetParameter", "arn:aws:ssm:us-east-1:123456789012:parameter/flowsentry/x"),
        ),
        (
            request(
                "logs",
                "Logs_20140328.PutLogEvents",
                json.dumps({"logGroupName": "/a", "logStreamName": "s", "logEvents": []}),
            ),
            Call("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/a:log-stream:s"),
        ),
        (request("sns", body="Action=Publish&TopicArn=arn%3At"), Call("sns:Publish", "arn:t")),
        (request("sts", body="Action=AssumeRole&RoleArn=arn%3Ar"), Call("sts:AssumeRole", "arn:r")),
        (request("ec2", body="Action=DescribeNetworkInterfaces"), Call("ec2:DescribeNetworkInterfaces", "*")),
        (
            request("elasticfilesystem", REQUEST_METHOD="GET", PATH_INFO="/2015-02-01/file-systems"),
            Call("elasticfilesystem:DescribeFileSystems", "*"),
        ),
        (
            request("lambda", REQUEST_METHOD="GET", PATH_INFO="/2015-03-31/functions/"),
            Call("lambda:ListFunctions", "*"),
        ),
        (
            request("lambda", REQUEST_METHOD="POST", PATH_INFO="/2015-03-31/functions"),
            Call("lambda:?", "*"),
        ),
    ],
    ids=lambda value: value.action if isinstance(value, Call) else "",
)
def test_a_request_is_mapped_to_its_iam_action(environ: dict[str, Any], expected: Call) -> None:
    body = environ["wsgi.input"].getvalue()
    assert list(calls(environ)) == [expected]
    assert environ["wsgi.input"].read() == body


def test_a_request_to_an_encrypted_bucket_needs_its_key(aws: EmbeddedAws, bucket: str) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    aws.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [encryption]})
    aws.client("s3").put_object(Bucket=bucket, Key="ours/a", Body=b"o")
    objects = ("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    path, create = f"/{bucket}/ours/a", FunctionFactory(aws)
    status, text = create(code=SIGNS_A_REQUEST, allow=[objects]).answer({"path": path})
    assert status == 403
    assert f"is not allowed to kms:Decrypt on {key}" in text
    assert create(code=SIGNS_A_REQUEST, allow=[objects, ("kms:Decrypt", key)]).answer({"path": path}) == 200


def test_an_object_needs_the_key_that_it_was_written_with_whatever_its_bucket_s_key_is_now(
    aws: EmbeddedAws, bucket: str
) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    aws.client("s3").put_object(
        Bucket=bucket, Key="ours/old", Body=b"o", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    objects = ("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    path, create = f"/{bucket}/ours/old", FunctionFactory(aws)
    status, text = create(code=SIGNS_A_REQUEST, allow=[objects]).answer({"path": path})
    assert status == 403
    assert f"is not allowed to kms:Decrypt on {key}" in text
    assert create(code=SIGNS_A_REQUEST, allow=[objects, ("kms:Decrypt", key)]).answer({"path": path}) == 200


def test_a_deleted_object_of_a_versioned_bucket_is_missing_and_needs_no_key(aws: EmbeddedAws, bucket: str) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="ours/gone", Body=b"o")
    s3.delete_object(Bucket=bucket, Key="ours/gone")
    create = FunctionFactory(aws)
    reads = create(code=SIGNS_A_REQUEST, allow=[("s3:GetObject", f"arn:aws:s3:::{bucket}/*")])
    status, _ = reads.answer({"path": f"/{bucket}/ours/gone"})
    assert status == 404
