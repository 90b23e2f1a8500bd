"""The calls that doctor makes, all read-only, with time limits; and the policy that allows them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flowsentry.aws.service_errors import code_of, status_of
from local.doctor.account_state import Unasked

BRIEF = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
"""A call that hangs costs 16 s at most. Longer: `make deploy` waits for a service that is down. Shorter: a slow answer
becomes a warning."""
MAX_SECONDS = 90
"""Time for all questions; those without time become warnings. Longer: a deploy waits. Shorter: many resources are not
looked at."""
MAX_PAGES = 50
"""Pages of one answer, of 1,000 items or what the service gives. More: a question takes the time of the others."""
ACTIONS: Mapping[tuple[str, str], str] = {
    ("sts", "get_caller_identity"): "sts:GetCallerIdentity",
    ("ssm", "get_parameter"): "ssm:GetParameter",
    ("lambda", "get_account_settings"): "lambda:GetAccountSettings",
    ("ec2", "describe_vpcs"): "ec2:DescribeVpcs",
    ("ec2", "describe_subnets"): "ec2:DescribeSubnets",
    ("ec2", "describe_network_interfaces"): "ec2:DescribeNetworkInterfaces",
    ("ec2", "describe_transit_gateways"): "ec2:DescribeTransitGateways",
    ("ec2", "describe_transit_gateway_attachments"): "ec2:DescribeTransitGatewayAttachments",
    ("ec2", "describe_security_groups"): "ec2:DescribeSecurityGroups",
    ("ec2", "describe_flow_logs"): "ec2:DescribeFlowLogs",
    ("logs", "describe_log_groups"): "logs:DescribeLogGroups",
    ("logs", "describe_subscription_filters"): "logs:DescribeSubscriptionFilters",
    ("cloudwatch", "get_metric_statistics"): "cloudwatch:GetMetricStatistics",
    ("s3", "head_bucket"): "s3:ListBucket",
    ("s3", "get_bucket_notification_configuration"): "s3:GetBucketNotification",
    ("s3", "get_bucket_policy"): "s3:GetBucketPolicy",
    ("kms", "describe_key"): "kms:DescribeKey",
    ("kms", "get_key_policy"): "kms:GetKeyPolicy",
    ("iam", "get_policy"): "iam:GetPolicy",
    ("iam", "get_role"): "iam:GetRole",
    ("cloudformation", "describe_stack_resources"): "cloudformation:DescribeStackResources",
    ("eks", "describe_cluster"): "eks:DescribeCluster",
    ("events", "describe_event_bus"): "events:DescribeEventBus",
    ("securityhub", "describe_hub"): "securityhub:DescribeHub",
    ("sns", "list_subscriptions_by_topic"): "sns:ListSubscriptionsByTopic",
    ("dynamodb", "get_item"): "dynamodb:GetItem",
    ("kinesis", "describe_stream_summary"): "kinesis:DescribeStreamSummary",
}
"""The action that each call needs. https://docs.aws.amazon.com/service-authorization/latest/reference/"""
NOT_THE_OWNER = "MethodNotAllowed"
"""What S3 answers to those who ask for the policy of a bucket of another account."""
MISSING = ("404", "NotFound", "NoSuch", "DoesNotExist", "InvalidAccessException", "ValidationError", NOT_THE_OWNER)
"""Parts of the error codes of things that do not exist. InvalidAccessException: Security Hub is not enabled.
ValidationError: no stack has such a resource."""
NAMED_ONE_BY_ONE = (
    "cloudformation",
    "dynamodb",
    "eks",
    "events",
    "iam",
    "kinesis",
    "kms",
    "logs",
    "s3",
    "securityhub",
    "sns",
    "ssm",
)
"""Services that are asked for one thing by its name, which may not exist. The others list what there is."""
TOO_LATE = "no time left"


def policy() -> str:
    """The IAM policy with which doctor can ask everything, as JSON."""
    statement = {"Effect": "Allow", "Action": sorted(set(ACTIONS.values())), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


class NotAnsweredError(Exception):
    """AWS did not answer, for lack of a permission, of time, or of a connection; noted in `unasked`."""


class NotFoundError(Exception):
    """There is no such thing; the message is AWS's error code."""


@dataclass
class Questions:
    """Asks AWS; `client` makes boto3 clients. What could not be asked is noted once for each action."""

    client: Callable[..., Any]
    clock: Callable[[], float] = time.monotonic
    unasked: dict[str, Unasked] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    _began_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_at = self.clock()

    def ask(self, service: str, operation: str, **arguments: Any) -> Any:
        """The answer of one call. Raises NotFoundError and NotAnsweredError."""
        with_client = self._client(service, operation)
        return self._answered((service, operation), lambda: getattr(with_client, operation)(**arguments))

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """The items under `key` on all pages. Raises NotFoundError and NotAnsweredError."""
        client = self._client(service, operation)

        def items() -> list[Any]:
            return list(self._items(client.get_paginator(operation).paginate(**arguments), key))

        listed: list[Any] = self._answered((service, operation), items)
        return listed

    def _items(self, pages: Any, key: str) -> Iterator[Any]:
        for page in islice(pages, MAX_PAGES):
            yield from page.get(key, ())

    def _client(self, service: str, operation: str) -> Any:
        action = ACTIONS[service, operation]
        if self.clock() - self._began_at > MAX_SECONDS:
            raise self._note(action, TOO_LATE)
        if service not in self._clients:
            self._clients[service] = self.client(service, config=BRIEF)
        return self._clients[service]

    def _answered(self, call: tuple[str, str], answer: Callable[[], Any]) -> Any:
        action = ACTIONS[call]
        try:
            return answer()
        except ClientError as error:
            code = code_of(error) or str(status_of(error))
            if call[0] in NAMED_ONE_BY_ONE and _is_missing(code):
                raise NotFoundError(code) from error
            raise self._note(action, code) from error
        except BotoCoreError as error:
            raise self._note(action, type(error).__name__) from error

    def _note(self, action: str, reason: str) -> NotAnsweredError:
        self.unasked.setdefault(action, Unasked(action, reason))
        return NotAnsweredError(f"{action}: {reason}")


def _is_missing(code: str) -> bool:
    return any(part in code for part in MISSING)
