"""Doctor's calls: every one has its action in the policy, and none that is refused ends in a traceback."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from local.doctor.account_reader import account_state_of
from local.doctor.account_state import Bucket, Cluster, Concurrency, Deployed, FlowLog, LogGroup, NetworkResource
from local.doctor.questions import ACTIONS, MAX_SECONDS, NotAnsweredError, Questions, policy
from tests.local.doctor.accounts import (
    ACCOUNT,
    BUCKET,
    GROUP,
    KEY,
    LOG_GROUP,
    REGION,
    ROOT_MAY,
    SUBNET,
    VPC,
    deployment,
)

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
INVENTORY_ROLE = f"flowsentry-inventory-{REGION}"
SUBSCRIPTIONS = [
    {"Protocol": "email", "Endpoint": "a@example.com", "SubscriptionArn": "PendingConfirmation"},
]
ANSWERS: dict[str, Any] = {
    "get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/alice"},
    "get_parameter": {"Parameter": {"Value": "21"}},
    "get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 9}},
    "describe_vpcs": {"Vpcs": [{"VpcId": VPC, "OwnerId": ACCOUNT}]},
    "describe_subnets": {"Subnets": [{"SubnetId": SUBNET, "VpcId": VPC, "OwnerId": ACCOUNT}]},
    "describe_security_groups": {"SecurityGroups": [{"GroupId": GROUP, "VpcId": VPC, "OwnerId": ACCOUNT}]},
    "describe_network_interfaces": {"NetworkInterfaces": []},
    "describe_transit_gateways": {"TransitGateways": []},
    "describe_transit_gateway_attachments": {"TransitGatewayAttachments": []},
    "describe_flow_logs": {
        "FlowLogs": [
            {
                "FlowLogId": "fl-1",
                "ResourceId": VPC,
                "LogDestination": "arn:aws:s3:::b",
                "Tags": [{"Key": "aws:cloudformation:stack-name", "Value": "other"}],
            },
            {"FlowLogId": "fl-2", "ResourceId": VPC, "LogGroupName": "/old"},
        ]
    },
    "describe_log_groups": {"logGroups": [{"logGroupName": f"{LOG_GROUP}-2"}, {"logGroupName": LOG_GROUP}]},
    "describe_subscription_filters": {"subscriptionFilters": [{"filterName": "f", "destinationArn": "arn:f"}]},
    "head_bucket": {"BucketRegion": REGION},
    "get_bucket_policy": {"Policy": "{}"},
    "get_bucket_notification_configuration": {"EventBridgeConfiguration": {}},
    "describe_key": {"KeyMetadata": {"KeyState": "Enabled", "AWSAccountId": ACCOUNT}},
    "get_key_policy": {"Policy": json.dumps({"Statement": [ROOT_MAY]})},
    "get_policy": {"Policy": {}},
    "get_role": {"Role": {}},
    "describe_stack_resources": {"StackResources": [{"StackName": "flowsentry-processing"}]},
    "describe_cluster": {"cluster": {"status": "ACTIVE", "accessConfig": {"authenticationMode": "API"}}},
    "describe_event_bus": {"Name": "security"},
    "describe_hub": {},
    "list_subscriptions_by_topic": {"Subscriptions": SUBSCRIPTIONS},
    "get_metric_statistics": {"Datapoints": []},
    "describe_stream_summary": {"StreamDescriptionSummary": {"OpenShardCount": 4}},
    "get_item": {"Item": {"since": {"N": "1"}, "until": {"N": "5"}, "by": {"S": "alice"}}},
}
"""What AWS answers to each call, in one page."""


class FakeAws:
    """Answers as ANSWERS, or with an error; remembers the calls as (service, operation)."""

    def __init__(self, **errors: Exception) -> None:
        self.errors, self.calls = errors, set[tuple[str, str]]()

    def client(self, service: str, **_: Any) -> "FakeClient":
        return FakeClient(self, service)


class FakeClient:
    def __init__(self, aws: FakeAws, service: str) -> None:
        self.aws, self.service = aws, service

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**_: Any) -> Any:
            self.aws.calls.add((self.service, operation))
            if error := self.aws.errors.get(operation):
                raise error
            return ANSWERS[operation]

        return answer

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**arguments: Any) -> Any:
                yield getattr(self, operation)(**arguments)

        return Pages


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Operation")


SOURCES = [
    {"vpc_ids": [VPC], "destination": "s3", "name": "vpcs"},
    {"network_interface_ids": ["eni-0123456789abcdef0"], "destination": "s3", "name": "interfaces"},
    {
        "transit_gateway_ids": ["tgw-0123456789abcdef0"],
        "transit_gateway_attachment_ids": ["tgw-attach-0123456789abcdef0"],
        "destination": "s3",
        "name": "gateways",
    },
]


def asked(aws: FakeAws) -> Any:
    return account_state_of(deployment(sources=SOURCES, permissions_boundary=BOUNDARY), Questions(aws.client), REGION)


def test_the_picture_has_what_aws_answered() -> None:
    account = asked(FakeAws())
    assert (account.account_id, account.bootstrap_version) == (ACCOUNT, 21)
    assert account.concurrency == Concurrency(10, 9)
    assert (account.has_boundary, account.roles) == (True, {INVENTORY_ROLE: "flowsentry-processing"})
    assert account.resources == {
        VPC: NetworkResource(VPC, (), ACCOUNT),
        SUBNET: NetworkResource(SUBNET, (VPC,), ACCOUNT),
        GROUP: NetworkResource(GROUP, (VPC,), ACCOUNT),
    }
    assert account.flow_logs == [FlowLog("fl-1", VPC, "arn:aws:s3:::b", "other"), FlowLog("fl-2", VPC, "/old")]
    assert account.log_groups == {LOG_GROUP: LogGroup("STANDARD", (("f", "arn:f"),))}
    assert account.buckets == {BUCKET: Bucket(REGION, sends_events=True, policy={})}
    assert account.keys[KEY].policy == {"Statement": [ROOT_MAY]}
    assert account.clusters == {"shop": Cluster("ACTIVE", "API", is_public=True)}
    assert (account.event_buses, account.has_security_hub) == ({"security"}, True)
    assert account.deployed == Deployed(
        5,
        "alice",
        ("alert-topic", "digest-topic", "chat-topic", "operator-topic"),
        ("email a@example.com",) * 4,
    )
    assert account.stream_shards == 4
    assert account.unasked == ()


def test_the_policy_allows_the_calls_and_nothing_else() -> None:
    aws = FakeAws()
    asked(aws)
    assert aws.calls == set(ACTIONS)
    (statement,) = json.loads(policy())["Statement"]
    assert statement["Action"] == sorted(set(ACTIONS.values()))
    verbs = {each.split(":")[1] for each in statement["Action"]}
    assert all(each.startswith(("Describe", "Get", "List")) for each in verbs)


@pytest.mark.parametrize("operation", sorted({operation for _, operation in ACTIONS} - {"get_caller_identity"}))
@pytest.mark.parametrize(
    "error", [refused("AccessDenied"), refused("ThrottlingException"), ConnectTimeoutError(endpoint_url="x")]
)
def test_a_call_that_is_refused_is_noted_and_the_others_are_made(operation: str, error: Exception) -> None:
    aws = FakeAws(**{operation: error})
    account = asked(aws)
    service = next(service for service, name in ACTIONS if name == operation)
    if (service, operation) in aws.calls:
        assert [each.action for each in account.unasked] == [ACTIONS[service, operation]]
    assert account.account_id == ACCOUNT


@pytest.mark.parametrize(
    ("operation", "code", "attribute", "value"),
    [
        ("get_parameter", "ParameterNotFound", "bootstrap_version", 0),
        ("get_policy", "NoSuchEntity", "has_boundary", False),
        ("get_role", "NoSuchEntity", "roles", {}),
        ("describe_stack_resources", "ValidationError", "roles", {INVENTORY_ROLE: ""}),
        ("head_bucket", "404", "buckets", {}),
        ("describe_key", "NotFoundException", "keys", {}),
        ("describe_cluster", "ResourceNotFoundException", "clusters", {}),
        ("describe_event_bus", "ResourceNotFoundException", "event_buses", frozenset()),
        ("describe_hub", "InvalidAccessException", "has_security_hub", False),
        ("get_item", "ResourceNotFoundException", "deployed", None),
    ],
)
def test_what_does_not_exist_is_absent_and_not_unasked(operation: str, code: str, attribute: str, value: Any) -> None:
    account = asked(FakeAws(**{operation: refused(code)}))
    assert getattr(account, attribute) == value
    assert account.unasked == ()


@pytest.mark.parametrize(
    ("since", "until", "ends_at"),
    [("1", "604801", 604_801), ("1", "604802", 604_801), ("1", "5.5", 0), ("1", "9" * 30, 604_801), ("x", "", 0)],
)
def test_a_pause_ends_when_the_app_ends_it_whatever_was_written(
    monkeypatch: pytest.MonkeyPatch, since: str, until: str, ends_at: int
) -> None:
    monkeypatch.setitem(ANSWERS, "get_item", {"Item": {"since": {"N": since}, "until": {"N": until}}})
    assert asked(FakeAws()).deployed.paused_until == ends_at


def test_a_bucket_of_another_account_is_recognised() -> None:
    account = asked(FakeAws(get_bucket_policy=refused("MethodNotAllowed")))
    assert account.buckets == {BUCKET: Bucket(REGION, is_own=False)}


def test_without_credentials_there_is_no_picture() -> None:
    with pytest.raises(NotAnsweredError, match="ExpiredToken"):
        asked(FakeAws(get_caller_identity=refused("ExpiredToken")))


def test_after_the_time_for_all_questions_the_rest_is_not_asked() -> None:
    now = [0.0]
    questions = Questions(FakeAws().client, clock=lambda: now[0])
    questions.ask("sts", "get_caller_identity")
    now[0] = MAX_SECONDS + 1
    with pytest.raises(NotAnsweredError, match="no time left"):
        questions.ask("lambda", "get_account_settings")
    assert [each.action for each in questions.unasked.values()] == ["lambda:GetAccountSettings"]
