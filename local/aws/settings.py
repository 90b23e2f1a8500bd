"""Settings in which the embedded AWS differs from AWS: delays, limits and identity."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ACCOUNT = "123456789012"
CONTROL_PATH = "/_embedded/"
AS_AWS = "as-aws:"
"""Prefix of tags that set attributes of a network interface instead of tagging it: attributes that only AWS can set.
They are `interface-type`, `requester-id`, `attached-by` (the service's account), `attached-at` (Unix seconds),
`no-groups` (removes the security groups; the value is ignored), and `private-ip-address`, because interfaces that moto
creates itself have arbitrary addresses.
"""
REDSHIFT_INTERFACE = "RedshiftNetworkInterface"
"""Description of the network interface of a node of Redshift."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Delays are less than a second where AWS waits minutes, so that demonstrations and tests are quick.

    Longer delays are closer to AWS and show what happens during them; shorter ones make tests faster. Limits that AWS
    does not have exist because everything runs on one machine.
    """

    region: str = "us-east-1"
    async_retry_seconds: float = 0.2
    """Delay before each retry of a failed asynchronous invocation. AWS: one minute, then two."""
    redelivery_seconds: float | None = 0.3
    """Longest delay until a message of a failed batch is visible again. None: as on AWS, the rest of the message's
    visibility timeout, which is that of the queue, or what the function set."""
    batch_window_seconds: float = 0.2
    """Longest batching window. AWS: as the event source mapping states."""
    stream_retry_seconds: float = 0.2
    """Delay before a failed batch of a DynamoDB or Kinesis stream is retried."""
    schedule_seconds: float | None = None
    """Interval at which every enabled schedule fires. None: only on request (`fire_schedules`)."""
    concurrency: int = 2
    """Maximum number of execution environments per function."""
    account_concurrency: int = 1000
    """Concurrent executions of all functions of the account. New AWS accounts have 10: then no concurrency can be
    reserved, because at least 100, or all if there are fewer, must stay unreserved.
    """
    init_seconds: float = 60.0
    """An execution environment that has not requested its first event within this time has failed. AWS: 10."""
    polling_seconds: float = 0.05
    """Interval between two polls of a queue or a stream."""
    max_seconds: float = 3600.0
    """The server ends after this time, even if it is never stopped."""
    send_control_messages: bool = True
    """Whether new subscription filters send a CONTROL_MESSAGE to their destinations, which invokes functions."""


def environment(endpoint_url: str, region: str) -> dict[str, str]:
    """Environment variables with which boto3, the AWS CLI and the CDK use this AWS only."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_SESSION_TOKEN": "embedded",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


LOOPBACK = "localhost,127.0.0.1,::1"


def without_account(variables: Mapping[str, str]) -> dict[str, str]:
    """These environment variables without any AWS account, profile, endpoint or CDK setting; local addresses bypass a
    proxy.
    """
    kept = {name: value for name, value in variables.items() if not name.startswith(("AWS_", "CDK_"))}
    hosts = kept.get("NO_PROXY") or kept.get("no_proxy") or ""
    bypassed = f"{hosts},{LOOPBACK}" if hosts else LOOPBACK
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": bypassed,
        "no_proxy": bypassed,
    }


@contextlib.contextmanager
def isolated() -> Iterator[None]:
    """Within the block, this process and its children know no AWS account of the user."""
    before = dict(os.environ)
    _replace(without_account(before))
    try:
        yield
    finally:
        _replace(before)


def _replace(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
