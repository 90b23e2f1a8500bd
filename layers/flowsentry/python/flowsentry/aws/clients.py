"""boto3 clients, one of each per process, with time limits for every call."""

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

    from flowsentry.aws.notifications.security_hub import SecurityHubClient

MAX_CONNECTIONS = 16
"""More than the threads that call DynamoDB at once (concurrency.MAX_THREADS). Fewer: they wait for each other's
connection. More: nothing gets faster."""

BOUNDED = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=MAX_CONNECTIONS,
)
"""An attempt without a response costs 10 s, not botocore's 60, so that four attempts end before the function times out.
Longer: one slow call uses up the invocation. Shorter: a slow minute of a service becomes a retry of the whole batch."""


BRIEF = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 2})
"""For channels: one that does not respond costs at most 20 s, and the next run, a minute later, tries it again. Longer:
one slow channel uses up the time for the others. Shorter: a message that was accepted slowly is delivered twice."""


@lru_cache(maxsize=1)
def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=BOUNDED)


@lru_cache(maxsize=1)
def ec2() -> "EC2Client":
    return boto3.client("ec2", config=BOUNDED)


@lru_cache(maxsize=1)
def event_bridge() -> "EventBridgeClient":
    return boto3.client("events", config=BRIEF)


@lru_cache(maxsize=1)
def load_balancing() -> "ElasticLoadBalancingv2Client":
    return boto3.client("elbv2", config=BOUNDED)


@lru_cache(maxsize=1)
def logs() -> "CloudWatchLogsClient":
    return boto3.client("logs", config=BOUNDED)


@lru_cache(maxsize=1)
def s3() -> "S3Client":
    return boto3.client("s3", config=BOUNDED)


@lru_cache(maxsize=1)
def security_hub() -> "SecurityHubClient":
    client: SecurityHubClient = boto3.client("securityhub", config=BRIEF)
    return client


@lru_cache(maxsize=1)
def sns() -> "SNSClient":
    return boto3.client("sns", config=BRIEF)


@lru_cache(maxsize=1)
def sqs() -> "SQSClient":
    return boto3.client("sqs", config=BOUNDED)


@lru_cache(maxsize=1)
def ssm() -> "SSMClient":
    return boto3.client("ssm", config=BOUNDED)
