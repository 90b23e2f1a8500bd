"""boto3 clients, one of each a process, with bounded waits."""

from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

    from flowsentry.aws.notifications.security_hub import SecurityHubClient

MAX_CONNECTIONS = 16
"""More than the threads of the evidence table; fewer would make them wait for each other."""

BOUNDED = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=MAX_CONNECTIONS,
)
"""A try that hangs costs 10 s, not botocore's 60, and four tries end within a time-out. Longer: one slow call
eats the invocation. Shorter: a slow minute of a service becomes a retry of the whole batch."""


BRIEF = Config(connect_timeout=3, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 2})
"""For what tells people: a topic that hangs costs 20 s at most, and the next run, a minute later, tries it again.
Longer: one slow topic eats the time in which others are told. Shorter: people get twice what was answered slowly."""


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
